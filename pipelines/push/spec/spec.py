"""What a sync is: one YAML file a sync, `warehouse/push/NAME.yml`.

    model ── rows ──> who or what (person, event, device, object, ...) ── fields ──> attributes

Nothing is guessed: which identifier a column holds, which type a field has and what a null means stand here.
`warehouse/push/schema.json` is the same as a JSON Schema, for editors.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipelines.times import moment

Kind = Literal["person", "event", "device", "object", "relationship", "segment", "suppression"]
Mode = Literal["upsert", "update_only", "append", "mirror"]
FieldType = Literal["text", "integer", "number", "boolean", "date", "timestamp", "unix", "list", "json"]
Identifier = Literal["id", "email", "cio_id"]
IDENTIFIERS: tuple[Identifier, ...] = ("id", "email", "cio_id")

MODES: dict[Kind, tuple[Mode, ...]] = {
    "person": ("upsert", "update_only", "mirror"),
    "event": ("append",),
    "device": ("upsert", "mirror"),
    "object": ("upsert", "mirror"),
    "relationship": ("upsert", "mirror"),
    "segment": ("append", "mirror"),
    "suppression": ("append", "mirror"),
}
"""The modes that each kind has: an event cannot be taken back, a segment's member has nothing to update."""

ORDER: dict[Kind, int] = {
    "person": 0,
    "object": 1,
    "device": 2,
    "relationship": 2,
    "event": 3,
    "segment": 4,
    "suppression": 5,
}
"""What is pushed first: whoever joins a segment or has a relationship must be there before."""

# What each kind needs beside its model, and what it may have.
_NEEDS: dict[Kind, tuple[str, ...]] = {
    "person": ("person",),
    "event": ("person", "event", "key"),
    "device": ("person", "device"),
    "object": ("object_type_id", "object_id"),
    "relationship": ("person", "object_type_id", "object_id"),
    "segment": ("person", "segment"),
    "suppression": ("person",),
}
_PARTS = ("person", "event", "key", "device", "object_type_id", "object_id", "segment")
_WITHOUT_FIELDS: tuple[Kind, ...] = ("segment", "suppression")
_NAME_BYTES, _MOST_FIELDS = 150, 300
"""An attribute's name has 150 bytes at most, a person or an object 300 attributes [track26]."""


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


