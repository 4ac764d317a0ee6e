"""People: who they are, what is known about them, and what is left when they go.

A person's number is the workspace's own row number: it fixes the `cio_id` and the place in every list.
Deleting leaves deliveries and activities with nothing but the `cio_id`; suppressing leaves them anonymous.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.ids import cio_id

Record = dict[str, Any]
Departure = Literal["deleted", "suppressed"]

# The world numbers its people from 0; whoever is added by hand is numbered from here on.
FIRST_ADDED = 1 << 24
IDENTIFIERS = ("cio_id", "id", "email")


@dataclass(slots=True)
class Person:
    """One profile. `attributes` holds everything but the three identifiers, as text."""

    number: int
    created_at: int
    id: str | None = None
    email: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    devices: list[Record] | None = None
    phone: str | None = None
    former_emails: list[tuple[int, str | None]] = field(default_factory=list)

    @property
    def cio_id(self) -> str:
        """Customer.io's own identifier; it never changes."""
        return cio_id(self.number)

    @property
    def identifiers(self) -> Record:
        """`{cio_id, email, id}` with null for what is not set."""
        return {"cio_id": self.cio_id, "email": self.email, "id": self.id}

    @property
    def edited_at(self) -> int:
        """When the profile was last changed; updates that are older than this are ignored [track26]."""
        return max(self.changed.values(), default=self.created_at)

    def attribute(self, name: str) -> str | None:
        """An attribute or identifier, None if not set."""
        if name in IDENTIFIERS:
            return getattr(self, name)  # type: ignore[no-any-return]
        return self.attributes.get(name)

    def email_at(self, at: int) -> str | None:
        """The address that a message sent at that instant went to."""
        for until, address in self.former_emails:
            if at < until:
                return address
        return self.email

    def profile(self) -> Record:
        """The person as `POST /customers/attributes` shows it: not wrapped, values as text [live-airbyte]."""
        attributes: dict[str, str] = {"cio_id": self.cio_id}
        attributes.update({name: value for name in ("id", "email") if (value := self.attribute(name))})
        attributes.update(self.attributes)
        timestamps = {name: self.changed.get(name, self.created_at) for name in attributes}
        if "_cio_subscription_preferences_computed" in timestamps:
            timestamps["_cio_subscription_preferences_computed"] = 0  # computed, never set [spec25]
        return {
            "attributes": attributes,
            "devices": self.devices,
            "id": self.id or "",
            "identifiers": self.identifiers,
            "timestamps": timestamps,
            "unsubscribed": self.attributes.get("unsubscribed") == "true",
        }


@dataclass(frozen=True, slots=True)
class Gone:
    """What is remembered of a person who left."""

    person: Person
    how: Departure
    at: int


