"""The context of one run: client, clock, threads, and the lists that several readers need."""

import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sources.customerio.catalogue import Operation, Resource, operation, resource
from sources.customerio.catalogue.resource import DAY
from sources.customerio.client import FARTHEST_S, records_of
from sources.customerio.extract.added_fields import AddedFields
from sources.customerio.extract.coverage import Coverage
from sources.customerio.extract.deletion_brake import SHARE, DeletionBrake
from sources.customerio.extract.due import Due, ToldParents
from sources.customerio.extract.erased import NONE_ERASED, Erased
from sources.customerio.extract.failures import Failures
from sources.customerio.extract.privacy import NOTHING_PRIVATE, Privacy
from sources.customerio.extract.ready_tables import ReadyTables, Stopped
from sources.customerio.extract.rejected import (
    MOST,
    AllRejected,
    Rejected,
    check_ids,
    fault_of,
    fitted,
    resource_of,
)
from sources.customerio.extract.rejected import (
    PERSON as RECORD,
)
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_summary import ResourceSummary, RunSummary
from sources.customerio.extract.time_window import Window

if TYPE_CHECKING:
    from sources.customerio.client import Client
    from sources.customerio.extract.destination_rows import DestinationRows

Item = TypeVar("Item")
Result = TypeVar("Result")

# At 10 requests a second and 0.3 to 0.6 s an answer, six are under way at a time; twice that keeps the
# budget used when some are slow.
THREADS = 12
# Parts of one reading that are made before they are taken: twice the threads, so that none waits.
PARTS_AHEAD = 24

# A list that every key may read, of one page.
_CHEAPEST = "ip_addresses"
_FEED = "activities"
_MOST_TOLD = 10_000


def has_passed(watermark: int | None, now: int) -> bool:
    """Checks if there is a watermark that is not in the future, where only a wrong clock can have put it.

    A server's clock is left as much as its answers are.
    """
    return watermark is not None and watermark <= now + FARTHEST_S


@dataclass(frozen=True, kw_only=True)
class Band:
    """An age of deliveries and the interval at which they are read again. In seconds; 0 is every sync."""

    max_age_s: int
    every_s: int


