"""What the readers of one run share: the client, the clock, the threads, and the lists that several need."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.client import Client, NotFound
from sources.customerio.extract.coverage import Coverage
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_summary import ResourceSummary, RunSummary
from sources.customerio.extract.time_window import Window
from sources.customerio.extract.worker_stream import Arrivals, Stopped

Item = TypeVar("Item")
Result = TypeVar("Result")

# At 10 requests a second and 0.3 to 0.6 s an answer, six are under way at a time; twice that keeps the
# budget used when some are slow.
THREADS = 12

DAY = 86_400
# What costs one request and no key.
_ANYTHING = "ip_addresses"


@dataclass(frozen=True, kw_only=True)
class Band:
    """How often deliveries up to an age are read again. Both in seconds; 0 is every sync."""

    max_age_s: int
    every_s: int


# Metrics arrive late and move no field that could be asked for: opens count for six months.
BANDS = (
    Band(max_age_s=7 * DAY, every_s=0),
    Band(max_age_s=30 * DAY, every_s=DAY),
    Band(max_age_s=180 * DAY, every_s=7 * DAY),
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a run is asked to do.

    `start`: Unix second of the oldest delivery wanted; None goes back until twelve empty months in a row.
    `full`: read everything again, as if for the first time; still only changes are written.
    `only`: read this time, whatever was read before, and leave the watermark where it is; `backfill` names
    the backfill that wants it.
    `domains`: sending domains whose suppressed addresses are wanted, beside those of the senders.
    `exports_elsewhere`: ids of exports whose rows come another way, so that no reader fetches them.
    `overlap_s`: how far behind its watermark the activity feed is read again, for rows that came late;
    `daily_overlap_s`: how far once a day, for events that were sent with an older time.
    """

    start: int | None = None
    full: bool = False
    only: Window | None = None
    backfill: str | None = None
    domains: Collection[str] = ()
    exports_elsewhere: Collection[int] = ()
    bands: tuple[Band, ...] = BANDS
    overlap_s: int = 3600
    daily_overlap_s: int = 3 * DAY


@dataclass(kw_only=True)
class Reading:
    """One run's surroundings, shared by its readers, each of which runs in a thread of its own.

    `clock` tells the time there in Unix seconds; left out, Customer.io itself is asked.
    `outdated` are tables whose rows this very reading changed since it listed them.
    """

    client: Client
    options: Options
    report: RunSummary
    clock: Callable[[], int] | None = None
    arrivals: Arrivals = field(init=False)
    coverage: Coverage = field(init=False)
    outdated: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._begin()

    def _begin(self) -> None:
        self.arrivals = Arrivals()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="customerio")
        self._lists: dict[tuple[str, int | None], Future[list[Row]]] = {}
        self._ended: dict[str, threading.Event] = {}
        self.coverage = Coverage()
        self.outdated = set()

    def enter(self, table: str) -> None:
        """This run reads `table`. All of a run's tables enter before the first of them is read."""
        if self.arrivals.stopped.is_set():
            # dlt may be given the same source twice: that is a new run.
            self._begin()
        self._ended[table] = threading.Event()
        self.report.open(table)

    def leave(self, table: str) -> bool:
        """The reading of `table` is over; whether it was the run's last."""
        self._ended[table].set()
        return not self.is_reading()

    def is_reading(self) -> bool:
        """Whether any table of this run is still to be read to its end."""
        return not all(ended.is_set() for ended in self._ended.values())

    def wait_for(self, tables: Iterable[str]) -> None:
        """Wait until those of `tables` that this run reads are read, successfully or not."""
        for table in tables:
            ended = self._ended.get(table)
            while ended and not ended.wait(timeout=0.2):
                if self.arrivals.stopped.is_set():
                    raise Stopped

    def now(self) -> int:
        """Customer.io's clock, in Unix seconds; asked for, if it has not answered anything yet."""
        with self._lock:
            if self.clock is None:
                # Whatever it answers, it says what time it is.
                if _ANYTHING in self._ended:
                    self.list_of(_ANYTHING, _ANYTHING)
                else:
                    self.client.call(resource(_ANYTHING).operation)
                self.clock = self.client.now
        return self.clock()

    def tally(self, table: str) -> ResourceSummary:
        """That table's numbers."""
        return self.report.tallies[table]

    def watched(self, table: str) -> Client:
        """The client, its requests counted for `table`."""
        return self.client.watching(self._counting(table))

    def _counting(self, table: str) -> Callable[[Any], None]:
        stopped, tally = self.arrivals.stopped, self.tally(table)

        def count(request: Any) -> None:
            if stopped.is_set():
                raise Stopped
            tally.count(request)

        return count

    def list_of(self, table: str, counted_for: str) -> list[Row]:
        """All rows of a listed resource; asked once a run, whoever needs it first."""
        return self.once((table, None), lambda: self._listed(resource(table), counted_for))

    def below(self, table: str, parent: int, counted_for: str) -> list[Row]:
        """All rows that a resource has below one parent, none if that has vanished; asked once a run too."""
        row = resource(table)
        client, column = self.watched(counted_for), operation(row.operation).path_parameters[0].name
        return self.once((table, parent), lambda: records(client, row.operation, {column: parent}))

    def once(self, what: tuple[str, int | None], read: Callable[[], list[Row]]) -> list[Row]:
        """What `read` gives, called by the first who asks; the others wait for it."""
        with self._lock:
            mine = what not in self._lists
            listed = self._lists.setdefault(what, Future())
        if mine:
            try:
                listed.set_result(read())
            except BaseException as error:
                listed.set_exception(error)
        return listed.result()

    def _listed(self, row: Resource, counted_for: str) -> list[Row]:
        client = self.watched(counted_for)
        pages = (page for asked in row.asked for page in client.pages(row.operation, query=asked))
        listed = [record for page in pages for record in page.records]
        return listed if row.value is None else [{row.value: record} for record in listed]

    def each(self, job: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results of `job` for every item, as they come, from threads; the first failure ends it."""
        futures = [self.submit(job, item) for item in items]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def submit(self, job: Callable[[Item], Result], item: Item) -> Future[Result]:
        """Start `job` for one item; once the run is over, none is started any more."""
        stopped = self.arrivals.stopped

        def start() -> Result:
            if stopped.is_set():
                raise Stopped
            return job(item)

        return self._threads.submit(start)

    def close(self) -> None:
        """End all reading; requests under way are not waited for."""
        self.arrivals.stopped.set()
        # Not cancelled: whoever waits for a future that is cancelled here would wait for ever.
        self._threads.shutdown(wait=False)


def records(
    client: Client, operation_id: str, path: Mapping[str, object], query: Mapping[str, object] | None = None
) -> list[Row]:
    """All rows below one parent; none where the parent has vanished since it was listed."""
    try:
        return [
            record for page in client.pages(operation_id, path=path, query=query) for record in page.records
        ]
    except NotFound:
        return []
