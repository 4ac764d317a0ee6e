"""Types of the flows' parameters. Prefect makes the forms from them, and the help texts from docstrings.

The server checks the JSON schema (choices, bounds, the format of a day) before it creates a run. Checks that
need the calendar or two fields are validators here: `checked` runs them at the start of a run.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from inspect import Parameter, signature
from typing import Annotated, Any, Final, Literal

from pydantic import (
    MISSING,
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    create_model,
)

from pipelines.errors import ConfigError, problems
from pipelines.export import PeopleRequest
from pipelines.export.requests import LONGEST_S, METRICS
from pipelines.ingest.coverage import FEED_DEPTH_S
from pipelines.settings import read_settings
from sources.customerio import RESOURCES, resources_named

_TIMED = tuple(row.table for row in RESOURCES if row.reader in ("windows", "feed"))
_FEEDS = frozenset(row.table for row in RESOURCES if row.reader == "feed")

# The server checks a pattern when it creates a run, but a date's format only in the form.
_DAY = r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


EMPTY: Final[Any] = MISSING
"""The default of a field that may be left empty.

With None, the form would send a null, which the server refuses; or it would have a tab that says "None".
"""


def checked(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a flow's function, made from the values of its form.

    Raises:
        ConfigError: values are wrong; the message has the title of each field with its reason.
    """
    model: Any = create_model("Form", **_fields(function))
    try:
        form = model.model_validate({name: value for name, value in given.items() if value is not EMPTY})
    except ValidationError as error:
        reasons = "; ".join(_reason(model, each) for each in problems(error))
        msg = f"The form was refused. {reasons}. Start the run again with other values."
        raise ConfigError(msg) from None
    return {name: getattr(form, name) for name in model.model_fields}


def defaults(function: Callable[..., Any]) -> dict[str, Any]:
    """The values of a form that was sent without a change, for those fields that have one."""
    return {
        name: None if field.default is EMPTY else field.default
        for name, field in signature(function).parameters.items()
        if field.default is not Parameter.empty
    }


def _fields(function: Callable[..., Any]) -> dict[str, Any]:
    preset = defaults(function)
    return {
        name: (field.annotation, preset.get(name, ...))
        for name, field in signature(function).parameters.items()
    }


def _reason(model: Any, error: Any) -> str:
    name = error["loc"][0]
    title = model.model_fields[name].json_schema_extra["title"]
    return f"{title}: {error.get('ctx', {}).get('error', error['msg'])}"


def _not_in_future(value: date | None) -> date | None:
    if value is not None and value > _today():
        msg = f"{value} is in the future; choose a day up to today, {_today()} (UTC)"
        raise ValueError(msg)
    return value


def _within_retention(value: date | None, info: ValidationInfo) -> date | None:
    """Reject days that are older than Customer.io's retention."""
    resource = info.data.get("resource")
    oldest = _today() - timedelta(seconds=FEED_DEPTH_S)
    if resource in _FEEDS and value is not None and value < oldest:
        msg = f"Customer.io keeps {resource} for 30 days; choose {oldest} or later, not {value}"
        raise ValueError(msg)
    return value


def _ends_by_tomorrow(value: date | None) -> date | None:
    if value is not None and value > _today() + timedelta(days=1):
        msg = f"{value} is in the future; to read up to now, choose tomorrow, {_today() + timedelta(days=1)}"
        raise ValueError(msg)
    return value


def _after_start(value: date | None, info: ValidationInfo) -> date | None:
    start = info.data.get("from_day")
    if start is not None and value is not None and value <= start:
        msg = f"{value} is not after the first day, {start}; choose a later day"
        raise ValueError(msg)
    return value


def _complete_range(value: date | None, info: ValidationInfo) -> date | None:
    """Check that a range has both days, in order, and at most the longest range of an export."""
    start = info.data.get("from_day")
    if "from_day" in info.data and (start is None) != (value is None):
        msg = "one of the two days is empty; choose both, or none for the last 6 months"
        raise ValueError(msg)
    if start is None or value is None:
        return value
    longest = start + timedelta(seconds=LONGEST_S)
    if value > longest:
        msg = f"an export has 12 months at most; choose {longest} or earlier, export the rest in another run"
        raise ValueError(msg)
    return _after_start(_ends_by_tomorrow(value), info)


def _gaps_or_first_day(value: bool, info: ValidationInfo) -> bool:
    """Check that a range has a first day; missing time has the one of the first sync."""
    if not value and info.data.get("from_day", True) is None:
        msg = "it is off and there is no first day; choose a first day, or switch it on to read missing time"
        raise ValueError(msg)
    return value


def _exportable(value: str, info: ValidationInfo) -> str:
    """Check that the table can be filled by exports: only messages, and not only the gaps."""
    if value == "exports" and (info.data.get("resource") != "messages" or info.data.get("gaps_only")):
        msg = "exports fill messages only, and whole ranges only; choose pages for anything else"
        raise ValueError(msg)
    return value


def _plan_of_one_push(value: str, info: ValidationInfo) -> str:
    if value and len(info.data.get("syncs", ())) != 1:
        msg = "a plan belongs to one push; choose that one only"
        raise ValueError(msg)
    return value


def _approves_plan(value: bool, info: ValidationInfo) -> bool:
    if value and not info.data.get("plan"):
        msg = "there is no plan to approve; name it, as the message of the stopped run does"
        raise ValueError(msg)
    return value


