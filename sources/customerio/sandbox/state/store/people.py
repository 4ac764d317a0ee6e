"""People: their identifiers and attributes, suppressed identifiers, and tombstones of removed people.

A person's number is internal: it determines the `cio_id` and the order of lists. After a person is deleted,
deliveries and activities show the `cio_id` alone; after a person is suppressed, they are anonymous.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.ids import cio_id

Record = dict[str, Any]
AttributeChange = tuple[int, str, str]
"""(when, from, to): a change of an attribute, "" for one that is not set."""
RemovalReason = Literal["deleted", "suppressed"]

# The world numbers its people from 0; people added by calls are numbered from here on.
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
    history: dict[str, list[AttributeChange]] | None = None  # changes since the creation, by attribute

    @property
    def cio_id(self) -> str:
        """Customer.io's identifier, which never changes."""
        return cio_id(self.number)

    @property
    def identifiers(self) -> Record:
        """`{cio_id, email, id}`; an identifier that is not set is null."""
        return {"cio_id": self.cio_id, "email": self.email, "id": self.id}

    @property
    def edited_at(self) -> int:
        """When the profile was last changed; older updates are ignored [track26]."""
        return max(self.changed.values(), default=self.created_at)

    def attribute(self, name: str) -> str | None:
        """The value of an attribute or identifier, None if it is not set."""
        if name in IDENTIFIERS:
            return getattr(self, name)  # type: ignore[no-any-return]
        return self.attributes.get(name)

    def changes(self, name: str) -> list[AttributeChange]:
        """The changes of an attribute or identifier, oldest first; the first value is a change too."""
        since = self.history.get(name, []) if self.history else []
        first = since[0][1] if since else self.attribute(name) or ""
        return [(self.created_at, "", first), *since] if first else since

    def email_at(self, at: int) -> str | None:
        """The email address that the person had at an instant."""
        for until, address in self.former_emails:
            if at < until:
                return address
        return self.email

    def profile(self) -> Record:
        """The profile as `POST /customers/attributes` shows it: values are text [live-airbyte]."""
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
class Tombstone:
    """A removed person: the last profile, the reason, and when."""

    person: Person
    reason: RemovalReason
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
        # A suppressed identifier to all that were suppressed with it.
        self._suppressed: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}
        self.tombstones: dict[int, Tombstone] = {}

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[Person]:
        return (self._by_number[number] for number in self._order())

    def after(self, number: int) -> Iterator[Person]:
        """The people after a number, in list order."""
        order = self._order()
        return (self._by_number[n] for n in order[bisect_right(order, number) :])

    def get(self, number: int) -> Person | None:
        """The person of a number, None if it is unknown or removed."""
        return self._by_number.get(number)

    def find(self, value: str, id_type: str = "id") -> Person | None:
        """The person with an identifier, None if there is none; BadRequest for an unknown `id_type`."""
        if id_type == "id":
            return self._by_id.get(value)
        if id_type == "email":
            return self._by_email.get(value.lower())
        if id_type == "cio_id":
            return self._by_cio_id.get(value)
        msg = f"id_type {id_type!r} is not enabled in this workspace: use id, email or cio_id"
        raise BadRequest(msg)

    def must_find(self, value: str, id_type: str = "id") -> Person:
        """Like `find`, but NotFound if there is no such person."""
        person = self.find(value, id_type)
        if person is None:
            msg = "customer not found"
            raise NotFound(msg)
        return person

    def identifiers(self, number: int) -> Record | None:
        """The identifiers that a delivery or activity shows; None if the person was suppressed."""
        person = self._by_number.get(number)
        if person is not None:
            return person.identifiers
        tombstone = self.tombstones.get(number)
        if tombstone is None or tombstone.reason == "suppressed":
            return None
        return {"cio_id": tombstone.person.cio_id, "email": None, "id": None}

    def add(self, person: Person) -> None:
        """Add a profile; its identifiers must be unused."""
        self._by_number[person.number] = person
        self._by_cio_id[person.cio_id] = person
        self._index(person)
        self._numbers = None

    def next_number(self) -> int:
        """The number of the next person that is added by a call."""
        self._next_added += 1
        return self._next_added - 1

    def set_attributes(
        self, person: Person, values: Mapping[str, str | None], at: int
    ) -> dict[str, tuple[str, str]]:
        """Set attributes and identifiers; None and "" remove one. Returns the changes, as name to (from, to).

        Raises:
            BadRequest: another person has one of the identifiers.
        """
        changes: dict[str, tuple[str, str]] = {}
        self.check_identifiers_free(person, values)
        for name, value in values.items():
            old, new = person.attribute(name) or "", value or ""
            if old == new or name == "cio_id":
                continue
            changes[name] = (old, new)
            person.history = person.history if person.history is not None else {}
            person.history.setdefault(name, []).append((at, old, new))
            person.changed[name] = at
            if name in IDENTIFIERS:
                self._reidentify(person, name, value or None, at)
            elif new:
                person.attributes[name] = new
            else:
                person.attributes.pop(name, None)
        return changes

    def remove(self, person: Person, reason: RemovalReason, at: int) -> None:
        """Remove a person, who leaves a `Tombstone`; suppressing blocks the identifiers too."""
        self._unindex(person)
        del self._by_cio_id[person.cio_id]
        del self._by_number[person.number]
        self._numbers = None
        self.tombstones[person.number] = Tombstone(person, reason, at)
        if reason == "suppressed":
            self.suppress(id=person.id, email=person.email)

    def suppress(self, **identifiers: str | None) -> None:
        """Block identifiers, which a person may have or not; writes that name one are ignored [track26]."""
        together = frozenset(_folded(name, value) for name, value in identifiers.items() if value)
        self._suppressed |= dict.fromkeys(together, together)

    def unsuppress(self, name: str, value: str) -> None:
        """Allow an identifier again, with those that were suppressed with it; no profile is restored."""
        for identifier in self._suppressed.get(_folded(name, value), ()):
            self._suppressed.pop(identifier, None)

    def is_suppressed(self, name: str, value: str) -> bool:
        """True if an identifier is suppressed."""
        return bool(self._suppressed) and _folded(name, value) in self._suppressed

    def check_identifiers_free(self, person: Person, values: Mapping[str, str | None]) -> None:
        """BadRequest if another person has one of the identifiers."""
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
    """An identifier in the form in which it is compared: emails in lower case."""
    return name, value.lower() if name == "email" else value
