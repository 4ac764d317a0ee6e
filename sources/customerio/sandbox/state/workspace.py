"""The workspace: all its data at one instant, and the changes that have effects on several parts of it.

It knows neither HTTP nor the clock: `rules.timeline` moves it forward, `rules.admin` edits it for tests and
users.
"""

from collections.abc import Callable, Iterable, Mapping

from sources.customerio.sandbox.state.store.activities import Activities
from sources.customerio.sandbox.state.store.activity_view import ActivityView
from sources.customerio.sandbox.state.store.anonymous import Anonymous
from sources.customerio.sandbox.state.store.deliveries import ContentOverrides, Deliveries
from sources.customerio.sandbox.state.store.delivery_activities import DeliveryActivities
from sources.customerio.sandbox.state.store.delivery_view import DeliveryView
from sources.customerio.sandbox.state.store.exports import Exports
from sources.customerio.sandbox.state.store.ids import WorkspaceIds, workspace_id
from sources.customerio.sandbox.state.store.imports import Imports
from sources.customerio.sandbox.state.store.objects import Objects
from sources.customerio.sandbox.state.store.optouts import Optouts
from sources.customerio.sandbox.state.store.outcomes import DrawOutcomes, always_delivered
from sources.customerio.sandbox.state.store.people import People, Person, Record, RemovalReason
from sources.customerio.sandbox.state.store.records import RECORD_KINDS, Table
from sources.customerio.sandbox.state.store.scheduler import Scheduler
from sources.customerio.sandbox.state.store.segments import Segments
from sources.customerio.sandbox.state.store.write_queue import WriteQueue


class Workspace:
    """One workspace as of `now` (Unix seconds)."""

    def __init__(
        self, *, seed: int, region: str, now: int, draw_outcomes: DrawOutcomes = always_delivered
    ) -> None:
        self.id = workspace_id(seed)
        self.region = region
        # All workspaces of the account, this one among them, as of now.
        self.account: Callable[[], Iterable[Workspace]] = lambda: [self]
        self.now = now
        self.people = People()
        self.activities = Activities()
        self.segments = Segments(self.people, self.activities, lambda: self.now)
        self.tables = {
            name: self.segments.table if name == "segments" else Table(kind)
            for name, kind in RECORD_KINDS.items()
        }
        self.deliveries = Deliveries()
        self.optouts = Optouts()
        self.exports = Exports()
        self.objects = Objects()
        self.anonymous = Anonymous()
        self.event_ids: set[str] = set()  # ULIDs of events: a repeated one is ignored [track26]
        self.forms: set[str] = set()
        self.write_queue = WriteQueue()
        self.imports = Imports()
        self.newsletter_filters: dict[int, Record] = {}  # recipients of newsletters that calls create
        self.scheduled_newsletters: set[int] = set()  # sent or scheduled by calls
        self.journeys: dict[int, set[int]] = {}  # by campaign, the people who started it by an operation
        self.deleted_sources: set[int] = set()
        self.unsuppressed: set[tuple[str, str]] = set()  # (type, address) removed from the provider's lists
        self.data_index: dict[str, dict[str, Record]] = {"attributes": {}, "events": {}}
        self.draw_outcomes = draw_outcomes
        self.content_overrides: dict[int, ContentOverrides] = {}  # by delivery number
        self.scheduler = Scheduler()
        self.day_ends = now  # where the planned day ends
        self.ids = WorkspaceIds(seed)
        self.delivery_view = DeliveryView(self.deliveries, self.people, self.ids)
        self.activity_view = ActivityView(self.activities, self.deliveries, self.people, self.ids)
        self.delivery_activities = DeliveryActivities(self.deliveries, self.activities)

    def set_attributes(
        self, person: Person, values: Mapping[str, str | None], at: int, *, arrived: int | None = None
    ) -> None:
        """Set attributes of a person, log the change, and evaluate segments.

        `at` is the time of the change, `arrived` the time at which it is visible, by default the same.

        Raises:
            BadRequest: another person has one of the identifiers.
        """
        changes = self.people.set_attributes(person, values, at)
        if not changes:
            return
        data = {name: {"from": old, "to": new} for name, (old, new) in changes.items()}
        self.activities.append(
            "attribute_change", at, person.number, data, next(iter(changes)), arrived=arrived
        )
        self.segments.update_person(person, changes)

    def add_person(self, person: Person, *, logged: bool) -> None:
        """Add a person and evaluate segments; `logged` adds the activity `profile_create`."""
        self.people.add(person)
        self.segments.update_person(person)
        if logged:
            self.activities.append("profile_create", person.created_at, person.number, {})

    def remove_person(self, person: Person, reason: RemovalReason, at: int) -> None:
        """Delete or suppress a person; memberships, relationships and planned deliveries go too."""
        self.segments.remove_person(person.number)
        self.objects.remove_person(person.number)
        self.anonymous.remove_person(person.number)
        self.optouts.remove_person(person.number)
        self.people.remove(person, reason, at)
        self.deliveries.drop_future(at, person=person.number)
        self.activities.drop_future(at, person=person.number)
        if reason == "deleted":
            self.activities.append("profile_delete", at, person.number, {})

    def add_record(self, table: str, fields: Record, at: int) -> int:
        """Add a record; returns its id."""
        if table == "segments":
            return self.segments.add(dict(fields), at)
        return self.tables[table].add(dict(fields), at)

    def edit_record(self, table: str, record_id: int, fields: Record, at: int) -> None:
        """Edit a record; NotFound if there is no such id."""
        if table == "segments":
            self.segments.edit(record_id, fields, at)
        else:
            self.tables[table].edit(record_id, fields, at)

    def delete_record(self, table: str, record_id: int, at: int) -> None:
        """Delete a record with its children and its planned deliveries; past deliveries stay."""
        if table == "segments":
            self.segments.delete(record_id)
            return
        self.tables[table].delete(record_id)
        self._delete_children(table, record_id)
        key = RECORD_KINDS[table].source_key
        if key is not None:
            sources = self.deliveries.sources
            deleted = [index for index, source in enumerate(sources) if getattr(source, key) == record_id]
            self.deleted_sources.update(deleted)
            dropped = self.deliveries.drop_future(at, sources=deleted)
            self.activities.drop_future(at, deliveries=dropped.tolist())

    def _delete_children(self, table: str, record_id: int) -> None:
        for kind in RECORD_KINDS.values():
            if kind.parent is not None and kind.parent[0] == table:
                rows = self.tables[kind.table]
                for child in [int(row["id"]) for row in rows if row[kind.parent[1]] == record_id]:
                    rows.delete(child)