# Metrics arrive late and move no field that a request could filter by: opens count for six months.
# Most of them have an activity that tells of it (`told_deliveries`); ages find the others.
BANDS = (
    Band(max_age_s=DAY, every_s=0),
    Band(max_age_s=7 * DAY, every_s=DAY),
    Band(max_age_s=30 * DAY, every_s=3 * DAY),
    Band(max_age_s=180 * DAY, every_s=30 * DAY),
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a run.

    `start`: Unix second of the oldest delivery wanted; None goes back until twelve empty months in a row.
    `full`: read everything again, as if for the first time; still only changes are written.
    `only`: read this window even if it was read before, and leave the watermark where it is; `backfill` is
    the id of the backfill that it belongs to.
    `domains`: sending domains whose suppressed addresses are wanted, beside those of the senders.
    `exports_elsewhere`: ids of exports that no reader fetches, because the export commands load them.
    `run_id` names the run in the rows of `rejected_records`.
    `overlap_s`: how far behind its watermark the activity feed is read again, for rows that came late;
    `daily_overlap_s`: how far once a day, for events that were sent with an older time.
    `due_only`: leave out parents whose rows cannot have changed, as `changes_with` in `RESOURCES` says.
    `deletion_share`: the largest share of a table's live rows that a reading may delete; more are held back
    unless the table is in `accept_deletions`.
    `erased`: people whose rows are left out, and whose identifiers are replaced in other rows.
    `privacy`: rules that hash or drop data before they are compared and stored.
    `oldest`: by table, the Unix second before which no row is kept.
    """

    start: int | None = None
    full: bool = False
    only: Window | None = None
    backfill: str | None = None
    domains: Collection[str] = ()
    exports_elsewhere: Collection[int] = ()
    run_id: str = ""
    due_only: bool = False
    bands: tuple[Band, ...] = BANDS
    overlap_s: int = 3600
    daily_overlap_s: int = 3 * DAY
    deletion_share: float = SHARE
    accept_deletions: Collection[str] = ()
    erased: Erased = NONE_ERASED
    privacy: Privacy = NOTHING_PRIVATE
    oldest: Mapping[str, int] = field(default_factory=dict)

    def reads_due_only(self, table: str) -> bool:
        """Checks if a reading of that table leaves out parents that are not due."""
        return self.due_only and not self.full and table not in self.accept_deletions

    def brake(self, table: str, state: MutableMapping[str, Any]) -> DeletionBrake:
        """The brake on deletions of a table, with what is kept from run to run."""
        return DeletionBrake(share=self.deletion_share, accepted=table in self.accept_deletions, state=state)


@dataclass(kw_only=True)
class RunContext:
    """The context of one run. Its readers share it, each in a thread of its own.

    `clock` returns Customer.io's time in Unix seconds; left out, it is taken from Customer.io's answers.
    `destination` has the rows of the runs before; left out, none are known.
    `outdated` are tables whose rows this run itself changed after it listed them.
    """

    client: "Client"
    options: Options
    summary: RunSummary
    clock: Callable[[], int] | None = None
    destination: "DestinationRows | None" = None
    ready: ReadyTables = field(init=False)
    coverage: Coverage = field(init=False)
    rejected: Rejected = field(init=False)
    outdated: set[str] = field(init=False)
    told: ToldParents = field(init=False)

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._reset()

    def _reset(self) -> None:
        self.ready = ReadyTables()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="customerio")
        self._shared: dict[tuple[str, int | None], Future[list[Row]]] = {}
        self._relisting: dict[Hashable, threading.Lock] = {}
        self._relisted: dict[Hashable, Collection[Hashable]] = {}
        self._ended: dict[str, threading.Event] = {}
        self.coverage = Coverage()
        self.rejected = Rejected(mask=self._masked)
        self.outdated = set()
        self.told = ToldParents()
        self._told_deliveries: set[str] = set()
        self._added: dict[str, AddedFields] = {}

    def _masked(self, text: str) -> str:
        return self.options.erased.redacted(self.client.without_keys(text))

    def added_fields(self, row: Resource, columns: Iterable[str] = ()) -> AddedFields:
        """The places of the fields that Customer.io adds to a table, which has those columns already."""
        return self._added.setdefault(row.table, AddedFields(row, columns))

    def begin(self, table: str) -> None:
        """Note that this run reads `table`. All tables of a run begin before the first of them is read."""
        if self.ready.stopped.is_set():
            # dlt may be given the same source twice: that is a new run.
            self._reset()
        self._ended[table] = threading.Event()
        self.summary.open(table)

    def end(self, table: str) -> bool:
        """Note that `table` is read; returns True if it was the run's last table."""
        self._ended[table].set()
        return not self.is_reading()

    def is_reading(self) -> bool:
        """Checks if any table of this run is still being read."""
        return not all(ended.is_set() for ended in self._ended.values())

    def wait_for(self, tables: Iterable[str]) -> None:
        """Wait until those of `tables` that this run reads are read, successfully or not."""
        for table in tables:
            ended = self._ended.get(table)
            while ended and not ended.wait(timeout=0.2):
                if self.ready.stopped.is_set():
                    raise Stopped

    def due(
        self,
        resource: Resource,
        state: dict[str, Any],
        parents: Mapping[Any, Row],
        held_in: Resource | None = None,
    ) -> Due:
        """The parents of a table that this run reads, of all that are listed; see `Due`.

        Rows of another table that tell of them are waited for. `held_in` is the table whose rows say which
        parents were read before, where there are too many of them for the state.
        """
        rule = resource.changes_with
        if rule and rule.rows_of:
            self.wait_for([rule.rows_of])
        due_only = self.options.reads_due_only(resource.table)
        known = None if held_in is None else self._alive(held_in, parents) if due_only else ()
        return Due(resource, state, parents, now=self.now(), due_only=due_only, told=self.told, known=known)

    def _alive(self, resource: Resource, keys: Collection[Any]) -> set[Any]:
        """Those of `keys` whose rows are alive in the destination; none where there is no destination."""
        if self.destination is None:
            return set()
        held = self.destination.scope(resource, None).held(keys)
        return {key for key, found in held.items() if found.row_hash is not None}

    def held(self, resource: Resource, keys: Collection[Any]) -> list[Row]:
        """The rows of `keys` that the destination holds; none where there is no destination."""
        return [] if self.destination is None else list(self.destination.rows(resource, keys))

    def tell_of(self, deliveries: Iterable[str]) -> None:
        """Note deliveries that a new activity names; of very many, some."""
        with self._lock:
            room = _MOST_TOLD - len(self._told_deliveries)
            self._told_deliveries.update(islice(deliveries, max(room, 0)))

    def told_deliveries(self) -> set[str]:
        """The ids of deliveries of which this run read new activities, once it has read all of them."""
        self.wait_for([_FEED])
        with self._lock:
            return set(self._told_deliveries)

    def now(self) -> int:
        """Customer.io's clock, in Unix seconds; costs a request if no answer has carried it yet."""
        with self._lock:
            if self.clock is None:
                # Its answer carries the time.
                if _CHEAPEST in self._ended:
                    self.listed(_CHEAPEST, _CHEAPEST)
                else:
                    self.client.call(resource(_CHEAPEST).operation)
                self.clock = self.client.now
        return self.clock()

    def summary_of(self, table: str) -> ResourceSummary:
        """That table's numbers."""
        return self.summary.resources[table]

    def client_for(self, table: str) -> "Client":
        """The client, its requests counted for `table`; its lists hold records that can be rows."""

        def fitting(row: Operation, found: list[Any]) -> list[Any]:
            return self.fitting(row.id, found, table)

        return self.client.watching(self._counter(table), fitting)

    def fitting(self, operation_id: str, found: Iterable[Any], counted_for: str) -> list[Any]:
        """The records of a list that can be rows of its table; the others are set aside.

        Raises:
            AllRejected: too many of them cannot.
            BadAnswer: they contradict each other.
        """
        row = resource_of(operation_id)
        if row is None:
            return list(found)
        fit = []
        for record in found:
            fault = fault_of(operation_id, record)
            if fault is None:
                fit.append(fitted(row, record))
            else:
                self.reject(row, fault, record, counted_for)
        check_ids(row, fit)
        return fit

    def reject(self, row: Resource, reason: str, record: object, counted_for: str) -> None:
        """Set a record of that table aside, and count it.

        Raises:
            AllRejected: that is one too many to be an exception.
        """
        if self.options.erased.names(RECORD, {"record": record}):
            return
        if not self.rejected.add(row, reason, self.options.privacy.record(row, record)):
            return
        summary = self.summary.resources.get(row.table) or self.summary_of(counted_for)
        if summary.reject() > MOST:
            msg = (
                f"More than {MOST:,} records of {row.table} cannot be rows, the last one because {reason}. "
                "Its watermark stays. Customer.io may have changed the list: see rejected_records."
            )
            raise AllRejected(msg)

    def _counter(self, table: str) -> Callable[[Any], None]:
        stopped, summary = self.ready.stopped, self.summary_of(table)

        def count(request: Any) -> None:
            if stopped.is_set():
                raise Stopped
            summary.count(request)

        return count

    def listed(self, table: str, counted_for: str) -> list[Row]:
        """All rows of a listed resource; requested once a run, its requests counted for `counted_for`."""
        return self.shared((table, None), lambda: self.list_anew(resource(table), counted_for))

    def shared(self, key: tuple[str, int | None], read: Callable[[], list[Row]]) -> list[Row]:
        """The result of `read`, called once a run for each key; other threads wait for that call."""
        with self._lock:
            is_first = key not in self._shared
            result = self._shared.setdefault(key, Future())
        if is_first:
            try:
                result.set_result(read())
            except BaseException as error:
                result.set_exception(error)
        return result.result()

    def list_anew(self, row: Resource, counted_for: str) -> list[Row]:
        """All rows of a listed resource, each key once, requested each time."""
        client = self.client_for(counted_for)
        pages = (page for asked in row.asked for page in client.pages(row.operation, query=asked))
        found = records_of(operation(row.operation), pages)
        return list(_once(row, found if row.value is None else [{row.value: record} for record in found]))

    def gone(self, where: Hashable, name: Hashable, read: Callable[[], Collection[Hashable]]) -> bool:
        """Checks that a list that had `name` has it no more.

        `read` reads that list again, unless a reading of this run after the first one already lacks `name`.
        """
        with self._lock:
            lock = self._relisting.setdefault(where, threading.Lock())
        with lock:
            if name in self._relisted.get(where, (name,)):
                self._relisted[where] = read()
            return name not in self._relisted[where]

    def map(self, job: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results of `job` for every item, in the order of their completion.

        An item that fails does not stop the others; once they are done its error is raised.
        """

        def once(item: Item) -> Iterator[Result]:
            yield job(item)

        return self.map_parts(once, items)

    def map_parts(self, job: Callable[[Item], Iterator[Result]], items: Iterable[Item]) -> Iterator[Result]:
        """The parts that `job` makes of every item, as `map`; those of one item are in order.

        Few parts wait for the consumer, so parents without number, or rows without end, fill no memory.
        """
        items = list(items)
        left = ((item, job(item)) for item in items)
        running: dict[Future[Result | _End], tuple[Item, Iterator[Result]]] = {}
        failures = Failures(len(items))
        try:
            while True:
                for item, parts in islice(left, PARTS_AHEAD - len(running)):
                    running[self.submit(_next_part, parts)] = item, parts
                if not running:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    item, parts = running.pop(future)
                    try:
                        part = future.result()
                    except Exception as error:
                        failures.add(item, error)
                        continue
                    if isinstance(part, _End):
                        failures.succeeded += 1
                        continue
                    failures.has_answer = True
                    running[self.submit(_next_part, parts)] = item, parts
                    yield part
        finally:
            for future in running:
                future.cancel()
        failures.check()

    def submit(self, job: Callable[[Item], Result], item: Item) -> Future[Result]:
        """Start `job` for one item in a thread; it raises `Stopped` once the run is over."""
        stopped = self.ready.stopped

        def start() -> Result:
            if stopped.is_set():
                raise Stopped
            return job(item)

        return self._threads.submit(start)

    def close(self) -> None:
        """End all reading; requests under way are not waited for."""
        self.ready.stopped.set()
        # Not cancelled: a thread that waits for a future cancelled here would wait for ever.
        self._threads.shutdown(wait=False)


class _End:
    """Stands behind the last part of an item."""


def _next_part(parts: Iterator[Result]) -> Result | _End:
    return next(parts, _End())


def _once(row: Resource, found: Iterable[Row]) -> Iterator[Row]:
    """The first row of each key; a parent that is listed twice would have its children read twice."""
    seen: set[tuple[object, ...]] = set()
    for record in found:
        key = tuple(str(record.get(name)) for name in row.key)
        if str(None) in key or key not in seen:
            seen.add(key)
            yield record