def _metric(value: str | None) -> str | None:
    if value is not None and value not in METRICS:
        msg = f"There is no metric {value!r}; choose one of {', '.join(METRICS)}"
        raise ValueError(msg)
    return value


def _filter(value: dict[str, Any] | None) -> dict[str, Any] | None:
    try:
        if value is not None:
            PeopleRequest(filters=value)
    except ConfigError as error:
        raise ValueError(str(error).rstrip(".")) from None
    return value


def _today() -> date:
    return datetime.now(UTC).date()


def _known(value: str) -> str:
    try:
        return resources_named([value])[0].table
    except ConfigError as error:
        raise ValueError(str(error).rstrip(".")) from None


def _timed(value: str) -> str:
    if value not in _TIMED:
        msg = f"{value} cannot be backfilled, its rows have no time; choose {' or '.join(_TIMED)}"
        raise ValueError(msg)
    return value


def _titled(title: str, **more: Any) -> Any:
    """A field with its label in the form; `more` is of its JSON schema."""
    return Field(json_schema_extra={"title": title, **more})


def _empty_or(schema: dict[str, Any]) -> Any:
    """The JSON schema of a field that may be left empty, without null."""
    return WithJsonSchema(schema)


_Table = Annotated[
    str, AfterValidator(_known), Field(json_schema_extra={"enum": [row.table for row in RESOURCES]})
]
_DATE = _empty_or({"type": "string", "format": "date", "pattern": _DAY})
_NAMES = _empty_or({"type": "array", "items": {"type": "string"}})

Tables = Annotated[list[_Table], _titled("Tables")]
Gone = Annotated[list[_Table], _titled("Tables with rows that are really gone")]
Full = Annotated[bool, _titled("Read everything again")]
Anew = Annotated[bool, _titled("Build everything anew")]
TimedTable = Annotated[str, AfterValidator(_known), AfterValidator(_timed), _titled("Table", enum=[*_TIMED])]
FromDay = Annotated[
    date | None,
    _DATE,
    _titled("First day", examples=["2026-01-01"]),
    AfterValidator(_not_in_future),
    AfterValidator(_within_retention),
]
ToDay = Annotated[
    date | None,
    _DATE,
    _titled("Day after the last one", examples=["2026-02-01"]),
    AfterValidator(_ends_by_tomorrow),
    AfterValidator(_after_start),
]
# Checked when it is left out too, because the first day may be left out.
GapsOnly = Annotated[
    bool,
    _titled("Only time that is missing"),
    Field(validate_default=True),
    AfterValidator(_gaps_or_first_day),
]
ExportFrom = Annotated[
    date | None, _DATE, _titled("First day", examples=["2026-01-01"]), AfterValidator(_not_in_future)
]
# Checked when it is left out too, because the first day may be given.
ExportTo = Annotated[
    date | None,
    _DATE,
    _titled("Day after the last one", examples=["2026-02-01"]),
    Field(validate_default=True),
    AfterValidator(_complete_range),
]
_SYNCS = sorted(file.stem for file in read_settings().cio_elt_push.glob("*.yml"))
# The declarations that exist when the deployments are created: choices of the form; a run reads them again.
_Push = Annotated[str, Field(json_schema_extra={"enum": [*_SYNCS]} if _SYNCS else {})]
Pushes = Annotated[list[_Push], _titled("Pushes")]
PlanId = Annotated[
    str,
    Field(pattern=r"^([0-9a-f]{12})?$"),
    _titled("Plan to send", examples=["1a2b3c4d5e6f"]),
    AfterValidator(_plan_of_one_push),
]
Approve = Annotated[bool, _titled("Send the plan although a brake stops it"), AfterValidator(_approves_plan)]
Parent = Annotated[
    Literal["campaign", "newsletter", "transactional_message", "action"], _titled("Deliveries of")
]
ParentId = Annotated[int, Field(ge=1), _titled("Its number in Customer.io", examples=[12])]
Metric = Annotated[
    str | None,
    _empty_or({"type": "string", "enum": [*METRICS]}),
    _titled("Only deliveries with this result"),
    AfterValidator(_metric),
]
Attributes = Annotated[list[str] | None, _NAMES, _titled("Attributes", examples=[["email", "plan"]])]
Filter = Annotated[
    dict[str, Any] | None,
    _empty_or({"type": "object"}),
    _titled("Only people of this filter", examples=[{"segment": {"id": 4}}]),
    AfterValidator(_filter),
]
Drafts = Annotated[bool, _titled("With drafts")]
DeadlineHours = Annotated[int, Field(ge=1, le=72), _titled("Hours to wait for the file")]
Via = Annotated[Literal["pages", "exports"], _titled("Read by"), AfterValidator(_exportable)]
ChunkDays = Annotated[int, Field(ge=1, le=180), _titled("Days at a time")]
WaitMinutes = Annotated[int, Field(ge=0, le=1440), _titled("Minutes to wait for another run")]
LagMinutes = Annotated[
    int | None,
    Field(ge=1, le=43_200),
    _empty_or({"type": "integer", "minimum": 1, "maximum": 43_200}),
    _titled("Minutes that a table may be behind"),
]
FailOnGap = Annotated[bool, _titled("Fail if time is missing")]


def midnight(day: date) -> int:
    """The Unix second of midnight UTC at the start of the day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
