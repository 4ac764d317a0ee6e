"""The spec of a push: one YAML file a push, `warehouse/push/NAME.yml`.

    model ── rows ──> person, event, device, object, ... ── fields ──> attributes

Nothing is guessed: the identifier that a column holds, the type of a field and the meaning of a null are
declared. `warehouse/push/schema.json` is the same as a JSON Schema, for editors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)

from pipelines.push.spec.kinds import KINDS, PARTS, Kind, Mode
from pipelines.times import moment

FieldType = Literal["text", "integer", "number", "boolean", "date", "timestamp", "unix", "list", "json"]
Identifier = Literal["id", "email", "cio_id"]
IDENTIFIERS: tuple[Identifier, ...] = ("id", "email", "cio_id")

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_NAME_BYTES, _MOST_FIELDS = 150, 300
"""An attribute's name has 150 bytes at most, a person or an object 300 attributes [track26]."""


def _known_kind(name: str) -> str:
    if name not in KINDS:
        names = [f"'{known}'" for known in KINDS]
        msg = f"it is {', '.join(names[:-1])} or {names[-1]}"
        raise ValueError(msg)
    return name


def _kinds_as_enum(schema: dict[str, Any]) -> None:
    schema["enum"] = list(KINDS)


def _text_as_type(given: Any) -> Any:
    return {"type": given} if isinstance(given, str) else given


