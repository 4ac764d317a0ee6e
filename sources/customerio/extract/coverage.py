"""The coverage ledger: the time of each table that was read completely, written beside the rows themselves.

    reader -> Coverage.add(window) -> rows of `coverage`, in the load package of the rows that were read

So the ledger never claims a second whose rows are in no package. Packages load table by table; a row of the
ledger counts once dlt's own table of loads says that its package is loaded (`_dlt_loads.status` 0).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from sources.customerio.extract.time_window import Window, union

if TYPE_CHECKING:
    from dlt.common.schema.typing import TTableSchemaColumns

TABLE = "coverage"
KEY: tuple[str, ...] = ("resource", "start_at", "end_at", "read_at")

# Times are Unix seconds of Customer.io's clock; both ends are included.
COLUMNS: "TTableSchemaColumns" = {
    "resource": {"data_type": "text", "nullable": False},
    "start_at": {"data_type": "bigint", "nullable": False},
    "end_at": {"data_type": "bigint", "nullable": False},
    "read_at": {"data_type": "bigint", "nullable": False},
    # The backfill that read it; null is a sync.
    "backfill": {"data_type": "text"},
    # dlt's column, by which a row counts once its package is loaded; an empty ledger has it too.
    "_dlt_load_id": {"data_type": "text", "nullable": False},
}


@dataclass
class Coverage:
    """The windows that one run has read completely, by table.

    A reader adds a window after its rows are handed over, not before.
    """

    windows: dict[str, list[Window]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, table: str, window: Window, began: int) -> None:
        """All rows of `table` whose cursor lies in `window` were read by a reading that began at `began`.

        The second `began` itself is left out: more may have happened in it after the request.
        """
        seen = Window(start=window.start, end=min(window.end, began - 1))
        if seen.start <= seen.end:
            with self._lock:
                self.windows[table] = union([*self.windows.get(table, ()), seen])

    def rows(self, read_at: int, backfill: str | None) -> Iterator[dict[str, Any]]:
        """A row of the ledger per window; `read_at` is in Unix seconds."""
        for table, windows in self.windows.items():
            for window in windows:
                yield {
                    "resource": table,
                    "start_at": window.start,
                    "end_at": window.end,
                    "read_at": read_at,
                    "backfill": backfill,
                }
