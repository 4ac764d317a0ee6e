"""The dlt source, over the readers in `extract`."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import dlt
from dlt.extract import DltResource

from sources.customerio.client import Client, RateLimits
from sources.customerio.extract import (
    DestinationRows,
    Options,
    RunContext,
    RunSummary,
    coverage_resource,
    dlt_resource,
    rejected_resource,
)
from sources.customerio.hint_log import install
from sources.customerio.selection import resources_named

# dlt looks for a source's settings under the last name of its module, unless the module says another one.
__source_name__ = "customerio"


@dlt.source(name="customerio", max_table_nesting=0)
def customerio_source(
    resources: Sequence[str] | None = None,
    customerio_app_api_key: str | None = dlt.secrets.value,
    customerio_region: Literal["us", "eu"] = "us",
    customerio_app_url: str | None = None,
    customerio_start: int | None = None,
    customerio_suppression_domains: Sequence[str] = (),
    full: bool = False,
    limits_folder: str | None = None,
    client: Client | None = None,
    options: Options | None = None,
    summary: RunSummary | None = None,
) -> Iterable[DltResource]:
    """Replicate a Customer.io workspace.

    Args:
        resources: names of tables; none means all of `RESOURCES` but the optional ones.
        customerio_app_api_key: an App API key of the workspace; a dlt secret.
        customerio_region: `us` or `eu`.
        customerio_app_url: another host than the region's, such as a sandbox's.
        customerio_start: Unix second of the oldest delivery to read; None is the oldest one there is.
        customerio_suppression_domains: sending domains whose suppressed addresses are read, beside those of
            the senders.
        full: read everything again; still only changes are written.
        limits_folder: where the rate limits that processes share are kept; None keeps them in memory.
        client: a client to use instead of one made from the key.
        options: all options of a run, instead of `customerio_start`,
            `customerio_suppression_domains` and `full`.
        summary: filled with the run's numbers; with it, the other resources continue after one fails.

    Returns:
        A dlt resource per table, merged by key. A run writes new and changed rows, and tombstones
        (`deleted_at`) for rows that a complete reading no longer finds.

    Raises:
        ConfigError: an unknown table, or no key.
        CustomerioError: see `sources.customerio.client`; raised while dlt extracts.
    """
    if client is None:
        client = Client(
            app_api_key=customerio_app_api_key,
            region=customerio_region,
            app_url=customerio_app_url,
            limits=RateLimits(Path(limits_folder) if limits_folder else None),
        )
    options = options or Options(
        start=customerio_start,
        full=full,
        domains=customerio_suppression_domains,
        due_only=not resources,
    )
    return _resources(resources or (), client, options, summary)


@dlt.source(name="customerio", max_table_nesting=0)
def source_with(
    resources: Sequence[str], client: Client, options: Options, summary: RunSummary | None
) -> Iterable[DltResource]:
    """`customerio_source` for callers who have settings of their own.

    No argument has a default: dlt would fill it from an environment variable of that name.
    """
    return _resources(resources, client, options, summary)


def _resources(
    names: Sequence[str], client: Client, options: Options, summary: RunSummary | None
) -> list[DltResource]:
    install()
    destination = DestinationRows()
    run = RunContext(client=client, options=options, summary=summary or RunSummary(), destination=destination)
    tables = resources_named(names)
    read = [dlt_resource(run, destination, row, keep_going=summary is not None) for row in tables]
    has_time = any(row.reader in ("windows", "feed") for row in tables)
    ledger = [coverage_resource(run)] if has_time else []
    return [*read, *ledger, rejected_resource(run)]