def _one_as_list(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


def _first_run(given: Any) -> Any:
    if isinstance(given, str) and given in ("none", "all"):
        return given
    words = str(given).split(maxsplit=1)
    if len(words) == 2 and words[0] == "since":
        moment(words[1])
        return given
    msg = "it is none, all, or since with a day, as in: since 2026-01-31"
    raise ValueError(msg)


def _percent(value: float) -> float:
    if not 0 <= value <= 100:
        msg = "a share in percent lies between 0 and 100"
        raise ValueError(msg)
    return value


def _cron(text: str) -> str:
    """The schedule with one space between its fields."""
    fields = text.split()
    try:
        if len(fields) != (1 if text.startswith("@") else 5) or not _RANDOM.isdisjoint(fields):
            raise CroniterError
        # Raises if the schedule has no day, such as 31 February.
        croniter(text, _SOME_DAY).get_next()
    except CroniterError:
        msg = (
            "it is minute, hour, day, month and day of the week as cron writes them, such as 30 6 * * 1-5, "
            "or @hourly, @daily, @weekly or @monthly, and there has to be such a day"
        )
        raise ValueError(msg) from None
    return " ".join(fields)


_RANDOM = frozenset("RrHh")
"""Fields that croniter fills at random, and Prefect refuses."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = "it is a time zone as the IANA names them, such as Europe/Vienna or UTC"
        raise ValueError(msg) from None
    return name


Percent = Annotated[float, AfterValidator(_percent)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Model(_Part):
    """The source of the rows; exactly one of the three."""

    sql: str | None = Field(default=None, description="a SELECT on the published warehouse")
    file: str | None = Field(default=None, description="a file with one, beside the spec")
    dbt: str | None = Field(default=None, description="a dbt model, as `dim_people`, or with its schema")
    external: bool = Field(
        default=False,
        description="the model may read files and servers beside the warehouse, as by `read_csv`",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set - {"external"}) != 1:
            msg = "a model has exactly one of sql, file and dbt"
            raise ValueError(msg)
        return self


class Attribute(_Part):
    """The mapping of a column to an attribute."""

    type: FieldType = Field(
        description="the type of the column; dates and timestamps become Unix seconds, UTC"
    )
    column: str | None = Field(
        default=None, description="the column, if its name is not that of the attribute"
    )
    nulls: Literal["omit", "clear", "keep"] = Field(
        default="omit",
        description="a null sends nothing (omit), removes the attribute (clear), sends the last value (keep)",
    )


class Person(_Part):
    """The person that a row is about: one identifier and the column that holds it."""

    id: str | None = Field(default=None, description="the column with the id")
    email: str | None = Field(default=None, description="the column with the email address")
    cio_id: str | None = Field(default=None, description="the column with Customer.io's own id")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            msg = "a person has exactly one of id, email and cio_id, and with it the column that holds it"
            raise ValueError(msg)
        return self

    @property
    def identifier(self) -> Identifier:
        """The identifier that the column holds."""
        return next(name for name in IDENTIFIERS if name in self.model_fields_set)

    @property
    def column(self) -> str:
        """The column that holds the identifier."""
        return str(getattr(self, self.identifier))


class Event(_Part):
    """The name of the event and the time at which it happened."""

    name: str | None = Field(default=None, description="the name of all events of this push")
    name_column: str | None = Field(default=None, description="the column with the name of each event")
    at: str = Field(description="the column with the time at which it happened: a timestamp or a date")

    @model_validator(mode="after")
    def _exactly_one_name(self) -> Self:
        if (self.name is None) == (self.name_column is None):
            msg = "an event has exactly one of name and name_column"
            raise ValueError(msg)
        if self.name is not None and not 0 < len(self.name.strip().encode()) <= 100:
            msg = "an event's name has 1 to 100 bytes"
            raise ValueError(msg)
        return self


class Device(_Part):
    """The columns of a device."""

    token: str = Field(description="the column with the token")
    platform: str = Field(description="the column with ios or android")
    last_used: str | None = Field(default=None, description="the column with the time of its last use")


class Brakes(_Part):
    """The limits that stop a push before it sends anything; percentages are of the rows accepted before."""

    max_deletes: int | None = Field(default=None, ge=0, description="rows removed at most")
    max_deletes_percent: Percent = Field(default=10.0, description="rows removed at most, as a share")
    removes_unattended: bool = Field(
        default=False,
        description="a mirror deletes people or objects, up to the limits, without approval",
    )
    max_creates_percent: Percent | None = Field(
        default=50.0, description="people created at most, as a share of the people in the warehouse"
    )
    max_changes_percent: Percent | None = Field(default=None, description="rows changed at most, as a share")
    max_adds_percent: Annotated[float, Field(ge=0)] | None = Field(
        default=50.0, description="rows appended at most, as a share beyond the rows of the last run"
    )
    spare_adds: int = Field(
        default=100, ge=0, description="rows beyond those of the last run that never stop an append"
    )
    max_invalid_percent: Percent | None = Field(
        default=10.0, description="rows that cannot be sent at most, as a share of the model's"
    )
    max_campaign_entries: int | None = Field(
        default=None, ge=0, description="times that people may enter campaigns, as the plan forecasts them"
    )
    min_rows: int = Field(default=0, ge=0, description="the least number of rows of the model")


class Alerts(_Part):
    """The limits beyond which a push counts as degraded, which its operator is told of once."""

    max_failed_percent: Percent = Field(
        default=5.0, description="rows of a run rejected or dropped at most, as a share"
    )
    silent_runs: int = Field(
        default=3, ge=1, description="runs in a row that send nothing though the model's rows change"
    )


class Deliver(_Part):
    """How rows are sent: rate, batches or import, staging."""

    lane: Literal["auto", "batch", "import"] = Field(
        default="auto", description="batches of the Track API, or files for an import"
    )
    requests_per_second: float = Field(default=50.0, gt=0, le=1000, description="batches a second at most")
    in_flight: int = Field(default=4, ge=1, le=16, description="batches sent at the same time")
    max_attempts: int = Field(
        default=5, ge=1, description="attempts until a row that is rejected or dropped is a dead letter"
    )
    staging: str | None = Field(
        default=None, description="the store of import files, as s3://bucket/folder; `local` is for a sandbox"
    )


class Confirm(_Part):
    """The check that pushed rows arrived at Customer.io."""

    sample: int = Field(default=300, ge=0, le=5_000, description="rows that are read back")
    wait_s: float = Field(
        default=10.0, ge=0, le=600, description="seconds to wait until sent rows can be read"
    )


@dataclass(frozen=True)
class LeftOut:
    """An attribute that a push leaves out: its column, and the push that owns it."""

    column: str
    owner: str


class PushSpec(_Part):
    """A push."""

    sync: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="the name of the push: as the file's")
    description: str = Field(default="", description="its purpose")
    object: Annotated[str, AfterValidator(_known_kind)] = Field(
        description="the kind of a row", json_schema_extra=_kinds_as_enum
    )
    mode: Mode = Field(
        description="upsert, update_only (creates no people), append, mirror (also removes rows)"
    )
    model: Model
    person: Person | None = Field(default=None, description="the person that a row is about")
    event: Event | None = None
    key: Annotated[tuple[str, ...], BeforeValidator(_one_as_list)] | None = Field(
        default=None, min_length=1, description="the columns whose values tell one event from all others"
    )
    device: Device | None = None
    object_type_id: Annotated[str, BeforeValidator(lambda given: str(given))] | None = Field(
        default=None, description="the object type, as Customer.io numbers it"
    )
    object_id: str | None = Field(default=None, description="the column with the object's id")
    segment: int | str | None = Field(default=None, description="a manual segment, by id or by name")
    keep_others: bool = Field(
        default=False, description="a mirror of a segment keeps the members that this push did not add"
    )
    fields: dict[str, Annotated[Attribute, BeforeValidator(_text_as_type)]] = Field(
        default_factory=dict, description="the attributes: a type each, or more"
    )
    unmapped: Literal["refuse", "ignore", "send"] = Field(
        default="refuse",
        description="the treatment of columns that are not named here; send: by their SQL type",
    )
    owns: tuple[str, ...] = Field(
        default=(), description="attributes that this push writes; others that write them too leave them out"
    )
    after: tuple[str, ...] = Field(default=(), description="pushes that run before this one")
    first_run: Annotated[str, BeforeValidator(_first_run)] = Field(
        default="none", description="of events and segments, the rows of the first run: none, all, since DAY"
    )
    brakes: Brakes = Brakes()
    alerts: Alerts = Alerts()
    deliver: Deliver = Deliver()
    confirm: Confirm = Confirm()
    schedule: Annotated[str, AfterValidator(_cron)] | None = Field(
        default=None, description="the schedule, as cron writes it: five fields, or a name such as @daily"
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="the time zone of the schedule, such as Europe/Vienna"
    )

    _left_out: dict[str, LeftOut] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for wrong in (*self._wrong_parts(), *self._wrong_choices(), *self.wrong_fields()):
            raise ValueError(wrong)
        return self

    @property
    def kind(self) -> Kind:
        """The row of `KINDS` for this push."""
        return KINDS[self.object]

    @property
    def left_out(self) -> Mapping[str, LeftOut]:
        """The attributes that another push owns, which this one does not write; see `without`."""
        return self._left_out

    def without(self, left_out: Mapping[str, LeftOut]) -> "PushSpec":
        """The same push without these attributes; their columns stay in its model, unread."""
        fields = {name: field for name, field in self.fields.items() if name not in left_out}
        spec = self.model_copy(update={"fields": fields})
        spec._left_out = dict(left_out)
        return spec

    @property
    def identifier(self) -> Identifier:
        """The identifier by which people are named; `id` for kinds without a person."""
        return self.person.identifier if self.person else "id"

    @property
    def keyed_by(self) -> tuple[str, ...]:
        """The columns by which rows are told apart."""
        return tuple(column for part in self.kind.key for column in self.columns_of(part))

    def columns_of(self, part: str) -> tuple[str, ...]:
        """The columns that identify a person, an object, a device or an event."""
        columns = {
            "person": (self.person.column,) if self.person else (),
            "object_id": (self.object_id,) if self.object_id else (),
            "device": (self.device.token,) if self.device else (),
            "key": self.key or (),
        }
        return columns[part]

    @property
    def target(self) -> str:
        """The kind, and the object type or segment; rows sent to one target say nothing of another."""
        return f"{self.object} {self.object_type_id or self.segment or ''}".strip()

    @property
    def told_apart_by(self) -> str:
        """The values by which rows are told apart; the snapshot says nothing of rows with other ones."""
        names = {"person": (self.identifier,), "key": self.key or (), "device": ("token",)}
        return ", ".join(name for part in self.kind.key for name in names.get(part, (part,)))

    @property
    def since(self) -> int | None:
        """The moment (Unix s) from which on the first run sends; None for none and all."""
        return moment(self.first_run.split(maxsplit=1)[1]) if self.first_run.startswith("since") else None

    @property
    def mirrors_members(self) -> bool:
        """True if rows are compared with the present members of a segment instead of the snapshot."""
        return self.kind.mirrors_members and self.mode == "mirror"

    def _wrong_parts(self) -> list[str]:
        needs = self.kind.needs
        missing = [name for name in needs if getattr(self, name) is None]
        extra = [name for name in PARTS if name not in needs and getattr(self, name) is not None]
        wrong = [f"a push of object {self.object} needs {', '.join(missing)}"] if missing else []
        return wrong + ([f"a push of object {self.object} has no {', '.join(extra)}"] if extra else [])

    def _wrong_choices(self) -> list[str]:
        wrong = []
        if self.mode not in self.kind.modes:
            modes = ", ".join(self.kind.modes)
            wrong.append(f"object {self.object} has no mode {self.mode}; it has {modes}")
        if self.since is not None and self.event is None:
            wrong.append("first_run since is for events, which have a time; use none or all")
        if self.first_run != "none" and not self.kind.asks_first_run:
            wrong.append("first_run is for events and segments; leave it out")
        if self.mirrors_members and self.first_run != "all":
            wrong.append("the mirror of a segment sends from its first run on; say first_run: all")
        if self.keep_others and not self.mirrors_members:
            wrong.append("keep_others is for the mirror of a segment; leave it out")
        if self.owns and not self.kind.shares_attributes:
            wrong.append(f"{self.kind.plural} share no attributes with other pushes; leave owns out")
        elif unknown := [name for name in self.owns if name not in self.fields and self.unmapped != "send"]:
            wrong.append(f"it owns {', '.join(unknown)}, which is not among its fields")
        if self.sync in self.after:
            wrong.append("a push cannot come after itself")
        return wrong

    def wrong_fields(self) -> list[str]:
        """The reasons why the fields cannot be attributes."""
        wrong = []
        if self.fields and not self.kind.takes_fields:
            wrong.append(f"object {self.object} has no fields")
        if len(self.fields) > _MOST_FIELDS:
            wrong.append(f"{len(self.fields)} fields are more than Customer.io's {_MOST_FIELDS} attributes")
        for name in self.fields:
            if not 0 < len(name.encode()) <= _NAME_BYTES:
                wrong.append(f"the field {name[:40]!r} needs a name of 1 to {_NAME_BYTES} bytes")
            if self._is_reserved(name):
                wrong.append(f"the field {name} is no attribute: it identifies the person, or is reserved")
        return wrong

    def _is_reserved(self, name: str) -> bool:
        """True if Customer.io has another use for an attribute of that name; data of events is free."""
        identifies = self.kind.profile and name in (self.identifier, "cio_id", "cio_relationships")
        # `_update` and `_timestamp` are directives, `_last_emailed_at` and the like are Customer.io's own.
        return identifies or (self.kind.limits_values and name.startswith("_"))
