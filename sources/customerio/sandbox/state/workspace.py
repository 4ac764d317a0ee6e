"""The workspace: everything in it, and what follows when something in it changes.

It knows neither HTTP nor how time passes: `timeline` moves it on, `edits` is how tests and users touch it.
"""

from collections.abc import Mapping

from sources.customerio.sandbox.state.activities import Activities
from sources.customerio.sandbox.state.activity_record import ActivityRecords
from sources.customerio.sandbox.state.deliveries import Deliveries
from sources.customerio.sandbox.state.delivery_record import DeliveryRecords
from sources.customerio.sandbox.state.exports import Exports
from sources.customerio.sandbox.state.furniture import KINDS, Table
from sources.customerio.sandbox.state.ids import DeliveryIds
from sources.customerio.sandbox.state.people import Departure, People, Person, Record
from sources.customerio.sandbox.state.segments import Segments

_CHILDREN = {
    "campaigns": ("campaign_actions", "campaign_id"),
    "broadcasts": ("broadcast_actions", "broadcast_id"),
}
_SOURCE_KEYS = {
    "campaigns": "campaign_id",
    "campaign_actions": "action_id",
    "broadcasts": "broadcast_id",
    "broadcast_actions": "action_id",
    "newsletters": "newsletter_id",
}


class Workspace:
    """One workspace at one instant, `now` (Unix seconds)."""

    def __init__(self, *, seed: int, region: str, now: int) -> None:
        self.region = region
        self.now = now
        self.people = People()
        self.segments = Segments()
        self.tables = {
            name: self.segments.table if name == "segments" else Table(kind) for name, kind in KINDS.items()
        }
        self.deliveries = Deliveries()
        self.activities = Activities()
        self.exports = Exports()
        self.gone_sources: set[int] = set()
        self.ids = DeliveryIds(seed)
        self.delivery_records = DeliveryRecords(self.deliveries, self.people, self.ids)
        self.activity_records = ActivityRecords(self.activities, self.deliveries, self.people, self.ids)

    def set_attributes(self, person: Person, values: Mapping[str, str | None], at: int) -> None:
        """Change a person; the change is an activity, and segments follow. BadRequest if an id is taken."""
        changes = self.people.change(person, values, at)
        if not changes:
            return
        data = {name: {"from": old, "to": new} for name, (old, new) in changes.items()}
        self.activities.note("attribute_change", at, person.number, data, next(iter(changes)))
        self.segments.follow(person, changes)

    def arrive(self, person: Person, *, noted: bool) -> None:
        """Let somebody in; `noted` writes the activity that says so."""
        self.people.put(person)
        self.segments.follow(person)
        if noted:
            self.activities.note("profile_create", person.created_at, person.number, {})

    def leave(self, person: Person, how: Departure, at: int) -> None:
        """Delete or suppress somebody: nothing more is sent to them, and history forgets who they were."""
        self.segments.forget(person.number)
        self.people.remove(person, how, at)
        self.deliveries.forget_future(at, person=person.number)
        self.activities.forget_future(at, person.number)
        if how == "deleted":
            self.activities.note("profile_delete", at, person.number, {})

    def add_record(self, table: str, fields: Record, at: int) -> int:
        """Make a piece of furniture; answers its id."""
        if table == "segments":
            return self.segments.add(dict(fields), at, self.people)
        return self.tables[table].add(dict(fields), at)

    def edit_record(self, table: str, record_id: int, fields: Record, at: int) -> None:
        """Change a piece of furniture; NotFound if it is gone."""
        if table == "segments":
            self.segments.edit(record_id, fields, at, self.people)
        else:
            self.tables[table].edit(record_id, fields, at)

    def delete_record(self, table: str, record_id: int, at: int) -> None:
        """Take a piece of furniture off, its actions too; what it has sent stays, and it sends no more."""
        if table == "segments":
            self.segments.delete(record_id)
            return
        self.tables[table].delete(record_id)
        if table in _CHILDREN:
            child, parent = _CHILDREN[table]
            for action_id in [int(row["id"]) for row in self.tables[child] if row[parent] == record_id]:
                self.tables[child].delete(action_id)
        key = _SOURCE_KEYS[table]
        sources = [i for i, source in enumerate(self.deliveries.sources) if getattr(source, key) == record_id]
        self.gone_sources.update(sources)
        self.deliveries.forget_future(at, sources=sources)
