"""The status of the tables by group: the sums of each part of Customer.io that the tables are about."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.ingest.status import TableStatus
from sources.customerio.catalogue import GROUPS


@dataclass(frozen=True, kw_only=True)
class GroupStatus:
    """The status of the tables of one group that a sync has filled.

    `rows` and `deleted` are sums. `lag_s` is that of the table that is furthest behind, None if one was
    never read to its end. `newest` is the newest time of a row (Unix s), None if no table has times.
    """

    name: str
    tables: tuple[TableStatus, ...]
    rows: int
    deleted: int
    lag_s: int | None
    newest: int | None


def by_group(tables: Sequence[TableStatus]) -> list[GroupStatus]:
    """The groups that have one of the tables, in the order of a sync."""
    by_name = {row.table: row for row in tables}
    groups = (
        (name, tuple(by_name[row.table] for row in resources if row.table in by_name))
        for name, resources in GROUPS.items()
    )
    return [_group(name, rows) for name, rows in groups if rows]


def _group(name: str, rows: tuple[TableStatus, ...]) -> GroupStatus:
    lags = [row.lag_s for row in rows if row.lag_s is not None]
    return GroupStatus(
        name=name,
        tables=rows,
        rows=sum(row.rows for row in rows),
        deleted=sum(row.deleted for row in rows),
        lag_s=max(lags) if len(lags) == len(rows) else None,
        newest=max((row.newest for row in rows if row.newest is not None), default=None),
    )
