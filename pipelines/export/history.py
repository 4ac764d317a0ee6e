"""The history of deliveries by exports: one for each parent and year, a handful of requests each.

    parents in the warehouse x years -> create some ahead -> wait -> collect, one after the other

It does not count as coverage: a delivery whose parent was deleted has no export. A history that was stopped
is resumed by the next run: an export that was loaded within the last day is not created again.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import orjson

from pipelines.errors import ConfigError
from pipelines.export.collect import ExportResult, collect
from pipelines.export.create import create
from pipelines.export.poll import wait
from pipelines.export.registry import open_registry, registered_ids
from pipelines.export.requests import DeliveriesRequest
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query, querying, tables
from pipelines.warehouse.runs import now_there
from sources.customerio.extract import Window, sliced

AHEAD = 5
"""Number of exports that Customer.io makes at the same time."""

_YEAR_S = 365 * DAY

# Each kind of parent: parameter, table, column of the ids. Broadcasts are no parent, their actions are.
_PARENTS = (
    ("campaign_id", "campaigns", "id"),
    ("newsletter_id", "newsletters", "id"),
    ("transactional_message_id", "messages", "transactional_message_id"),
    ("action_id", "broadcasts", "actions"),
)


def history_requests(settings: Settings, start: int, end: int | None = None) -> list[DeliveriesRequest]:
    """The requests that bring every known parent's deliveries from `start` until before `end`.

    Args:
        settings: which warehouse; its campaigns, broadcasts, newsletters and deliveries name the parents.
        start: Unix second, included.
        end: Unix second, excluded; None, or a later one, is the end of today (UTC), so that all requests of
            one day are equal.

    Raises:
        ConfigError: there is no such time, or no parent is known yet.
    """
    with querying(settings) as query:
        now = now_there(query)
        if start >= min(end or now, now):
            msg = "The time to export ends before it begins, or lies in the future; give an earlier start."
            raise ConfigError(msg)
        parents = sorted(_parents(query))
    if not parents:
        msg = "No campaign or newsletter is in the warehouse yet. Run `cio-elt sync`, then this again."
        raise ConfigError(msg)
    tonight = (now // DAY + 1) * DAY
    years = sliced(Window(start=start, end=min(end or tonight, tonight) - 1), _YEAR_S)
    requests = [
        DeliveriesRequest(**{name: number}, start=year.start, end=year.end)  # type: ignore[arg-type]
        for name, number in parents
        for year in years
    ]
    recent = _loaded_since(settings, now - DAY)
    return [each for each in requests if each not in recent]


def history(
    settings: Settings,
    requests: Sequence[DeliveriesRequest],
    *,
    deadline_s: float = 6 * 3600.0,
    wait_s: float = 3600.0,
    notify: Notify = silent,
) -> Iterator[ExportResult]:
    """Load the requests' exports, one after the other; each is published once it is loaded.

    Raises:
        CustomerioError: as `create`, `wait` and `collect`; the exports before it stay loaded.
    """
    rest = iter(requests)
    while ahead := [create(settings, each, notify=notify) for each in islice(rest, AHEAD)]:
        for created in ahead:
            ready = wait(settings, created, deadline_s=deadline_s, notify=notify)
            yield collect(settings, ready, wait_s=wait_s, notify=notify)


def _parents(query: Query) -> set[tuple[str, int]]:
    """Every known parent: the name of its parameter, and its id."""
    there = tables(query)
    return {
        (name, number)
        for name, table, column in _PARENTS
        if table in there
        for (cell,) in query(f"SELECT DISTINCT {column} FROM {DATASET}.{table} WHERE {column} IS NOT NULL")
        for number in _ids(cell)
    }


def _ids(cell: object) -> Iterator[int]:
    """The ids in a cell: one id, or those of a JSON list of objects."""
    if isinstance(cell, str):
        yield from (int(item["id"]) for item in orjson.loads(cell) or ())
    elif cell:
        yield int(str(cell))


def _loaded_since(settings: Settings, moment: int) -> list[DeliveriesRequest]:
    if not registered_ids(settings):
        return []
    with open_registry(settings) as registry:
        loaded = registry.loaded("deliveries")
    return [
        each.request
        for each in loaded
        if (each.created_at or 0) >= moment and isinstance(each.request, DeliveriesRequest)
    ]
