"""The options of a run that the settings give."""

from collections.abc import Collection

from pipelines.export import registered_ids
from pipelines.ingest.bands import bands_of
from pipelines.settings import Settings
from pipelines.warehouse.erasures import erased_people
from sources.customerio.extract import Options


def options_of(
    settings: Settings,
    *,
    run_id: str = "",
    full: bool = False,
    due_only: bool = False,
    accept_deletions: Collection[str] = (),
) -> Options:
    """The options of a sync with these settings; the others are as `Options` has them."""
    return Options(
        start=settings.customerio_start,
        full=full,
        due_only=due_only,
        bands=bands_of(settings),
        exports_elsewhere=registered_ids(settings),
        run_id=run_id,
        domains=settings.customerio_suppression_domains,
        deletion_share=settings.cio_elt_deletion_share,
        accept_deletions=accept_deletions,
        erased=erased_people(settings),
    )
