"""The workspace: everything in it, and what follows when something in it changes.

It knows neither HTTP nor how time passes: `timeline` moves it on, `edits` is how tests and users touch it.
"""

from collections.abc import Mapping

from sources.customerio.sandbox.state.store.activities import Activities
from sources.customerio.sandbox.state.store.activity_view import ActivityRecords
from sources.customerio.sandbox.state.store.anonymous import Anonymous
from sources.customerio.sandbox.state.store.deliveries import Deliveries, Letter
from sources.customerio.sandbox.state.store.delivery_activities import Echoes
from sources.customerio.sandbox.state.store.delivery_view import DeliveryRecords
from sources.customerio.sandbox.state.store.exports import Exports
from sources.customerio.sandbox.state.store.ids import DeliveryIds
from sources.customerio.sandbox.state.store.imports import Imports
from sources.customerio.sandbox.state.store.objects import Objects
from sources.customerio.sandbox.state.store.outcomes import Fates, prompt
from sources.customerio.sandbox.state.store.people import Departure, People, Person, Record
from sources.customerio.sandbox.state.store.records import KINDS, Table
from sources.customerio.sandbox.state.store.scheduler import Agenda
from sources.customerio.sandbox.state.store.segments import Segments
from sources.customerio.sandbox.state.store.write_queue import Inbox


class Workspace:
    """One workspace at one instant, `now` (Unix seconds)."""

    def __init__(self, *, seed: int, region: str, now: int, fates: Fates = prompt) -> None:
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
        self.objects = Objects()
        self.anonymous = Anonymous()
        self.event_ids: set[str] = set()  # ULIDs of events: a repeated one is ignored [track26]
        self.forms: set[str] = set()
        self.inbox = Inbox()
        self.imports = Imports()
        self.gone_sources: set[int] = set()
        self.freed: set[tuple[str, str]] = set()  # (kind, address) taken off the provider's lists
        self.data_index: dict[str, dict[str, Record]] = {"attributes": {}, "events": {}}
        self.fates = fates
        self.letters: dict[int, Letter] = {}  # by delivery number
        self.agenda = Agenda()
        self.day_ends = now  # where the part that the world has planned ends
        self.ids = DeliveryIds(seed)
        self.delivery_records = DeliveryRecords(self.deliveries, self.people, self.ids)
        self.activity_records = ActivityRecords(self.activities, self.deliveries, self.people, self.ids)
        self.echoes = Echoes(self.deliveries, self.activities)

    def set_attributes(
        self, person: Person, values: Mapping[str, str | None], at: int, *, seen: int | None = None
    ) -> None:
        """Change a person; the change is an activity, and segments follow. BadRequest if an id is taken.

        `at` is when it was so, `seen` when it came, if that is not the same.
        """
        changes = self.people.change(person, values, at)
        if not changes:
            return
        data = {name: {"from": old, "to": new} for name, (old, new) in changes.items()}
        self.activities.note("attribute_change", at, person.number, data, next(iter(changes)), arrived=seen)
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
        self.objects.forget(person.number)
        self.anonymous.forget(person.number)
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
        """Take a piece of furniture off with what belongs to it; what it has sent stays, it sends no more."""
        if table == "segments":
            self.segments.delete(record_id)
            return
        self.tables[table].delete(record_id)
        for kind in KINDS.values():
            if kind.parent is not None and kind.parent[0] == table:
                rows = self.tables[kind.table]
                for child in [int(row["id"]) for row in rows if row[kind.parent[1]] == record_id]:
                    rows.delete(child)
        key = KINDS[table].source_key
        if key is None:
            return
        sources = [i for i, source in enumerate(self.deliveries.sources) if getattr(source, key) == record_id]
        self.gone_sources.update(sources)
        self.deliveries.forget_future(at, sources=sources)
