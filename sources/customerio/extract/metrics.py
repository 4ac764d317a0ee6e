"""The reader of metrics: the series of campaigns, newsletters and so on, as rows by period.

Series carry no dates: a position in them is a period. Version 2 takes their start as a parameter. Version 1
counts back from the moment of the answer, so a series that is read while a day ends is read again. A row
whose number is 0 now is deleted; days that version 1 no longer returns stay as they were last returned.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sources.customerio.catalogue import Operation, Resource, operation
from sources.customerio.catalogue import resource as catalogued
from sources.customerio.catalogue.periods import (
    EASTERN,
    HORIZON_S,
    MOST_STEPS,
    UTC,
    VERSION_2,
    Period,
    between,
    latest,
)
from sources.customerio.client import Client, NotFound, field_of, list_of, unexpected
from sources.customerio.extract.batch import Batch, Scope, unlisted
from sources.customerio.extract.parents import check_gone, children_of
from sources.customerio.extract.rows import Row, is_count
from sources.customerio.extract.run_context import RunContext

_EVER = 2**62
_COUNTED_BACK: tuple[Period, ...] = ("months", "days")

Path = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Window:
    """Some periods of one length, and the query for them. `starts` are their first seconds, oldest first."""

    period: Period
    starts: Sequence[int]
    query: Mapping[str, object]


def metrics(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read all series of every parent that is due; a parent that is no longer listed has none."""
    reader = _Reader(run, resource)
    tops = {int(row["id"]): row for row in run.listed(reader.top, resource.table)}
    due = run.due(resource, state, tops)

    def whole(top: int) -> list[Batch]:
        return reader.read(tops[top])

    def part(ids: Sequence[int]) -> list[Batch]:
        return reader.read_part(tops[ids[0]], ids)

    for batches in chain(run.map(whole, due.whole), run.map(part, due.parts)):
        yield from batches
    due.finish()
    yield from unlisted(reader.column, tops)


class _Reader:
    """Reads one table of metrics, top by top: a campaign with its actions, a newsletter with its contents."""

    def __init__(self, run: RunContext, resource: Resource) -> None:
        self._run = run
        self._table = resource.table
        self._call = operation(resource.operation)
        self._has_unique = any(parameter.name == "unique" for parameter in self._call.query)
        self._client: Client = run.client_for(resource.table)
        self._summary = run.summary_of(resource.table)
        self._parent = parent = catalogued(str(resource.parent))
        self.top = parent.parent or parent.table
        self._parts = parent.table if parent.parent else None
        self.column, *self._below = (parameter.name for parameter in self._call.path_parameters)

    def read(self, top: Row) -> list[Batch]:
        """All periods of one top and of its parts, as of one day."""
        return self._read(top, {self.column: int(top["id"])}, self._paths(int(top["id"])))

    def read_part(self, top: Row, ids: Sequence[int]) -> list[Batch]:
        """All periods of one part of a top, as of one day."""
        path = dict(zip((self.column, *self._below), ids, strict=True))
        return self._read(top, path, [path])

    def _read(self, top: Row, of: Path, paths: Sequence[Path]) -> list[Batch]:
        """All periods of `paths`, which are all that have the ids `of`."""
        while True:
            now = self._run.now()
            windows = _windows(self._call, int(top.get("created") or 0), now)
            found = [rows for path in paths for rows in self._found(path, windows)]
            if latest("days", 1, now) == latest("days", 1, self._run.now()):
                return [self._batch(of, window, found) for window in windows]

    def _paths(self, top_id: int) -> list[Path]:
        if self._parts is None:
            return [{self.column: top_id}]
        parts = children_of(self._run, self._parts, top_id, self._table)
        return [{self.column: top_id, self._below[0]: int(part["id"])} for part in parts]

    def _batch(self, of: Path, window: Window, found: Iterable[Row]) -> Batch:
        where = (*of.items(), ("period", window.period))
        return Batch(
            rows=[row for row in found if row["period"] == window.period],
            scope=Scope(column="start_at", low=window.starts[0], high=_EVER, where=where),
            last=True,
        )

    def _found(self, path: Path, windows: Iterable[Window]) -> Iterator[Row]:
        """The rows of one path, none if it was deleted. Days are requested if their months have a number."""
        rows: list[Row] = []
        longer: Window | None = None
        for window in windows:
            if longer is not None and not _since(rows, longer, window.starts[0]):
                return
            try:
                rows, longer = self._rows(path, window), window
            except NotFound as error:
                check_gone(self._run, self._parent, path, self._table, error)
                return
            yield from ({**path, **row} for row in rows)

    def _rows(self, path: Path, window: Window) -> list[Row]:
        if self._call.records is None:
            return list(_numbers(self._call, self._answer(path, window.query), window))
        if not self._has_unique:
            clicked = _clicks(self._call, self._answer(path, window.query), window)
            return [{**row, "clicked": number} for row, number in clicked.values()]
        clicked = _clicks(self._call, self._answer(path, {**window.query, "unique": False}), window)
        if not clicked:
            return []
        unique = _clicks(self._call, self._answer(path, {**window.query, "unique": True}), window)
        return [
            {**row, "clicked": number, "unique_clicked": unique.get(key, (row, 0))[1]}
            for key, (row, number) in clicked.items()
        ]

    def _answer(self, path: Path, query: Mapping[str, object]) -> Any:
        self._summary.expect(1)
        return self._client.call(self._call.id, path=path, query=query).json()


