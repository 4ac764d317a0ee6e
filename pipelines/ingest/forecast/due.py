"""The parents of a table that the next sync reads, and those of a sync each hour.

    newest deliveries, compared with those in the warehouse ──> told ──┐
    the state that the last sync left ─────────────────────────────────> due

Deliveries tell of most parents that are due. A few of their pages are read; what older ones tell, and what
members of segments tell, is not known before the sync.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from itertools import islice
from typing import Any

from pipelines.ingest.forecast.survey import Survey
from pipelines.times import DAY, HOUR
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import literal
from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.extract import Window, sliced
from sources.customerio.extract.arrow import to_arrow
from sources.customerio.extract.due import Due, Path, ToldParents
from sources.customerio.extract.messages import WINDOW_S, due_windows, most_lookups
from sources.customerio.extract.rows import typed
from sources.customerio.extract.told_paths import told_paths

_TELLER, _MARK, _FEED = "messages", "deduplicate_id", "activities"
_PAGES, _FEED_PAGES = 8, 3
_HOURS_SEEN = 24


def due(
    survey: Survey, row: Resource, parents: Mapping[Any, Any], known: Collection[Any] | None = None
) -> Due:
    """The parents of a table that the next sync reads, of all that are listed; see `Due`."""
    return Due(
        row,
        deepcopy(dict(survey.state(row.table))),
        parents,
        now=survey.now,
        due_only=survey.options.due_only,
        told=told_parents(survey),
        known=known,
    )


def a_day(survey: Survey, row: Resource, whole: float, parents: int) -> tuple[float, float]:
    """The requests of an hourly sync and those of a day, for a table whose parents take `whole` in all."""
    rule = row.changes_with
    if rule is None or not survey.options.due_only or not parents:
        return whole, 0.0
    hourly = _told_hourly(survey).get(row.table, 0.0) if rule.rows_of == _TELLER else 0.0
    return whole / parents * hourly, whole * DAY / rule.sweep_s


def told_parents(survey: Survey) -> ToldParents:
    """The parents of which the next sync will know that they may have changed."""

    def find() -> ToldParents:
        told = ToldParents()
        told.open(deepcopy(dict(survey.source_state)))
        if _TELLER in survey.tables and survey.options.due_only:
            for table, paths in _told_by([*_changed(survey), *looked_up(survey)]):
                told.note(table, paths)
        return told

    return survey.once("told", find)


def _changed(survey: Survey) -> list[Any]:
    """The newest deliveries that the warehouse has not, or has as they were before."""
    found = _newest(survey)
    oldest = min((row["created"] for row in found), default=survey.now)
    select = f"SELECT {_MARK} FROM {DATASET}.{_TELLER} WHERE created >= {oldest}"
    held = {mark for (mark,) in survey.query(select)}
    return [row for row in found if row[_MARK] not in held]


def looked_up(survey: Survey) -> list[Any]:
    """The held deliveries that the next sync looks up, as new activities tell of them; of some pages."""
    return survey.once("looked up", lambda: _looked_up(survey))


def _looked_up(survey: Survey) -> list[Any]:
    state = dict(survey.state(_TELLER))
    if not {_TELLER, _FEED} <= survey.tables or not state:
        return []
    oldest = min(window.start for window in due_windows(survey.options, state, survey.now).values())
    pages = survey.client.pages(resource(_FEED).operation, query={"deleted": True})
    seen = {row["id"]: row.get("delivery_id") for page in islice(pages, _FEED_PAGES) for row in page.records}
    known = f"SELECT id FROM {DATASET}.{_FEED} WHERE id IN {_listed(seen)}"
    new = seen.keys() - {name for (name,) in survey.query(known)}
    columns = [name for name, kind in resource(_TELLER).columns.items() if kind == "bigint"]
    select = (
        f"SELECT id, metrics, {', '.join(columns)} FROM {DATASET}.{_TELLER} "
        f"WHERE created < {oldest} AND id IN {_listed(seen[name] for name in new)} ORDER BY created DESC"
    )
    rows = [dict(zip(("id", "metrics", *columns), row, strict=True)) for row in survey.query(select)]
    youngest_s = survey.options.bands[0].max_age_s
    lately = sum(row["created"] >= survey.now - youngest_s for row in _newest(survey))
    return rows[: most_lookups(lately)]


def _listed(values: Iterable[Any]) -> str:
    """The texts among the values, as a list of SQL's."""
    return f"({', '.join(literal(value) for value in values if isinstance(value, str)) or 'NULL'})"


def _newest(survey: Survey) -> list[Any]:
    """A few pages of the deliveries that the next sync reads again."""

    def pages() -> Iterator[list[Any]]:
        row, state = resource(_TELLER), dict(survey.state(_TELLER))
        oldest = Window(start=survey.now - DAY, end=survey.now)
        due = due_windows(survey.options, state, survey.now) if state else {"": oldest}
        (asked,), call = row.asked, operation(row.operation)
        for window in (part for each in due.values() for part in sliced(each, WINDOW_S)):
            query = {**asked, "start_ts": window.start, "end_ts": window.end, "limit": call.page_max}
            yield from (page.records for page in survey.client.pages(row.operation, query=query))

    return survey.once("newest deliveries", lambda: [row for page in islice(pages(), _PAGES) for row in page])


def _told_hourly(survey: Survey) -> Mapping[str, float]:
    """The parents of which the deliveries of an hour tell, by table, on the mean of the last day."""

    def count() -> Mapping[str, float]:
        hours: dict[int, list[Any]] = {}
        for delivery in _newest(survey):
            moments = (delivery["created"], *(delivery.get("metrics") or {}).values())
            for hour in {at // HOUR for at in moments if isinstance(at, int)}:
                hours.setdefault(hour, []).append(delivery)
        last, counted = survey.now // HOUR, Counter[str]()
        for hour in range(last - _HOURS_SEEN, last):
            counted.update({table: len(paths) for table, paths in _told_by(hours.get(hour, []))})
        return {table: number / _HOURS_SEEN for table, number in counted.items()}

    return survey.once("told hourly", count)


def _told_by(deliveries: list[Any]) -> Iterator[tuple[str, set[Path]]]:
    """The parents of which those deliveries tell, by table."""
    row = resource(_TELLER)
    return told_paths(row, to_arrow(row, typed(row, deliveries)))
