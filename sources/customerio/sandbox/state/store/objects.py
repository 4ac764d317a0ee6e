"""Custom objects, such as companies or courses, and the relationships of people to them.

Object types are made in Customer.io's user interface alone; objects and relationships also through the Track
API. An object is found by (type, id) or by its `cio_object_id`, which never changes. Its relationships are
deleted with it [track26].
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sources.customerio.sandbox.state.store.errors import NotFound
from sources.customerio.sandbox.state.store.people import Record


@dataclass(slots=True)
class Relationship:
    """The attributes of one person's relationship to one object, and when each was set."""

    attributes: Record = field(default_factory=dict)
    timestamps: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Object:
    """One object; unlike people's, its attributes keep their JSON types. `related` is by person number."""

    number: int
    type_id: str
    id: str
    created_at: int
    attributes: Record = field(default_factory=dict)
    timestamps: dict[str, int] = field(default_factory=dict)
    related: dict[int, Relationship] = field(default_factory=dict)

    @property
    def cio_id(self) -> str:
        """Customer.io's own identifier, like `obb7fd050101`."""
        return f"ob{0xB7FD050101 + self.number * 0x1001:010x}"

    @property
    def identifiers(self) -> Record:
        """`{object_id, cio_object_id}`."""
        return {"object_id": self.id, "cio_object_id": self.cio_id}

    def record(self) -> Record:
        """The object as `GET /objects/{type}/{id}/attributes` shows it."""
        return {
            "attributes": dict(self.attributes),
            "timestamps": dict(self.timestamps),
            "identifiers": self.identifiers,
            "object_type_id": self.type_id,
        }


def set_values(values: Record, times: dict[str, int], given: Mapping[str, Any], at: int) -> Record:
    """Set attributes; null and "" remove one [track26]. Returns the changes, as name to {from, to}."""
    changes: Record = {}
    for name, value in given.items():
        old, new = values.get(name, ""), "" if value is None else value
        if old == new:
            continue
        changes[name] = {"from": old, "to": new}
        if new == "":
            values.pop(name, None)
            times.pop(name, None)
        else:
            values[name], times[name] = new, at
    return changes


class Objects:
    """The types, objects and relationships of a workspace."""

    def __init__(self) -> None:
        self.types: dict[str, Record] = {}
        self._objects: dict[tuple[str, str], Object] = {}
        self._by_cio_id: dict[str, Object] = {}
        self._of_person: dict[int, set[tuple[str, str]]] = {}
        self._deleted: list[tuple[int, int]] = []  # (created, deleted)
        self._next = 0

    def __iter__(self) -> Iterator[Object]:
        return iter(self._objects.values())

    def type(self, type_id: str) -> Record:
        """A type; NotFound if there is none."""
        if type_id not in self.types:
            msg = f"object type with id {type_id} does not exist"
            raise NotFound(msg)
        return self.types[type_id]

    def of_type(self, type_id: str) -> list[Object]:
        """The objects of a type, oldest first; NotFound if there is no such type."""
        self.type(type_id)
        return [found for found in self if found.type_id == type_id]

    def find(self, identifiers: Mapping[str, str]) -> Object | None:
        """An object by `cio_object_id`, or by `object_type_id` and `object_id`."""
        cio_id = identifiers.get("cio_object_id")
        if cio_id is not None:
            return self._by_cio_id.get(cio_id)
        return self._objects.get((identifiers["object_type_id"], identifiers["object_id"]))

    def add(self, type_id: str, object_id: str, at: int) -> Object:
        """Add an object; its type must exist and its id be unused."""
        added = Object(self._next, type_id, object_id, at)
        self._next += 1
        self._objects[type_id, object_id] = self._by_cio_id[added.cio_id] = added
        return added

    def put(self, type_id: str, object_id: str, attributes: Record, at: int) -> None:
        """Add an object, or set its attributes, without an activity."""
        found = self._objects.get((type_id, object_id)) or self.add(type_id, object_id, at)
        set_values(found.attributes, found.timestamps, attributes, at)

    def put_relationship(
        self, type_id: str, object_id: str, number: int, attributes: Record, at: int
    ) -> None:
        """Add a relationship, or set its attributes, without an activity; no effect if the object is gone."""
        found = self._objects.get((type_id, object_id))
        if found is not None:
            relationship, _ = self.relate(found, number)
            set_values(relationship.attributes, relationship.timestamps, attributes, at)

    def delete(self, found: Object, at: int) -> None:
        """Delete an object and its relationships."""
        for number in found.related:
            self._of_person[number].discard((found.type_id, found.id))
        del self._objects[found.type_id, found.id], self._by_cio_id[found.cio_id]
        self._deleted.append((found.created_at, at))

    def relate(self, found: Object, number: int) -> tuple[Relationship, bool]:
        """The relationship of a person to an object, made if there is none, and True if it is new."""
        new = number not in found.related
        if new:
            found.related[number] = Relationship()
            self._of_person.setdefault(number, set()).add((found.type_id, found.id))
        return found.related[number], new

    def unrelate(self, found: Object, number: int) -> bool:
        """Delete a relationship; False if there was none."""
        self._of_person.get(number, set()).discard((found.type_id, found.id))
        return found.related.pop(number, None) is not None

    def of_person(self, number: int) -> list[Object]:
        """The objects that a person is related to, oldest first."""
        keys = self._of_person.get(number, ())
        return sorted((self._objects[key] for key in keys), key=lambda found: found.number)

    def remove_person(self, number: int) -> None:
        """Delete all relationships of a removed person."""
        for found in self.of_person(number):
            self.unrelate(found, number)

    def reassign(self, number: int, to: int) -> None:
        """Give the relationships of person `number` to person `to`, whose own ones stay unchanged."""
        for found in self.of_person(number):
            old = found.related[number]
            relationship, new = self.relate(found, to)
            if new:
                relationship.attributes, relationship.timestamps = old.attributes, old.timestamps

    def count_at(self, instant: int) -> int:
        """The number of objects that existed at an instant."""
        alive: Iterable[tuple[int, int]] = ((found.created_at, instant + 1) for found in self)
        return sum(made <= instant < ended for made, ended in (*alive, *self._deleted))