def _windows(call: Operation, created: int, now: int) -> list[Window]:
    """All windows that the call has for a record made at `created` (Unix s), longer periods first."""
    takes = {parameter.name for parameter in call.query}
    if "steps" in takes and "version" not in takes:
        return [_counted_back(period, now) for period in _COUNTED_BACK]
    zone, version = (UTC, VERSION_2) if "version" in takes else (EASTERN, {})
    starts = between("days", min(max(created, now - HORIZON_S), now), now, zone)
    query = {**version, "res": "days", "start": starts[0], "end": now}
    return [Window(period="days", starts=starts, query=query)]


def _counted_back(period: Period, now: int) -> Window:
    steps = MOST_STEPS[period]
    starts = latest(period, steps, now)
    return Window(period=period, starts=starts, query={"period": period, "steps": steps})


def _since(rows: Iterable[Row], window: Window, at: int) -> bool:
    """Checks if there is a row of the period that holds `at`, or of a later one."""
    [begin] = latest(window.period, 1, at)
    return any(row["start_at"] >= begin for row in rows)


def _numbers(call: Operation, document: Any, window: Window) -> Iterator[Row]:
    """A row per number that is not 0."""
    for metric, values in _series(call, document).items():
        for start_at, value in _dated(call, values, window):
            yield {"period": window.period, "start_at": start_at, "metric": metric, "value": value}


def _clicks(call: Operation, document: Any, window: Window) -> dict[tuple[int, int], tuple[Row, int]]:
    """The rows of links with clicks, and those clicks, by link id and start of the period."""
    return {
        (link["id"], start_at): (
            {"link_id": link["id"], "href": link.get("href"), "period": window.period, "start_at": start_at},
            value,
        )
        for entry in list_of(call, document, str(call.records))
        for link in [field_of(call, entry, "link")]
        for start_at, value in _dated(call, _series(call, entry).get("clicked"), window)
    }


def _series(call: Operation, document: Any) -> Mapping[str, object]:
    """The series of an answer: those of journeys at the top, others one level below.

    Raises:
        BadAnswer: they are no object.
    """
    if isinstance(document, dict) and "journey_metric" in document:
        series = field_of(call, document, "journey_metric")
    else:
        series = field_of(call, field_of(call, document, "metric"), "series")
    if series is not None and not isinstance(series, dict):
        raise unexpected(call, f"a {type(series).__name__} as its series instead of an object")
    return series or {}


def _dated(call: Operation, values: object, window: Window) -> Iterator[tuple[int, int]]:
    """Numbers that are not 0, with the first second of their period.

    The last number of a series is of the current period, so a series that is shorter has no older ones.

    Raises:
        BadAnswer: they are no list of counts, or more than the periods that were asked for.
    """
    if values is None:
        return iter(())
    if not isinstance(values, list) or not all(value is None or is_count(value) for value in values):
        raise unexpected(call, "a series that is no list of counts")
    if len(values) > len(window.starts):
        periods = f"the {len(window.starts):,} {window.period} that were asked for"
        raise unexpected(call, f"a series of {len(values):,} numbers for {periods}")
    dated = zip(reversed(window.starts), reversed(values), strict=False)
    return ((start_at, value) for start_at, value in dated if value)
