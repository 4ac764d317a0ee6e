"""The planner of a world: its opening and every day, from (seed, scale, start) alone.

The days before the start and after it come from the same generators, and no day depends on another one. So a
world is the same no matter in which steps its clock was moved.
"""

import pickle
from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.filters import all_people
from sources.customerio.sandbox.state.store.ids import workspace_id
from sources.customerio.sandbox.state.store.planned_changes import (
    AddRecord,
    CreatePerson,
    DayPlan,
    EditRecord,
    OrderExport,
    PlannedChange,
)
from sources.customerio.sandbox.state.store.records import UNSCHEDULED
from sources.customerio.sandbox.world import behaviour, design_studio, optouts, vocabulary, workspace_records
from sources.customerio.sandbox.world.contents import newsletter, winner
from sources.customerio.sandbox.world.objects import ObjectPlanner
from sources.customerio.sandbox.world.opening import EMPTY_SEGMENT, FIRST_BROADCAST, plan_opening
from sources.customerio.sandbox.world.outcomes import CHANNELS, NORMALS, UNIFORMS, Outcomes
from sources.customerio.sandbox.world.population import Population
from sources.customerio.sandbox.world.scale import Scale
from sources.customerio.sandbox.world.sends import BROADCAST_HOUR, SendPlanner

# Activities are kept for 30 days; two more days, because events are backdated.
_LIVELY_DAYS = 32
# Streams of random numbers: of a day's behaviour, of its deliveries, of deliveries that requests create.
_BEHAVIOUR, _DELIVERIES, _REQUESTS = 0, 1, 2
_TRIGGER_TAKES_S = 20
_FOUNDED_APART_S, _FOUNDED_WITHIN_S = 100_003, 20 * DAY
_EDIT_ACTION_EVERY, _EDIT_CAMPAIGN_EVERY, _NEW_CAMPAIGN_EVERY = 9, 14, 40
# Many sandboxes of a process, and each reset, begin with the same days: those of small worlds are kept.
_SMALL, _MOST_PACKED = 1_000, 4_000
_PACKED: dict[tuple[tuple[int, int], Scale, int, int], bytes] = {}