Percent = Annotated[float, AfterValidator(_percent)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Model(_Part):
    """Where the rows come from; exactly one of the three."""

    sql: str | None = Field(default=None, description="a SELECT on the published warehouse")
    file: str | None = Field(default=None, description="a file with one, beside the declaration")
    dbt: str | None = Field(default=None, description="a dbt model, as `dim_people`, or with its schema")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            msg = "a model has exactly one of sql, file and dbt"
            raise ValueError(msg)
        return self


class Attribute(_Part):
    """How a column becomes an attribute."""

    type: FieldType = Field(description="what the column is; dates and timestamps become Unix seconds, UTC")
    column: str | None = Field(
        default=None, description="the column, where it is not called as the attribute"
    )
    nulls: Literal["omit", "clear", "keep"] = Field(
        default="omit",
        description="what a null says: nothing (omit), remove the attribute (clear), as it was last (keep)",
    )


class Person(_Part):
    """Whom a row is about: the one identifier and the column that holds it."""

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
    def kind(self) -> Identifier:
        """Which identifier it is."""
        return next(kind for kind in IDENTIFIERS if kind in self.model_fields_set)

    @property
    def column(self) -> str:
        """The column that holds it."""
        return str(getattr(self, self.kind))


class Event(_Part):
    """What the event is called and when it happened."""

    name: str | None = Field(default=None, description="the name of all of them")
    name_column: str | None = Field(default=None, description="the column with each one's name")
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
    """What stops a push before it sends anything; percentages are of what was accepted before."""

    max_deletes: int | None = Field(default=None, ge=0, description="rows removed at most")
    max_deletes_percent: Percent = Field(default=10.0, description="the same as a share")
    max_creates_percent: Percent | None = Field(
        default=50.0, description="people made at most, as a share of the people in the warehouse"
    )
    max_changes_percent: Percent | None = Field(default=None, description="rows changed at most, as a share")
    min_rows: int = Field(default=0, ge=0, description="rows that the model has at least")


class Deliver(_Part):
    """How rows travel."""

    lane: Literal["auto", "batch", "import"] = Field(
        default="auto", description="batches, or files for an import"
    )
    requests_per_second: float = Field(default=50.0, gt=0, le=1000, description="batches a second at most")
    in_flight: int = Field(default=4, ge=1, le=16, description="batches under way at the same time")
    max_attempts: int = Field(default=5, ge=1, description="tries until a refused row is left alone")
    staging: str | None = Field(
        default=None, description="where import files wait, as s3://bucket/folder; `local` is for a sandbox"
    )


class Confirm(_Part):
    """How arrival is proven."""

    sample: int = Field(default=300, ge=0, le=5_000, description="rows that are read back")
    wait_s: float = Field(
        default=10.0, ge=0, le=600, description="how long to wait for what was sent to show"
    )


class PushSpec(_Part):
    """A sync."""

    sync: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="the sync's name: as the file's")
    description: str = Field(default="", description="what it is for")
    object: Kind = Field(description="what a row is")
    mode: Mode = Field(description="upsert, update_only (make nobody), append, mirror (remove, too)")
    model: Model
    person: Person | None = Field(default=None, description="whom a row is about")
    event: Event | None = None
    key: Annotated[tuple[str, ...], BeforeValidator(_one_as_list)] | None = Field(
        default=None, min_length=1, description="the columns that tell one event from all others"
    )
    device: Device | None = None
    object_type_id: Annotated[str, BeforeValidator(lambda given: str(given))] | None = Field(
        default=None, description="the object type, as Customer.io numbers it"
    )
    object_id: str | None = Field(default=None, description="the column with the object's id")
    segment: int | str | None = Field(default=None, description="a manual segment, by id or by name")
    keep_others: bool = Field(
        default=False, description="a mirror of a segment leaves the members alone that others have added"
    )
    fields: dict[str, Annotated[Attribute, BeforeValidator(_text_as_type)]] = Field(
        default_factory=dict, description="the attributes: a type each, or more"
    )
    unmapped: Literal["refuse", "ignore", "send"] = Field(
        default="refuse",
        description="what to do with columns that are named nowhere; send: by their SQL type",
    )
    after: tuple[str, ...] = Field(default=(), description="syncs that are pushed before this one")
    first_run: Annotated[str, BeforeValidator(_first_run)] = Field(
        default="none", description="of events and segments, what the first run sends: none, all, since DAY"
    )
    brakes: Brakes = Brakes()
    deliver: Deliver = Deliver()
    confirm: Confirm = Confirm()
    schedule: str | None = Field(
        default=None, description="when to push it, as cron writes it", pattern=r"^(\S+ ){4}\S+$"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for fault in (*self._wrong_parts(), *self._wrong_choices(), *self._wrong_fields()):
            raise ValueError(fault)
        return self

    @property
    def keyed_by(self) -> tuple[str, ...]:
        """The columns by which rows are told apart."""
        person = () if self.person is None else (self.person.column,)
        own: dict[Kind, tuple[str | None, ...]] = {
            "event": self.key or (),
            "device": (*person, self.device.token if self.device else None),
            "object": (self.object_id,),
            "relationship": (self.object_id, *person),
        }
        return tuple(column for column in own.get(self.object, person) if column is not None)

    @property
    def target(self) -> str:
        """What rows belong to beside a person; if it changes, nothing of what was sent before is of use."""
        return f"{self.object} {self.object_type_id or self.segment or ''}".strip()

    @property
    def since(self) -> int | None:
        """The moment (Unix s) from which on the first run sends; None for none and all."""
        return moment(self.first_run.split(maxsplit=1)[1]) if self.first_run.startswith("since") else None

    def _wrong_parts(self) -> list[str]:
        needs = _NEEDS[self.object]
        lacking = [name for name in needs if getattr(self, name) is None]
        beyond = [name for name in _PARTS if name not in needs and getattr(self, name) is not None]
        faults = [f"a sync of object {self.object} needs {', '.join(lacking)}"] if lacking else []
        return faults + ([f"a sync of object {self.object} has no {', '.join(beyond)}"] if beyond else [])

    def _wrong_choices(self) -> list[str]:
        faults = []
        if self.mode not in MODES[self.object]:
            modes = ", ".join(MODES[self.object])
            faults.append(f"object {self.object} has no mode {self.mode}; it has {modes}")
        if self.since is not None and self.object != "event":
            faults.append("first_run since is for events, which have a time; use none or all")
        if self.first_run != "none" and self.object not in ("event", "segment"):
            faults.append("first_run is for events and segments; leave it out")
        if (self.object, self.mode) == ("segment", "mirror") and self.first_run != "all":
            faults.append("the mirror of a segment sends from its first run on; say first_run: all")
        if self.keep_others and (self.object, self.mode) != ("segment", "mirror"):
            faults.append("keep_others is for the mirror of a segment; leave it out")
        if self.sync in self.after:
            faults.append("a sync cannot come after itself")
        return faults

    def _wrong_fields(self) -> list[str]:
        faults = []
        if self.fields and self.object in _WITHOUT_FIELDS:
            faults.append(f"object {self.object} has no fields")
        if len(self.fields) > _MOST_FIELDS:
            faults.append(f"{len(self.fields)} fields are more than Customer.io's {_MOST_FIELDS} attributes")
        for name in self.fields:
            if not 0 < len(name.encode()) <= _NAME_BYTES:
                faults.append(f"the field {name[:40]!r} needs a name of 1 to {_NAME_BYTES} bytes")
            if self.object == "person" and self.person and name in (self.person.kind, "cio_id", "_update"):
                faults.append(f"the field {name} is no attribute: it says who the person is, or is reserved")
        return faults
