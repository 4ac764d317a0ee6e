"""The options of a run that the settings give."""

import time
from collections.abc import Collection

from pipelines.export import registered_ids
from pipelines.ingest.bands import bands_of
from pipelines.privacy import privacy_of
from pipelines.privacy.retention import oldest
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
    ahead_s: int = 0,
) -> Options:
    """The options of a sync with these settings; the others are as `Options` has them.

    Customer.io's clock is `ahead_s` seconds ahead of this machine's.
    """
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
        privacy=privacy_of(settings),
        oldest=oldest(settings, int(time.time()) + ahead_s),
    )
