"""What was done before anybody knew by whom: events and relationships under an anonymous id.

Once a person has the id, events of the last 30 days are theirs, and so is what comes later [track26].
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sources.customerio.sandbox.clock import DAY

_KEPT_S = 30 * DAY


@dataclass(slots=True)
class Stranger:
    """What is known of one anonymous id: numbers of activities with their times, objects, and whose it is."""

    events: list[tuple[int, int]] = field(default_factory=list)
    relationships: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    person: int | None = None


class Anonymous:
    """The anonymous ids of a workspace."""

    def __init__(self) -> None:
        self._strangers: dict[str, Stranger] = {}

    def person(self, anonymous_id: str) -> int | None:
        """Whose anonymous id that is, None if nobody's yet."""
        stranger = self._strangers.get(anonymous_id)
        return None if stranger is None else stranger.person

    def did(self, anonymous_id: str, activity: int, at: int) -> None:
        """Remember an activity, so that it can find its person; a blank id is never anybody's."""
        if anonymous_id:
            self._of(anonymous_id).events.append((at, activity))

    def related(self, anonymous_id: str, identifiers: dict[str, str], attributes: dict[str, Any]) -> None:
        """Remember a relationship, so that it can find its person."""
        self._of(anonymous_id).relationships.append((identifiers, attributes))

    def identify(
        self, anonymous_id: str, person: int, now: int
    ) -> tuple[list[int], list[tuple[dict[str, str], dict[str, Any]]]]:
        """Give the id to somebody, unless it is somebody's; answers the activities and relationships."""
        stranger = self._of(anonymous_id)
        if not anonymous_id or stranger.person is not None:
            return [], []
        stranger.person = person
        events = [activity for at, activity in stranger.events if at >= now - _KEPT_S]
        relationships = stranger.relationships
        stranger.events, stranger.relationships = [], []
        return events, relationships

    def forget(self, person: int) -> None:
        """Nobody has the ids of somebody who has left; they are not reusable [track26]."""
        for stranger in self._whose(person):
            stranger.person = _NOBODY

    def _whose(self, person: int) -> Iterator[Stranger]:
        return (stranger for stranger in self._strangers.values() if stranger.person == person)

    def _of(self, anonymous_id: str) -> Stranger:
        return self._strangers.setdefault(anonymous_id, Stranger())


_NOBODY = -1
