"""Types of the flows' parameters. Prefect makes the forms from them, and the help texts from docstrings.

The server checks the JSON schema (choices, bounds, the format of a day) before it creates a run. Checks that
need the calendar or two fields are validators here: they run before the flow starts, and their message is in
the state of the run.
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

# The server checks a pattern when it creates a run, but a date's format only in the form.
_DAY = r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


def _not_in_future(value: date) -> date:
    if value > _today():
        msg = f"{value} is in the future; choose a day up to today, {_today()} (UTC)"
        raise ValueError(msg)
    return value


def _within_retention(value: date, info: ValidationInfo) -> date:
    """Reject days that are older than Customer.io's retention."""
    resource = info.data.get("resource")
    oldest = _today() - timedelta(seconds=FEED_DEPTH_S)
    if resource in _FEEDS and value < oldest:
        msg = f"Customer.io keeps {resource} for 30 days; choose {oldest} or later, not {value}"
        raise ValueError(msg)
    return value


def _ends_by_tomorrow(value: date) -> date:
    if value > _today() + timedelta(days=1):
        msg = f"{value} is in the future; to read up to now, choose tomorrow, {_today() + timedelta(days=1)}"
        raise ValueError(msg)
    return value


def _after_start(value: date, info: ValidationInfo) -> date:
    start = info.data.get("from_day")
    if start is not None and value <= start:
        msg = f"to_day {value} is not after from_day {start}; choose a later day"
        raise ValueError(msg)
    return value


def _complete_range(value: date | None, info: ValidationInfo) -> date | None:
    """Check that a range has both days, in order, and at most the longest range of an export."""
    start = info.data.get("from_day")
    if "from_day" in info.data and (start is None) != (value is None):
        msg = "a range needs from_day and to_day; choose both, or none for the last 6 months"
        raise ValueError(msg)
    if start is None or value is None:
        return value
    longest = start + timedelta(seconds=LONGEST_S)
    if value > longest:
        msg = f"an export has 12 months at most; choose {longest} or earlier, export the rest in another run"
        raise ValueError(msg)
    return _after_start(_ends_by_tomorrow(value), info)


def _exportable(value: str, info: ValidationInfo) -> str:
    """Check that the table can be filled by exports: only messages, and not only the gaps."""
    if value == "exports" and (info.data.get("resource") != "messages" or info.data.get("gaps_only")):
        msg = "exports fill messages only, without gaps_only; choose pages for anything else"
        raise ValueError(msg)
    return value


def _plan_of_one_push(value: str, info: ValidationInfo) -> str:
    if value and len(info.data.get("syncs", ())) != 1:
        msg = "a plan belongs to one push; choose that one only"
        raise ValueError(msg)
    return value


def _approves_plan(value: bool, info: ValidationInfo) -> bool:
    if value and not info.data.get("plan"):
        msg = "approve needs the id of a plan: name it, as the message of the stopped run does"
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

FromDay = Annotated[
    date, _day("2026-01-01"), AfterValidator(_not_in_future), AfterValidator(_within_retention)
]
ToDay = Annotated[date, _day("2026-02-01"), AfterValidator(_ends_by_tomorrow), AfterValidator(_after_start)]
ExportFrom = Annotated[date, _day("2026-01-01"), AfterValidator(_not_in_future)]
# Checked when it is left out too, because from_day may be given.
ExportTo = Annotated[
    Annotated[date, _day("2026-02-01")] | None, Field(validate_default=True), AfterValidator(_complete_range)
]
_SYNCS = sorted(file.stem for file in read_settings().cio_elt_push.glob("*.yml"))
# The declarations that exist when the deployments are created: choices of the form; a run reads them again.
Sync = Annotated[str, Field(json_schema_extra={"enum": [*_SYNCS]} if _SYNCS else {})]
PlanId = Annotated[
    str, Field(pattern=r"^([0-9a-f]{12})?$", examples=["1a2b3c4d5e6f"]), AfterValidator(_plan_of_one_push)
]
Approve = Annotated[bool, AfterValidator(_approves_plan)]
Parent = Literal["campaign", "newsletter", "transactional_message", "action"]
ParentId = Annotated[int, Field(ge=1, examples=[12])]
Metric = Annotated[str, AfterValidator(_metric), Field(json_schema_extra={"enum": [*METRICS]})]
Attributes = Annotated[list[str], Field(examples=[["email", "plan"]])]
Filter = Annotated[dict[str, Any], Field(examples=[{"segment": {"id": 4}}]), AfterValidator(_filter)]
DeadlineHours = Annotated[int, Field(ge=1, le=72)]
Via = Annotated[Literal["pages", "exports"], AfterValidator(_exportable)]
ChunkDays = Annotated[int, Field(ge=1, le=180)]
WaitMinutes = Annotated[int, Field(ge=0, le=1440)]
LagMinutes = Annotated[int, Field(ge=1, le=43_200)]


def midnight(day: date) -> int:
    """The Unix second of midnight UTC at the start of the day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
