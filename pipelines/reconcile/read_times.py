"""When the warehouse last looked: for deliveries second by second, from the ledger; for lists, per run."""

from dataclasses import dataclass

from pipelines.times import HOUR
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from pipelines.warehouse.runs import TABLE as RUNS
from sources.customerio.extract import COVERAGE


@dataclass(frozen=True)
class Reading:
    """Deliveries made from `start` to `end` (Unix seconds, both included) were read; it began at `began`."""

    start: int
    end: int
    began: int


@dataclass(frozen=True)
class Readings:
    """The readings of deliveries, the last one first."""

    readings: tuple[Reading, ...]

    def began(self, created: int) -> int | None:
        """When the last reading of deliveries made in that second began; None if none was read."""
        return next((r.began for r in self.readings if r.start <= created <= r.end), None)


def readings(query: Query, since: int) -> Readings:
    """The readings of deliveries made since then, of packages that are loaded as a whole."""
    rows = query(
        f"SELECT start_at, end_at, read_at FROM {DATASET}.{COVERAGE} "
        f"WHERE resource = 'messages' AND end_at >= {since} "
        f"AND _dlt_load_id IN (SELECT load_id FROM {DATASET}._dlt_loads WHERE status = 0)"
    )
    last: dict[int, int] = {}
    for _, end, read_at in rows:
        last[read_at] = max(end, last.get(read_at, 0))
    found = [Reading(int(start), int(end), _began(int(last[at]), int(at))) for start, end, at in rows]
    return Readings(tuple(sorted(found, key=lambda reading: -reading.began)))


def _began(newest: int, ended: int) -> int:
    """The ledger notes a reading's end; what it proves ends with the beginning, unless it was of the past."""
    return newest + 1 if ended - newest <= HOUR else ended


def last_read(query: Query, present: set[str]) -> dict[str, int]:
    """When each table was last read to its end, by Customer.io's clock."""
    if RUNS not in present:
        return {}
    rows = query(
        f"SELECT resource, max(finished_at) FROM {DATASET}.{RUNS} "
        "WHERE error IS NULL AND backfill IS NULL GROUP BY 1"
    )
    return {str(table): int(at) for table, at in rows}
