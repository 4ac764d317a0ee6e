"""What happens in a workspace, as data: the world plans steps, the workspace takes them when they are due."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import Source
from sources.customerio.sandbox.state.store.exports import ExportType
from sources.customerio.sandbox.state.store.people import Departure, Person, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrive:
    """A person is created; `noted` writes the activity that says so."""

    at: int
    person: Person
    noted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A person's attribute gets a value (None removes it)."""

    at: int
    number: int
    name: str
    value: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Leave:
    """A person is deleted or suppressed."""

    at: int
    number: int
    how: Departure


@dataclass(frozen=True, kw_only=True, slots=True)
class Join:
    """A person joins (or leaves) a manual segment."""

    at: int
    segment_id: int
    number: int
    member: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Add:
    """A piece of furniture appears."""

    at: int
    table: str
    fields: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A piece of furniture changes, if it is still there."""

    at: int
    table: str
    id: int
    fields: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Somebody orders an export on Customer.io's screens."""

    at: int
    type: ExportType
    body: Record
    description: str
    fails: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AddType:
    """Somebody makes a type of objects on Customer.io's screens."""

    at: int
    record: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class PutObject:
    """An object is made or changed."""

    at: int
    type_id: str
    id: str
    attributes: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Relate:
    """Somebody who is still there is related to an object."""

    at: int
    type_id: str
    id: str
    number: int
    attributes: Record


Step = Arrive | Change | Leave | Join | Add | Edit | Order | AddType | PutObject | Relate


@dataclass(frozen=True, kw_only=True)
class DayPlan:
    """One day: sources that come into being, steps by time, deliveries and events as columns.

    `labels` are the (type, name) that the events' column `label` points into. `lively` says whether the
    day has activities, events as well as what deliveries leave; days that no reader will see need none.
    """

    ends: int
    lively: bool = False
    labels: tuple[tuple[str, str | None], ...] = ()
    sources: tuple[Source, ...] = ()
    steps: list[Step] = field(default_factory=list)
    deliveries: Mapping[str, Array] = field(default_factory=dict)
    events: Mapping[str, Array] = field(default_factory=dict)
