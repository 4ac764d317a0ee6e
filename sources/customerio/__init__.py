"""Customer.io as a dlt source: every table of `RESOURCES`, incrementally.

Use it as any other: `dlt.pipeline("customerio", destination="duckdb").run(customerio_source())`.
"""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import dlt
from dlt.extract import DltResource

from sources.customerio.catalogue import OPERATIONS, RESOURCES, Resource
from sources.customerio.client import Client, ConfigError, RateLimits
from sources.customerio.extract import Known, Options, Reading, Report, dlt_resource, ledger

__all__ = ["OPERATIONS", "RESOURCES", "customerio_source", "resources_named", "source_with"]


def resources_named(names: Iterable[str]) -> tuple[Resource, ...]:
    """The resources that fill the tables of those names, in the catalogue's order; all of them for no name.

    Raises:
        ConfigError: a name is no table's; the message offers the nearest ones.
    """
    chosen = set(names)
    tables = [row.table for row in RESOURCES]
    for name in sorted(chosen.difference(tables)):
        near = difflib.get_close_matches(name, tables, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(tables)}."
        msg = f"There is no resource called {name!r}. {hint}"
        raise ConfigError(msg)
    return tuple(row for row in RESOURCES if not chosen or row.table in chosen)


@dlt.source(name="customerio", max_table_nesting=0)
def customerio_source(
    resources: Sequence[str] | None = None,
    customerio_app_api_key: str | None = dlt.secrets.value,
    customerio_region: Literal["us", "eu"] = "us",
    customerio_app_url: str | None = None,
    customerio_start: int | None = None,
    full: bool = False,
    limits_folder: str | None = None,
    client: Client | None = None,
    options: Options | None = None,
    report: Report | None = None,
) -> Iterable[DltResource]:
    """Replicate a Customer.io workspace.

    Args:
        resources: names of tables; none means all of `RESOURCES`.
        customerio_app_api_key: an App API key of the workspace; a dlt secret.
        customerio_region: `us` or `eu`.
        customerio_app_url: another host than the region's, such as a sandbox's.
        customerio_start: Unix second of the oldest delivery wanted; None goes back as far as there are any.
        full: read everything again; still only changes are written.
        limits_folder: where the rate limits that processes share are kept; None keeps them in memory.
        client: a client to use instead of one made from the key.
        options: everything that can be asked of a run, instead of `customerio_start` and `full`.
        report: filled with the run's numbers; with it, a resource that fails does not end the others.

    Returns:
        A dlt resource per table, merged by key. A run writes new and changed rows, and tombstones
        (`deleted_at`) for rows that a complete reading no longer found.

    Raises:
        ConfigError: a name is no table's, or there is no key.
        CustomerioError: see `sources.customerio.client`; raised while dlt extracts.
    """
    if client is None:
        client = Client(
            app_api_key=customerio_app_api_key,
            region=customerio_region,
            app_url=customerio_app_url,
            limits=RateLimits(Path(limits_folder) if limits_folder else None),
        )
    return _resources(resources or (), client, options or Options(start=customerio_start, full=full), report)


@dlt.source(name="customerio", max_table_nesting=0)
def source_with(
    resources: Sequence[str], client: Client, options: Options, report: Report | None
) -> Iterable[DltResource]:
    """`customerio_source` for callers who have settings of their own.

    No argument has a default: dlt would fill it from whatever variable has its name.
    """
    return _resources(resources, client, options, report)


def _resources(
    names: Sequence[str], client: Client, options: Options, report: Report | None
) -> list[DltResource]:
    reading = Reading(client=client, options=options, report=report or Report())
    known = Known()
    tables = resources_named(names)
    read = [dlt_resource(reading, known, row, keep_going=report is not None) for row in tables]
    has_time = any(row.reader in ("windows", "feed") for row in tables)
    return [*read, ledger(reading)] if has_time else read