class World:
    """One world. Day 0 begins at `genesis`; the clock's start lies in day `scale.history_days`."""

    def __init__(self, *, seed: int, scale: Scale, start: int) -> None:
        self.genesis = start - start % DAY - scale.history_days * DAY
        # Records of two workspaces that have the same small ids were made at different times.
        self._founded = self.genesis - 1 - (seed - 1) * _FOUNDED_APART_S % _FOUNDED_WITHIN_S
        self._scale = scale
        self._entropy = (seed, crc32(scale.name.encode()))
        self._population = Population(seed, scale, self.genesis)
        self._objects = ObjectPlanner(scale, self._population.before(0))
        self._opening = plan_opening(scale, self._founded, workspace_id(seed))
        self._sends = SendPlanner(
            scale, self.genesis, self._opening, self._population, lambda day: self._rng(day, _DELIVERIES)
        )

    def opening(self) -> DayPlan:
        """The plan of all that exists when day 0 begins."""
        arrivals = [CreatePerson(at=p.created_at, person=p, logged=False) for p in self._population.initial()]
        changes: list[PlannedChange] = [
            *arrivals,
            *self._opening.steps,
            *self._objects.opening(self.genesis - 1),
            *optouts.opening(self._population.before(0), self.genesis - 1),
            *design_studio.opening(self.genesis - 1),
        ]
        return DayPlan(ends=self.genesis, sources=tuple(self._opening.sources), changes=changes)

    def plan(self, day: int) -> DayPlan:
        """The plan of one day, a new one at each call: a workspace changes the people and records in it."""
        if self._scale.deliveries > _SMALL:
            return self._planned(day)
        key = (self._entropy, self._scale, self.genesis, day)
        packed = _PACKED.get(key)
        if packed is None:
            if len(_PACKED) >= _MOST_PACKED:
                _PACKED.clear()
            packed = _PACKED[key] = pickle.dumps(self._planned(day))
        plan: DayPlan = pickle.loads(packed)  # noqa: S301 - written by this process
        return plan

    def _planned(self, day: int) -> DayPlan:
        begins, people = self.genesis + day * DAY, self._population.before(day)
        rng = self._rng(day, _BEHAVIOUR)
        lively = day >= self._scale.history_days - _LIVELY_DAYS
        changes: list[PlannedChange] = [
            *(
                CreatePerson(at=p.created_at, person=p, logged=lively)
                for p in self._population.arrivals(day, rng)
            ),
            *behaviour.departures(day, begins, people, self._scale, rng),
            *behaviour.joins(day, begins, people, rng),
            *self._newsletter_changes(day, begins),
            *self._broadcast_triggers(day, begins),
            *self._campaign_changes(day, begins),
            *workspace_records.daily_changes(day, begins, self._founded),
            *self._export_requests(day, begins),
            *self._objects.daily(day, begins),
            *optouts.daily(day, begins, people),
            *design_studio.daily(day, begins),
        ]
        if lively:
            changes += behaviour.changes(begins, people, rng)
        issue = self._sends.issue(day)
        return DayPlan(
            ends=begins + DAY,
            has_activities=lively,
            labels=vocabulary.EVENTS,
            sources=self._sends.issue_sources(issue) if issue else (),
            changes=sorted(changes, key=lambda change: change.at),
            deliveries=self._sends.plan(day),
            events=behaviour.events(day, begins, people, self._scale, rng) if lively else {},
        )

    def outcomes(self, leaves: Array, channels: Sequence[str], numbers: Array) -> tuple[Array, Array]:
        """Metrics and failures of deliveries that API requests create, by the odds of the world's deliveries.

        `leaves` are the times of sending, `channels` their channels, `numbers` their sequence numbers.
        """
        rng = np.random.default_rng((*self._entropy, int(numbers[0]), _REQUESTS))
        channel = np.array([CHANNELS.index(name) for name in channels])
        uniform, normal = rng.random((UNIFORMS, len(leaves))), rng.standard_normal((NORMALS, len(leaves)))
        outcomes = Outcomes(leaves, channel, uniform, normal)
        return outcomes.metrics, outcomes.failure

    def _rng(self, day: int, stream: int) -> np.random.Generator:
        return np.random.default_rng((*self._entropy, day, stream))

    def _newsletter_changes(self, day: int, begins: int) -> Iterator[AddRecord | EditRecord]:
        """A newsletter is created the day before it is sent; its A/B test has a winner the day after."""
        yesterday, today, tomorrow = (self._sends.issue(day + n) for n in (-1, 0, 1))
        if tomorrow is not None:
            at = begins + 15 * HOUR
            yield from newsletter(tomorrow.id, tomorrow.name, tomorrow.channel, tomorrow.contents, at, at)
        if today is not None:
            at = begins + today.hour * HOUR
            yield EditRecord(at=at, table="newsletters", id=today.id, fields={"sent_at": at})
        if yesterday is not None:
            at, group = begins + yesterday.hour * HOUR, winner(yesterday.id)
            yield EditRecord(at=at, table="newsletter_test_groups", id=group, fields={"winner": True})

    def _broadcast_triggers(self, day: int, begins: int) -> Iterator[AddRecord]:
        broadcast = self._sends.broadcast(day)
        if broadcast is not None:
            processed = begins + BROADCAST_HOUR * HOUR
            at = processed - _TRIGGER_TAKES_S
            trigger = {"id": day, "broadcast_id": FIRST_BROADCAST + broadcast, "processed_at": processed}
            yield AddRecord(at=at, table="broadcast_triggers", fields=trigger)

    def _campaign_changes(self, day: int, begins: int) -> Iterator[AddRecord | EditRecord]:
        """Edits of actions and campaigns; after the start, a new campaign now and then."""
        actions = self._opening.action_ids
        if day % _EDIT_ACTION_EVERY == 4:
            action_id = actions[day // _EDIT_ACTION_EVERY * 7 % len(actions)]
            body = f"<p>Hello {{{{customer.first_name}}}}, edited on day {day}</p>"
            yield EditRecord(
                at=begins + 14 * HOUR, table="campaign_actions", id=action_id, fields={"body": body}
            )
        if day % _EDIT_CAMPAIGN_EVERY == 6:
            campaign_id = 1 + day // _EDIT_CAMPAIGN_EVERY % self._scale.campaigns
            fields = {"description": f"Reviewed on day {day}"}
            yield EditRecord(at=begins + 11 * HOUR, table="campaigns", id=campaign_id, fields=fields)
        since_start = day - self._scale.history_days
        if since_start > 0 and since_start % _NEW_CAMPAIGN_EVERY == 3:
            yield AddRecord(
                at=begins + 10 * HOUR, table="campaigns", fields=_new_campaign(day, begins + 10 * HOUR)
            )

    def _export_requests(self, day: int, begins: int) -> Iterator[OrderExport]:
        """Exports requested in the days before the start: people, deliveries, and one that failed."""
        at = begins + 9 * HOUR
        if day == self._scale.history_days - 3:
            description = "Filtered customer export (created via the api)"
            yield OrderExport(
                at=at, type="customers", body={"filters": all_people()}, description=description
            )
        if day == self._scale.history_days - 2:
            description = "Full deliveries export (created via the api)"
            latest = self._sends.latest_issue_id(day - 1)
            yield OrderExport(
                at=at, type="deliveries", body={"newsletter_id": latest}, description=description
            )
        if day == self._scale.history_days - 1:
            description = "Customers with segment filters—in Nobody yet"
            body = {"filters": {"and": [{"segment": {"id": EMPTY_SEGMENT}}]}}
            yield OrderExport(at=at, type="customers", body=body, description=description, fails=True)


def _new_campaign(day: int, at: int) -> dict[str, object]:
    return {
        "id": 2000 + day,
        "name": f"Experiment of day {day}",
        "description": "",
        "type": "seg_attr",
        "created": at,
        "updated": at,
        "active": False,
        "state": "draft",
        "first_started": 0,
        "tags": None,
        "trigger_segment_ids": [2],
        **UNSCHEDULED,
    }
