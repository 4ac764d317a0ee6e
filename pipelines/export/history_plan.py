"""The plan of a history: the exports that bring the deliveries of a time, without those seen to be empty.

    parents x years ─ created later than that year ──────────────> no request
                    ├ loaded, or counted, within the last day ───> as noted
                    ├ the warehouse knows deliveries of it ──────> export
                    └ else Customer.io counts: none ─────────────> seen to be empty
                                               some, or not told > export

A count costs one request for all years of a parent, an export two and a place among those under way. So only
a parent of which the warehouse knows no deliveries is counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pipelines.connect import client as connected
from pipelines.errors import ConfigError
from pipelines.export.history_counts import Counts, counts
from pipelines.export.history_parents import KINDS, Parent, known_parents, with_deliveries
from pipelines.export.registry import has_registry, open_registry
from pipelines.export.requests import DeliveriesRequest, to_json
from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.warehouse.queries import Query, querying, tables
from pipelines.warehouse.runs import now_there
from pipelines.workspace import check_workspace
from sources.customerio.client import Client
from sources.customerio.extract import Window, sliced

_YEAR_S = 365 * DAY
# Concurrent requests: enough for 10 a second at 0.6 s each.
_THREADS = 6


@dataclass(frozen=True, kw_only=True)
class HistoryPlan:
    """The exports of a history.

    Attributes:
        requests: The exports to load, each of one parent and a year at most.
        empty: Requests that are left out, because Customer.io counted no delivery for them.
        done: The number of requests whose exports were loaded within the last day.
        counted: By the JSON of a request that was counted for this plan, if it is empty.
        asked: The number of requests that counting took.
        at: The time of the plan, by Customer.io's clock (Unix s).
    """

    requests: tuple[DeliveriesRequest, ...]
    empty: tuple[DeliveriesRequest, ...] = ()
    done: int = 0
    counted: dict[str, bool] = field(default_factory=dict)
    asked: int = 0
    at: int = 0


def prepare_history(settings: Settings, start: int, end: int | None = None) -> HistoryPlan:
    """The plan of a history that begins now, or goes on; what was counted is noted for a day.

    Raises:
        ConfigError: see `plan_history`; or the key is not accepted, or of another workspace.
        CustomerioError: Customer.io cannot be reached.
    """
    check_workspace(settings)
    with connected(settings) as client:
        plan = plan_history(settings, client, start, end)
    with open_registry(settings) as registry:
        registry.set_counted(plan.counted, plan.at)
    return plan


def plan_history(settings: Settings, client: Client, start: int, end: int | None = None) -> HistoryPlan:
    """The exports that bring every known parent's deliveries from `start` until before `end`; notes nothing.

    Args:
        settings: which warehouse; its campaigns, broadcasts, newsletters, transactional messages and
            deliveries name the parents.
        client: counts the deliveries of parents of which the warehouse knows none.
        start: Unix second, included.
        end: Unix second, excluded; None, or a later one, is the end of today (UTC), so that all requests of
            one day are equal.

    Raises:
        ConfigError: there is no such time, or no parent is known yet.
        CustomerioError: Customer.io cannot be reached.
    """
    with querying(settings) as query:
        now = now_there(query)
        if start >= min(end or now, now):
            msg = "The time to export ends before it begins, or lies in the future; give an earlier start."
            raise ConfigError(msg)
        tonight = (now // DAY + 1) * DAY
        whole = Window(start=start, end=min(end or tonight, tonight) - 1)
        there = tables(query)
        parents = known_parents(query, there)
        if not parents:
            msg = "No campaign or newsletter is in the warehouse yet. Run `cio-elt sync`, then this again."
            raise ConfigError(msg)
        cells = list(_cells(query, there, parents, sliced(whole, _YEAR_S)))
    loaded, noted = _noted(settings, now - DAY)
    return _decided(client, cells, whole, loaded, noted, now)


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """One parent in one year; `full` if the warehouse knows deliveries of it."""

    parent: Parent
    year: Window
    full: bool


def _cells(
    query: Query, there: set[str], parents: Iterable[Parent], years: Sequence[Window]
) -> Iterator[_Cell]:
    full = {
        (kind.sender, number, year.start)
        for kind in KINDS
        for year in years
        for number in with_deliveries(query, there, kind.sender, year)
    }
    for parent in parents:
        for year in years:
            if parent.created <= year.end:
                known = (parent.kind.sender, parent.id, year.start) in full
                yield _Cell(parent=parent, year=year, full=known)


def _noted(settings: Settings, since: int) -> tuple[set[str], dict[str, bool]]:
    """The requests that were loaded since then, and those that were counted, as JSON."""
    if not has_registry(settings):
        return set(), {}
    with open_registry(settings) as registry:
        loaded = {
            to_json(each.request) for each in registry.loaded("deliveries") if (each.created_at or 0) >= since
        }
        return loaded, registry.counted(since)


def _decided(
    client: Client,
    cells: Sequence[_Cell],
    whole: Window,
    loaded: set[str],
    noted: dict[str, bool],
    now: int,
) -> HistoryPlan:
    wanted = {
        to_json(request): (cell, request) for cell in cells for request in cell.parent.requests(cell.year)
    }
    done = loaded & wanted.keys()
    known = done | noted.keys()
    unknown = {body: cell for body, (cell, _) in wanted.items() if not cell.full and body not in known}
    parents = list(dict.fromkeys(cell.parent for cell in unknown.values()))
    found = _counted(client, parents, whole, now)
    counted = {body: found[cell.parent].is_empty(cell.year) for body, cell in unknown.items()}
    empty = {
        body
        for body, is_empty in {**noted, **counted}.items()
        if is_empty and body in wanted and not wanted[body][0].full
    }
    return HistoryPlan(
        requests=tuple(request for body, (_, request) in wanted.items() if body not in done | empty),
        empty=tuple(request for body, (_, request) in wanted.items() if body in empty - done),
        done=len(done),
        counted=counted,
        asked=len(parents),
        at=now,
    )


def _counted(client: Client, parents: Sequence[Parent], whole: Window, now: int) -> dict[Parent, Counts]:
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="counts") as pool:
        found = pool.map(lambda parent: counts(client, parent, whole, now), parents)
        return dict(zip(parents, found, strict=True))
