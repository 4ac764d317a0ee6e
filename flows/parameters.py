"""What the flows' forms ask for. Prefect makes the form from these types and its words from docstrings.

The server refuses what the JSON schema can say (a choice, a bound, how a day is written) before there is a
run. What needs the calendar or two fields at once no schema can say: the validators here refuse that before
the run starts, and their sentence is the run's state.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from pipelines.errors import ConfigError
from pipelines.export import PeopleRequest
from pipelines.export.requests import LONGEST_S, METRICS
from pipelines.ingest.coverage import FEED_DEPTH_S
from pipelines.settings import read_settings
from sources.customerio import RESOURCES, resources_named

_TIMED = tuple(row.table for row in RESOURCES if row.reader in ("windows", "feed"))
_FEEDS = frozenset(row.table for row in RESOURCES if row.reader == "feed")

# The server checks a pattern when it makes a run, a date's format only in the form.
_DAY = r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


def _past(value: date) -> date:
    if value > _today():
        msg = f"{value} is still to come; choose a day up to today, {_today()} (UTC)"
        raise ValueError(msg)
    return value


def _kept(value: date, info: ValidationInfo) -> date:
    """Customer.io must still have what is asked for."""
    resource = info.data.get("resource")
    oldest = _today() - timedelta(seconds=FEED_DEPTH_S)
    if resource in _FEEDS and value < oldest:
        msg = f"Customer.io keeps {resource} for 30 days; choose {oldest} or later, not {value}"
        raise ValueError(msg)
    return value


def _ends_by_tomorrow(value: date) -> date:
    if value > _today() + timedelta(days=1):
        msg = f"{value} is still to come; to read up to now, choose tomorrow, {_today() + timedelta(days=1)}"
        raise ValueError(msg)
    return value


def _behind_start(value: date, info: ValidationInfo) -> date:
    start = info.data.get("from_day")
    if start is not None and value <= start:
        msg = f"the days end on {value}, before which nothing lies that begins on {start}; choose a later day"
        raise ValueError(msg)
    return value


def _in_range(value: date | None, info: ValidationInfo) -> date | None:
    """A range has both its days, in order, and is no longer than an export may be."""
    start = info.data.get("from_day")
    if "from_day" in info.data and (start is None) != (value is None):
        msg = "a range has a first day and a day behind its last; choose both, or none for the last 6 months"
        raise ValueError(msg)
    if start is None or value is None:
        return value
    longest = start + timedelta(seconds=LONGEST_S)
    if value > longest:
        msg = f"an export has 12 months at most; choose {longest} or earlier, and export the rest besides"
        raise ValueError(msg)
    return _behind_start(_ends_by_tomorrow(value), info)


def _brings(value: str, info: ValidationInfo) -> str:
    """Exports bring whole stretches of deliveries, and nothing else."""
    if value == "exports" and (info.data.get("resource") != "messages" or info.data.get("gaps_only")):
        msg = "exports bring messages, and not only the gaps; choose pages for anything else"
        raise ValueError(msg)
    return value


def _of_one(value: str, info: ValidationInfo) -> str:
    if value and len(info.data.get("syncs", ())) != 1:
        msg = "a plan is of one sync; choose that one, and no other"
        raise ValueError(msg)
    return value


def _of_a_plan(value: bool, info: ValidationInfo) -> bool:
    if value and not info.data.get("plan"):
        msg = "what is approved is a plan that somebody has seen; name it, as the run that was stopped does"
        raise ValueError(msg)
    return value


def _metric(value: str) -> str:
    if value not in METRICS:
        msg = f"There is no metric {value!r}; choose one of {', '.join(METRICS)}"
        raise ValueError(msg)
    return value


def _filter(value: dict[str, Any]) -> dict[str, Any]:
    try:
        PeopleRequest(filters=value)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return value


def _today() -> date:
    return datetime.now(UTC).date()


def _day(example: str) -> Any:
    return Field(examples=[example], json_schema_extra={"pattern": _DAY})


def _known(value: str) -> str:
    try:
        return resources_named([value])[0].table
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _timed(value: str) -> str:
    if value not in _TIMED:
        msg = f"{value} cannot be backfilled, its rows have no time; choose {' or '.join(_TIMED)}"
        raise ValueError(msg)
    return value


Resource = Annotated[
    str, AfterValidator(_known), Field(json_schema_extra={"enum": [row.table for row in RESOURCES]})
]
TimedResource = Annotated[
    str, AfterValidator(_known), AfterValidator(_timed), Field(json_schema_extra={"enum": [*_TIMED]})
]

FromDay = Annotated[date, _day("2026-01-01"), AfterValidator(_past), AfterValidator(_kept)]
ToDay = Annotated[date, _day("2026-02-01"), AfterValidator(_ends_by_tomorrow), AfterValidator(_behind_start)]
ExportFrom = Annotated[date, _day("2026-01-01"), AfterValidator(_past)]
# Checked when it is left out too: the other day may be there.
ExportTo = Annotated[
    Annotated[date, _day("2026-02-01")] | None, Field(validate_default=True), AfterValidator(_in_range)
]
_SYNCS = sorted(file.stem for file in read_settings().cio_elt_push.glob("*.yml"))
# What the folder holds when the deployments are made: the form offers these, and a run looks again.
Sync = Annotated[str, Field(json_schema_extra={"enum": [*_SYNCS]} if _SYNCS else {})]
PlanId = Annotated[
    str, Field(pattern=r"^([0-9a-f]{12})?$", examples=["1a2b3c4d5e6f"]), AfterValidator(_of_one)
]
Approve = Annotated[bool, AfterValidator(_of_a_plan)]
Parent = Literal["campaign", "newsletter", "transactional_message", "action"]
ParentId = Annotated[int, Field(ge=1, examples=[12])]
Metric = Annotated[str, AfterValidator(_metric), Field(json_schema_extra={"enum": [*METRICS]})]
Attributes = Annotated[list[str], Field(examples=[["email", "plan"]])]
Filter = Annotated[dict[str, Any], Field(examples=[{"segment": {"id": 4}}]), AfterValidator(_filter)]
DeadlineHours = Annotated[int, Field(ge=1, le=72)]
Via = Annotated[Literal["pages", "exports"], AfterValidator(_brings)]
ChunkDays = Annotated[int, Field(ge=1, le=180)]
WaitMinutes = Annotated[int, Field(ge=0, le=1440)]
LagMinutes = Annotated[int, Field(ge=1, le=43_200)]


def midnight(day: date) -> int:
    """The Unix second at which the day begins, in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
