"""The times of the last reads: of deliveries from the coverage ledger, of other tables from the runs."""

from dataclasses import dataclass

from pipelines.times import HOUR
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from pipelines.warehouse.runs import TABLE as RUNS
from sources.customerio.extract import COVERAGE


@dataclass(frozen=True)
class ReadRange:
    """A read, begun at `began`, of deliveries created from `start` to `end`; Unix seconds, both included."""

    start: int
    end: int
    began: int


@dataclass(frozen=True)
class ReadTimes:
    """The reads of deliveries, the last one first."""

    ranges: tuple[ReadRange, ...]

    def began(self, created: int) -> int | None:
        """The begin of the last read of deliveries created in that second; None if there was none."""
        return next((r.began for r in self.ranges if r.start <= created <= r.end), None)


def delivery_reads(query: Query, since: int) -> ReadTimes:
    """The reads of deliveries created since then, of completely loaded packages."""
    rows = query(
        f"SELECT start_at, end_at, read_at FROM {DATASET}.{COVERAGE} "
        f"WHERE resource = 'messages' AND end_at >= {since} "
        f"AND _dlt_load_id IN (SELECT load_id FROM {DATASET}._dlt_loads WHERE status = 0)"
    )
    last: dict[int, int] = {}
    for _, end, read_at in rows:
        last[read_at] = max(end, last.get(read_at, 0))
    found = [ReadRange(int(start), int(end), _began(int(last[at]), int(at))) for start, end, at in rows]
    return ReadTimes(tuple(sorted(found, key=lambda one: -one.began)))


def _began(newest: int, ended: int) -> int:
    """The begin of a read: the ledger has its end, and the newest second that it covers.

    A read of past time alone covers nothing of its own duration, so its end is returned.
    """
    return newest + 1 if ended - newest <= HOUR else ended


def last_read(query: Query, present: set[str]) -> dict[str, int]:
    """The time of each table's last complete read, by Customer.io's clock."""
    if RUNS not in present:
        return {}
    rows = query(
        f"SELECT resource, max(finished_at) FROM {DATASET}.{RUNS} "
        "WHERE error IS NULL AND backfill IS NULL GROUP BY 1"
    )
    return {str(table): int(at) for table, at in rows}
