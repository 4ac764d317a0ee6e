"""How time passes in a workspace.

Time passes in days. A day is planned whole (`DayPlan`): its deliveries and events are taken in as columns
when it begins, and its steps happen one by one when they are due:

    plan the day -> take in sources, deliveries, events -> take steps up to now -> next day

Nothing depends on how often the clock is looked at, so one move of two days and two moves of one day end in
the same workspace.
"""

from collections.abc import Callable, Mapping

import numpy as np

from sources.customerio.sandbox.state.rules.create_export import order_deliveries, order_people
from sources.customerio.sandbox.state.store.activities import RETENTION_S
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.export_file import ExportRules
from sources.customerio.sandbox.state.store.planned_changes import (
    Add,
    AddType,
    Arrive,
    Change,
    DayPlan,
    Edit,
    Join,
    Leave,
    Order,
    PutObject,
    Relate,
    Step,
)
from sources.customerio.sandbox.state.store.scheduler import NEVER
from sources.customerio.sandbox.state.workspace import Workspace

Planner = Callable[[int], DayPlan]


class Timeline:
    """Moves a workspace from its opening on; days count from 0."""

    def __init__(self, workspace: Workspace, opening: DayPlan, plan: Planner) -> None:
        """Start with the opening plan, which ends where day 0 begins."""
        self._workspace = workspace
        self._plan = plan
        self._day = 0
        self._ends = workspace.now
        self._steps: list[Step] = []
        self._next_step = 0
        # Where the world's sources stand among the workspace's, which calls add to as well.
        self._places = np.zeros(0, dtype=np.int64)
        self._take_in(opening)

    def catch_up(self, now: int) -> None:
        """Let everything happen that is due by `now`; an earlier instant changes nothing."""
        while self._ends <= now:
            self._take_steps(self._ends - 1)
            self._take_in(self._plan(self._day))
            self._day += 1
        self._take_steps(now)
        self._workspace.now = max(self._workspace.now, now)

    def _take_in(self, plan: DayPlan) -> None:
        begins, self._ends = self._ends, plan.ends
        self._steps, self._next_step = plan.steps, 0
        workspace = self._workspace
        workspace.day_ends = plan.ends
        places = [workspace.deliveries.add_source(source) for source in plan.sources]
        self._places = np.concatenate([self._places, np.array(places, dtype=np.int64)])
        gone = np.fromiter(workspace.people.gone, dtype=np.int64, count=len(workspace.people.gone))
        if plan.deliveries:
            rows = {**plan.deliveries, "source": self._places[plan.deliveries["source"]]}
            unwanted = np.isin(rows["person"], gone)
            unwanted |= np.isin(rows["source"], list(workspace.gone_sources))
            workspace.deliveries.extend(_pick(rows, ~unwanted))
        if plan.lively:
            events, echoes = self._coded(plan), workspace.echoes.of_day(begins, plan.ends)
            both = {name: np.concatenate([events[name], echoes[name]]) for name in echoes}
            workspace.activities.extend(_pick(both, ~np.isin(both["person"], gone)))
            workspace.activities.trim(begins - RETENTION_S)

    def _coded(self, plan: DayPlan) -> Mapping[str, Array]:
        """The plan's events, with labels as the log's codes."""
        log = self._workspace.activities
        types = np.array([log.type_code(kind) for kind, _ in plan.labels])
        names = np.array([-1 if name is None else log.name_code(name) for _, name in plan.labels])
        label = plan.events["label"]
        rest = {name: array for name, array in plan.events.items() if name != "label"}
        return {**rest, "type": types[label], "name": names[label], "delivery": np.full(len(label), -1)}

    def _take_steps(self, until: int) -> None:
        """Steps and what calls have put on the agenda, in the order of their instants."""
        workspace, agenda = self._workspace, self._workspace.agenda
        while True:
            step = self._steps[self._next_step] if self._next_step < len(self._steps) else None
            planned = NEVER if step is None else step.at
            due = min(planned, agenda.next_at)
            if due > until:
                return
            workspace.now = max(workspace.now, due)
            if step is None or agenda.next_at < planned:
                agenda.run_next()
            else:
                self._next_step += 1
                _take(workspace, step)


def _take(workspace: Workspace, step: Step) -> None:
    """Do one step; one that concerns somebody or something that is gone does nothing."""
    match step:
        case Arrive():
            workspace.arrive(step.person, noted=step.noted)
        case Change():
            if (person := workspace.people.get(step.number)) is not None:
                workspace.set_attributes(person, {step.name: step.value}, step.at)
        case Leave():
            if (person := workspace.people.get(step.number)) is not None:
                workspace.leave(person, step.how, step.at)
        case Join():
            if step.segment_id in workspace.tables["segments"] and workspace.people.get(step.number):
                workspace.segments.set_member(step.segment_id, step.number, member=step.member)
        case Add():
            workspace.add_record(step.table, step.fields, step.at)
        case Edit():
            if step.id in workspace.tables[step.table]:
                workspace.edit_record(step.table, step.id, step.fields, step.at)
        case AddType():
            workspace.objects.types[step.record["id"]] = dict(step.record)
        case PutObject():
            workspace.objects.put(step.type_id, step.id, step.attributes, step.at)
        case Relate():
            if workspace.people.get(step.number) is not None:
                workspace.objects.join(step.type_id, step.id, step.number, step.attributes, step.at)
        case Order():
            make = order_people if step.type == "customers" else order_deliveries
            make(workspace, step.body, ExportRules(fails=step.fails), step.description)


def _pick(rows: Mapping[str, Array], mask: Array) -> dict[str, Array]:
    return {name: array[mask] for name, array in rows.items()}
