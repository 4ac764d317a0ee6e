"""How lately each parent of a metrics table had a number: it decides which of its periods a sync asks for.

warehouse:  the table's own rows, by period
first sync: the metrics of the deliveries that were sampled
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.ingest.forecast.survey import Survey
from sources.customerio.catalogue import Operation, Resource, operation
from sources.customerio.catalogue.periods import MOST_STEPS, latest
from sources.customerio.catalogue.senders import delivery_column

Path = tuple[int, ...]
"""The ids in a call's path, the outermost first."""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """A parent has a number at all, in the months of the days that are counted back, in those days."""

    ever: bool
    lately: bool
    in_days: bool

    def requests(self, call: Operation) -> int:
        """The requests for all periods of the parent."""
        if call.records is None or not has_unique(call):
            return 1 + self.lately
        # Unique clicks are asked for where there are clicks.
        return 1 + self.ever + self.lately * (1 + self.in_days)


def counts_back(call: Operation) -> bool:
    """Checks if the call counts periods back from now, instead of taking their begin."""
    taken = {parameter.name for parameter in call.query}
    return "steps" in taken and "version" not in taken


def has_unique(call: Operation) -> bool:
    """Checks if the call returns clicks and unique clicks apart."""
    return any(parameter.name == "unique" for parameter in call.query)


def first_day(now: int) -> int:
    """The begin of the oldest day that is counted back (Unix s)."""
    return latest("days", MOST_STEPS["days"], now)[0]


def first_month(now: int) -> int:
    """The begin of the month of that day (Unix s)."""
    return latest("months", 1, first_day(now))[0]


def held_activity(survey: Survey, row: Resource) -> dict[Path, Activity]:
    """The activity of each parent whose numbers are in the warehouse."""
    columns = _columns(row)
    newest = (
        f"max(CASE WHEN period = '{period}' THEN start_at END) AS {period}" for period in ("months", "days")
    )
    found = survey.held(row.table, ", ".join((*columns, *newest)), f"GROUP BY {', '.join(columns)}")
    return {tuple(path): _activity(survey.now, months, days) for *path, months, days in found}


def sampled_activity(survey: Survey, row: Resource, deliveries: Sequence[Any]) -> dict[Path, Activity]:
    """The activity of each parent that the deliveries name."""
    names = list(map(delivery_column, _columns(row)))
    is_of_links = operation(row.operation).records is not None
    newest: defaultdict[Path, int] = defaultdict(int)
    for delivery in deliveries:
        path = tuple(delivery.get(name) for name in names)
        if None not in path:
            newest[path] = max(newest[path], _last(delivery.get("metrics") or {}, is_of_links))
    return {path: _activity(survey.now, at, at) for path, at in newest.items()}


def asked_activity(survey: Survey, row: Resource, path: Path) -> Activity:
    """The activity of one parent, whose months are asked for; days count where months do."""
    series = asked_series(survey, row, path)
    back = min(
        (count for numbers in series if (count := _zeros_at_end(numbers)) < len(numbers)), default=None
    )
    if back is None:
        return _activity(survey.now, None, None)
    month = latest("months", back + 1, survey.now)[0]
    return _activity(survey.now, month, survey.now if back == 0 else month)


def asked_series(survey: Survey, row: Resource, path: Path, metric: str | None = None) -> list[list[int]]:
    """The months of one parent, oldest first: a series for each metric, or of one metric, and link."""
    call, steps = operation(row.operation), MOST_STEPS["months"]
    query = {"period": "months", "steps": steps, **({"unique": False} if has_unique(call) else {})}
    found = survey.read(row, path=dict(zip(_columns(row), path, strict=True)), query=query).rows
    series = [(record.get("metric") or {}).get("series") or {} for record in found]
    return [
        numbers for each in series for name, numbers in each.items() if numbers and metric in (None, name)
    ]


def _zeros_at_end(numbers: Sequence[int]) -> int:
    return next((index for index, number in enumerate(reversed(numbers)) if number), len(numbers))


def _columns(row: Resource) -> list[str]:
    return [parameter.name for parameter in operation(row.operation).path_parameters]


def _last(metrics: Mapping[str, Any], is_of_links: bool) -> int:
    """When the delivery last had a number of the table; 0 if it never had."""
    times = [metrics.get("clicked")] if is_of_links else metrics.values()
    return max((at for at in times if isinstance(at, int)), default=0)


def _activity(now: int, month: int | None, day: int | None) -> Activity:
    lately, in_days = (month or 0) >= first_month(now), (day or 0) >= first_day(now)
    return Activity(ever=bool(month), lately=lately, in_days=in_days)
