"""The coverage ledger: which time of a table was read completely, told beside the rows themselves.

    reader -> prove(window) -> rows of `coverage`, in the load package of the rows that were read

So the ledger never claims a second whose rows are in no package. Packages load table by table; a row of the
ledger counts once dlt's own table of loads says that its package is through (`_dlt_loads.status` 0).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from sources.customerio.extract.time_window import Window, union

if TYPE_CHECKING:
    from dlt.common.schema.typing import TTableSchemaColumns
    from dlt.extract import DltResource

    from sources.customerio.extract.run_context import Reading

TABLE = "coverage"

# Times are Unix seconds of Customer.io's clock; both ends are included.
_COLUMNS: "TTableSchemaColumns" = {
    "resource": {"data_type": "text", "nullable": False},
    "start_at": {"data_type": "bigint", "nullable": False},
    "end_at": {"data_type": "bigint", "nullable": False},
    "read_at": {"data_type": "bigint", "nullable": False},
    # Which backfill read it; null is a sync.
    "backfill": {"data_type": "text"},
}


@dataclass
class Coverage:
    """What one run has proven so far. Readers prove a window once its rows are handed over, not before."""

    proven: dict[str, list[Window]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def prove(self, table: str, window: Window, began: int) -> None:
        """All rows of `table` whose cursor lies in `window` were read by a reading that began then.

        The second in which it began is not proven: more may have happened in it after the request.
        """
        seen = Window(start=window.start, end=min(window.end, began - 1))
        if seen.start <= seen.end:
            with self._lock:
                self.proven[table] = union([*self.proven.get(table, ()), seen])


def ledger(reading: "Reading") -> "DltResource":
    """The dlt resource of the ledger; its rows come once all others of the run are read."""
    import dlt

    def extract() -> Iterator[Any]:
        # dlt takes up each resource once before it comes back to the first: all have entered by then.
        yield []
        while reading.is_reading():
            yield []
        if reading.coverage.proven:
            yield list(_rows(reading))

    return dlt.resource(
        extract,
        name=TABLE,
        primary_key=("resource", "start_at", "end_at", "read_at"),
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        columns=_COLUMNS,
    )


def _rows(reading: "Reading") -> Iterator[dict[str, Any]]:
    now = reading.now()
    for table, windows in reading.coverage.proven.items():
        for window in windows:
            yield {
                "resource": table,
                "start_at": window.start,
                "end_at": window.end,
                "read_at": now,
                "backfill": reading.options.backfill,
            }
