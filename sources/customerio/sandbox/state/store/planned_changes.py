"""Planned changes of a workspace as data: the world plans them, `rules.timeline` applies them when due."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import Source
from sources.customerio.sandbox.state.store.exports import ExportType
from sources.customerio.sandbox.state.store.people import Person, Record, RemovalReason


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatePerson:
    """Create a person; `logged` adds the activity `profile_create`."""

    at: int
    person: Person
    logged: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAttribute:
    """Set an attribute of a person; None removes it."""

    at: int
    number: int
    name: str
    value: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovePerson:
    """Delete or suppress a person."""

    at: int
    number: int
    reason: RemovalReason


@dataclass(frozen=True, kw_only=True, slots=True)
class SetMembership:
    """Add a person to a manual segment, or remove one from it."""

    at: int
    segment_id: int
    number: int
    member: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class SetOptout:
    """Opt a person out of a sender's messages, or in again."""

    at: int
    number: int
    sender: str
    channel: str = "sms"
    optout: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class AddRecord:
    """Add a record to a table."""

    at: int
    table: str
    fields: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class EditRecord:
    """Edit a record, if it still exists."""

    at: int
    table: str
    id: int
    fields: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderExport:
    """Create an export, as in Customer.io's user interface."""

    at: int
    type: ExportType
    body: Record
    description: str
    fails: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AddObjectType:
    """Create an object type, as in Customer.io's user interface."""

    at: int
    record: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class PutObject:
    """Add an object, or set its attributes."""

    at: int
    type_id: str
    id: str
    attributes: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class RelatePerson:
    """Relate a person to an object, if both still exist."""

    at: int
    type_id: str
    id: str
    number: int
    attributes: Record


PlannedChange = (
    CreatePerson
    | SetAttribute
    | RemovePerson
    | SetMembership
    | SetOptout
    | AddRecord
    | EditRecord
    | OrderExport
    | AddObjectType
    | PutObject
    | RelatePerson
)


@dataclass(frozen=True, kw_only=True)
class DayPlan:
    """One day: new sources, changes by time, deliveries and events as columns.

    `labels` are the (type, name) pairs that the events' column `label` indexes. `has_activities` is False for
    days whose activities are older than readers can see.
    """

    ends: int
    has_activities: bool = False
    labels: tuple[tuple[str, str | None], ...] = ()
    sources: tuple[Source, ...] = ()
    changes: list[PlannedChange] = field(default_factory=list)
    deliveries: Mapping[str, Array] = field(default_factory=dict)
    events: Mapping[str, Array] = field(default_factory=dict)