class People:
    """The profiles of a workspace, found by number, id, email (any case) or cio_id."""

    def __init__(self) -> None:
        self._by_number: dict[int, Person] = {}
        self._by_id: dict[str, Person] = {}
        self._by_email: dict[str, Person] = {}
        self._by_cio_id: dict[str, Person] = {}
        self._numbers: list[int] | None = None
        self._next_added = FIRST_ADDED
        # A suppressed identifier, and those that were suppressed with it.
        self._suppressed: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}
        self.gone: dict[int, Gone] = {}

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[Person]:
        return (self._by_number[number] for number in self._order())

    def after(self, number: int) -> Iterator[Person]:
        """Everybody in list order behind that number."""
        order = self._order()
        return (self._by_number[n] for n in order[bisect_right(order, number) :])

    def get(self, number: int) -> Person | None:
        """The person of that number, if still there."""
        return self._by_number.get(number)

    def find(self, value: str, id_type: str = "id") -> Person | None:
        """Somebody by one identifier; BadRequest for a type that this workspace does not have."""
        if id_type == "id":
            return self._by_id.get(value)
        if id_type == "email":
            return self._by_email.get(value.lower())
        if id_type == "cio_id":
            return self._by_cio_id.get(value)
        msg = f"id_type {id_type!r} is not enabled in this workspace: use id, email or cio_id"
        raise BadRequest(msg)

    def must_find(self, value: str, id_type: str = "id") -> Person:
        """Like `find`, but NotFound if nobody matches."""
        person = self.find(value, id_type)
        if person is None:
            msg = "customer not found"
            raise NotFound(msg)
        return person

    def identifiers(self, number: int) -> Record | None:
        """How a delivery or activity names its person; None when the person was suppressed."""
        person = self._by_number.get(number)
        if person is not None:
            return person.identifiers
        gone = self.gone.get(number)
        if gone is None or gone.how == "suppressed":
            return None
        return {"cio_id": gone.person.cio_id, "email": None, "id": None}

    def put(self, person: Person) -> None:
        """Add a profile whose identifiers are free."""
        self._by_number[person.number] = person
        self._by_cio_id[person.cio_id] = person
        self._index(person)
        self._numbers = None

    def next_number(self) -> int:
        """A number for somebody who is added by hand."""
        self._next_added += 1
        return self._next_added - 1

    def change(self, person: Person, values: Mapping[str, str | None], at: int) -> dict[str, tuple[str, str]]:
        """Set attributes (None or "" removes); answer what changed, as name to (from, to)."""
        changes: dict[str, tuple[str, str]] = {}
        self.refuse_taken(person, values)
        for name, value in values.items():
            old, new = person.attribute(name) or "", value or ""
            if old == new or name == "cio_id":
                continue
            changes[name] = (old, new)
            person.changed[name] = at
            if name in IDENTIFIERS:
                self._reidentify(person, name, value or None, at)
            elif new:
                person.attributes[name] = new
            else:
                person.attributes.pop(name, None)
        return changes

    def remove(self, person: Person, how: Departure, at: int) -> None:
        """Take somebody off every list; history keeps only what `Gone` says."""
        self._unindex(person)
        del self._by_cio_id[person.cio_id]
        del self._by_number[person.number]
        self._numbers = None
        self.gone[person.number] = Gone(person, how, at)
        if how == "suppressed":
            self.suppress(id=person.id, email=person.email)

    def suppress(self, **identifiers: str | None) -> None:
        """Block identifiers together, whether anybody has them or not; writes that name one are ignored."""
        together = frozenset(_folded(name, value) for name, value in identifiers.items() if value)
        self._suppressed |= dict.fromkeys(together, together)

    def unsuppress(self, name: str, value: str) -> None:
        """Free an identifier and those that were suppressed with it; nobody comes back by that."""
        for identifier in self._suppressed.get(_folded(name, value), ()):
            self._suppressed.pop(identifier, None)

    def is_suppressed(self, name: str, value: str) -> bool:
        """Whether an identifier is blocked."""
        return bool(self._suppressed) and _folded(name, value) in self._suppressed

    def refuse_taken(self, person: Person, values: Mapping[str, str | None]) -> None:
        """BadRequest if somebody else has one of the identifiers."""
        for name in ("id", "email"):
            value = values.get(name)
            holder = self.find(value, name) if value else None
            if holder is not None and holder is not person:
                msg = f"Another person already has this {name}; give an unused one."
                raise BadRequest(msg)

    def _reidentify(self, person: Person, name: str, value: str | None, at: int) -> None:
        self._unindex(person)
        if name == "email":
            person.former_emails.append((at, person.email))
        setattr(person, name, value)
        self._index(person)

    def _index(self, person: Person) -> None:
        if person.id:
            self._by_id[person.id] = person
        if person.email:
            self._by_email[person.email.lower()] = person

    def _unindex(self, person: Person) -> None:
        if person.id:
            self._by_id.pop(person.id, None)
        if person.email:
            self._by_email.pop(person.email.lower(), None)

    def _order(self) -> list[int]:
        if self._numbers is None:
            self._numbers = sorted(self._by_number)
        return self._numbers


def _folded(name: str, value: str) -> tuple[str, str]:
    """An identifier as it is compared: emails in any case."""
    return name, value.lower() if name == "email" else value
