"""Anonymous ids: events and relationships that are sent before their person is identified.

Once a person has the id, the events of the last 30 days and all later ones belong to that person [track26].
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sources.customerio.sandbox.clock import DAY

_KEPT_S = 30 * DAY


@dataclass(slots=True)
class AnonymousProfile:
    """One anonymous id: (time, uid) of its events, its relationships, and the person who has it."""

    events: list[tuple[int, int]] = field(default_factory=list)
    relationships: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    person: int | None = None


class Anonymous:
    """The anonymous ids of a workspace."""

    def __init__(self) -> None:
        self._profiles: dict[str, AnonymousProfile] = {}

    def person(self, anonymous_id: str) -> int | None:
        """The number of the person who has an anonymous id, None if it has no person yet."""
        profile = self._profiles.get(anonymous_id)
        return None if profile is None else profile.person

    def add_event(self, anonymous_id: str, activity: int, at: int) -> None:
        """Keep an event under an anonymous id for a later `identify`; a blank id is ignored [track26]."""
        if anonymous_id:
            self._profile(anonymous_id).events.append((at, activity))

    def add_relationship(
        self, anonymous_id: str, identifiers: dict[str, str], attributes: dict[str, Any]
    ) -> None:
        """Keep a relationship under an anonymous id for a later `identify`."""
        self._profile(anonymous_id).relationships.append((identifiers, attributes))

    def identify(
        self, anonymous_id: str, person: int, now: int
    ) -> tuple[list[int], list[tuple[dict[str, str], dict[str, Any]]]]:
        """Give an anonymous id to a person; returns the uids of its recent events, and its relationships.

        Both are empty if the id is blank or has had a person before.
        """
        profile = self._profile(anonymous_id)
        if not anonymous_id or profile.person is not None:
            return [], []
        profile.person = person
        events = [activity for at, activity in profile.events if at >= now - _KEPT_S]
        relationships = profile.relationships
        profile.events, profile.relationships = [], []
        return events, relationships

    def remove_person(self, person: int) -> None:
        """Take the anonymous ids from a removed person; they cannot be used again [track26]."""
        for profile in self._of_person(person):
            profile.person = _REMOVED

    def _of_person(self, person: int) -> Iterator[AnonymousProfile]:
        return (profile for profile in self._profiles.values() if profile.person == person)

    def _profile(self, anonymous_id: str) -> AnonymousProfile:
        return self._profiles.setdefault(anonymous_id, AnonymousProfile())


_REMOVED = -1
