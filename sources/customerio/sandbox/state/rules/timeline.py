"""The timeline moves a workspace forward, day by day.

A day is planned whole (`DayPlan`): its deliveries and events are loaded as columns when it begins, its
changes are applied one by one when they are due:

    plan the day -> load sources, deliveries, events -> apply changes up to now -> next day

The result does not depend on how often the clock is read: one move of two days and two moves of one day end
in the same workspace.
"""

from collections.abc import Callable, Mapping

import numpy as np

from sources.customerio.sandbox.state.rules.create_export import (
    create_deliveries_export,
    create_people_export,
)
from sources.customerio.sandbox.state.store.activities import RETENTION_S
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.export_file import ExportOptions
from sources.customerio.sandbox.state.store.planned_changes import (
    AddObjectType,
    AddRecord,
    CreatePerson,
    DayPlan,
    EditRecord,
    OrderExport,
    PlannedChange,
    PutObject,
    RelatePerson,
    RemovePerson,
    SetAttribute,
    SetMembership,
    SetOptout,
)
from sources.customerio.sandbox.state.store.records import RECORD_KINDS
from sources.customerio.sandbox.state.store.scheduler import NEVER
from sources.customerio.sandbox.state.workspace import Workspace

Planner = Callable[[int], DayPlan]


class Timeline:
    """Moves a workspace from its opening on; days count from 0."""

    def __init__(self, workspace: Workspace, opening: DayPlan, plan: Planner) -> None:
        """Load the opening plan, which ends where day 0 begins."""
        self._workspace = workspace
        self._plan = plan
        self._day = 0
        self._ends = workspace.now
        self._changes: list[PlannedChange] = []
        self._next_change = 0
        # Index of the world's sources among the workspace's, to which calls add sources too.
        self._source_indexes = np.zeros(0, dtype=np.int64)
        self._load(opening)

    def catch_up(self, now: int) -> None:
        """Apply everything that is due by `now`; an earlier instant changes nothing."""
        while self._ends <= now:
            self._apply_changes(self._ends - 1)
            self._load(self._plan(self._day))
            self._day += 1
        self._apply_changes(now)
        self._workspace.now = max(self._workspace.now, now)

    def _load(self, plan: DayPlan) -> None:
        begins, self._ends = self._ends, plan.ends
        self._changes, self._next_change = plan.changes, 0
        workspace = self._workspace
        workspace.day_ends = plan.ends
        indexes = [workspace.deliveries.add_source(source) for source in plan.sources]
        self._source_indexes = np.concatenate([self._source_indexes, np.array(indexes, dtype=np.int64)])
        removed = np.fromiter(
            workspace.people.tombstones, dtype=np.int64, count=len(workspace.people.tombstones)
        )
        if plan.deliveries:
            rows = {**plan.deliveries, "source": self._source_indexes[plan.deliveries["source"]]}
            unwanted = np.isin(rows["person"], removed)
            if workspace.deleted_sources:
                unwanted |= np.isin(rows["source"], list(workspace.deleted_sources))
            workspace.deliveries.extend(_where(rows, ~unwanted))
        if plan.has_activities:
            events, reached = self._coded(plan), workspace.delivery_activities.of_day(begins, plan.ends)
            both = {name: np.concatenate([events[name], reached[name]]) for name in reached}
            workspace.activities.extend(_where(both, ~np.isin(both["person"], removed)))
            workspace.activities.trim(begins - RETENTION_S)

    def _coded(self, plan: DayPlan) -> Mapping[str, Array]:
        """The plan's events, with the activity log's codes in place of labels."""
        log = self._workspace.activities
        types = np.array([log.type_code(kind) for kind, _ in plan.labels])
        names = np.array([-1 if name is None else log.name_code(name) for _, name in plan.labels])
        label = plan.events["label"]
        rest = {name: array for name, array in plan.events.items() if name != "label"}
        return {**rest, "type": types[label], "name": names[label], "delivery": np.full(len(label), -1)}

    def _apply_changes(self, until: int) -> None:
        """Apply planned changes and run scheduled tasks, in the order of their instants."""
        workspace, scheduler = self._workspace, self._workspace.scheduler
        while True:
            change = self._changes[self._next_change] if self._next_change < len(self._changes) else None
            planned = NEVER if change is None else change.at
            due = min(planned, scheduler.next_at)
            if due > until:
                return
            workspace.now = max(workspace.now, due)
            if change is None or scheduler.next_at < planned:
                scheduler.run_next()
            else:
                self._next_change += 1
                _apply(workspace, change)


def _apply(workspace: Workspace, change: PlannedChange) -> None:
    """Apply one change; it has no effect if its person, record or parent does not exist any more."""
    match change:
        case CreatePerson():
            workspace.add_person(change.person, logged=change.logged)
        case SetAttribute():
            if (person := workspace.people.get(change.number)) is not None:
                workspace.set_attributes(person, {change.name: change.value}, change.at)
        case RemovePerson():
            if (person := workspace.people.get(change.number)) is not None:
                workspace.remove_person(person, change.reason, change.at)
        case SetMembership():
            if change.segment_id in workspace.tables["segments"] and workspace.people.get(change.number):
                workspace.segments.set_member(change.segment_id, change.number, member=change.member)
        case SetOptout():
            if workspace.people.get(change.number) is not None:
                workspace.optouts.set(change.number, change.channel, change.sender, optout=change.optout)
        case AddRecord():
            if _has_parent(workspace, change):
                workspace.add_record(change.table, change.fields, change.at)
        case EditRecord():
            if change.id in workspace.tables[change.table]:
                workspace.edit_record(change.table, change.id, change.fields, change.at)
        case AddObjectType():
            workspace.objects.types[change.record["id"]] = dict(change.record)
        case PutObject():
            workspace.objects.put(change.type_id, change.id, change.attributes, change.at)
        case RelatePerson():
            if workspace.people.get(change.number) is not None:
                workspace.objects.put_relationship(
                    change.type_id, change.id, change.number, change.attributes, change.at
                )
        case OrderExport():
            create = create_people_export if change.type == "customers" else create_deliveries_export
            create(workspace, change.body, ExportOptions(fails=change.fails), change.description)


def _has_parent(workspace: Workspace, change: AddRecord) -> bool:
    kind = RECORD_KINDS.get(change.table)
    if kind is None or kind.parent is None:
        return True
    parents, field = kind.parent
    return change.fields[field] in workspace.tables[parents]


def _where(rows: Mapping[str, Array], mask: Array) -> dict[str, Array]:
    return {name: array[mask] for name, array in rows.items()}
