"""The world: plans the opening and every day from (seed, scale, start) alone.

History before the start and the future after it come from the same generator, and no day looks at another,
so a world is the same however it is reached.
"""

from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.filters import all_people
from sources.customerio.sandbox.state.store.planned_changes import (
    AddRecord,
    CreatePerson,
    DayPlan,
    EditRecord,
    OrderExport,
    PlannedChange,
)
from sources.customerio.sandbox.world import behaviour, vocabulary, workspace_records
from sources.customerio.sandbox.world.contents import newsletter, winner
from sources.customerio.sandbox.world.objects import Belongings
from sources.customerio.sandbox.world.opening import FIRST_BROADCAST, NOBODY, build
from sources.customerio.sandbox.world.outcomes import CHANNELS, NORMALS, UNIFORMS, Outcomes
from sources.customerio.sandbox.world.population import Roster
from sources.customerio.sandbox.world.scale import Scale
from sources.customerio.sandbox.world.sends import BROADCAST_HOUR, Sends

# Activities are kept for 30 days; a backdated row of the day before the first one is the oldest seen.
_LIVELY_DAYS = 32
# Streams of random numbers: the days' are 0 and 1.
_CALLS = 2
_TRIGGER_TAKES_S = 20
_EDIT_ACTION_EVERY, _EDIT_CAMPAIGN_EVERY, _NEW_CAMPAIGN_EVERY = 9, 14, 40


class World:
    """One world. Day 0 begins at `genesis`; the clock's start lies in day `scale.history_days`."""

    def __init__(self, *, seed: int, scale: Scale, start: int) -> None:
        self.genesis = start - start % DAY - scale.history_days * DAY
        self._scale = scale
        self._entropy = (seed, crc32(scale.name.encode()))
        self._roster = Roster(seed, scale, self.genesis)
        self._belongings = Belongings(scale, self._roster.before(0))
        self._setting = build(scale, self.genesis - 1)
        self._sends = Sends(scale, self.genesis, self._setting, self._roster, lambda day: self._rng(day, 1))

    def opening(self) -> DayPlan:
        """What stands there when day 0 begins."""
        arrivals = [CreatePerson(at=p.created_at, person=p, logged=False) for p in self._roster.initial()]
        steps: list[PlannedChange] = [
            *arrivals,
            *self._setting.steps,
            *self._belongings.opening(self.genesis - 1),
        ]
        return DayPlan(ends=self.genesis, sources=tuple(self._setting.sources), changes=steps)

    def plan(self, day: int) -> DayPlan:
        """One day."""
        begins, people = self.genesis + day * DAY, self._roster.before(day)
        rng = self._rng(day, 0)
        lively = day >= self._scale.history_days - _LIVELY_DAYS
        steps: list[PlannedChange] = [
            *(
                CreatePerson(at=p.created_at, person=p, logged=lively)
                for p in self._roster.arrivals(day, rng)
            ),
            *behaviour.departures(day, begins, people, self._scale, rng),
            *behaviour.joins(day, begins, people, rng),
            *self._furniture(day, begins),
            *workspace_records.daily(day, begins, self.genesis - 1),
            *self._orders(day, begins),
            *self._belongings.daily(day, begins),
        ]
        if lively:
            steps += behaviour.changes(begins, people, rng)
        issue = self._sends.issue(day)
        return DayPlan(
            ends=begins + DAY,
            has_activities=lively,
            labels=vocabulary.EVENTS,
            sources=self._sends.issue_sources(issue) if issue else (),
            changes=sorted(steps, key=lambda step: step.at),
            deliveries=self._sends.plan(day),
            events=behaviour.events(day, begins, people, self._scale, rng) if lively else {},
        )

    def draw_outcomes(self, leaves: Array, channels: Sequence[str], numbers: Array) -> tuple[Array, Array]:
        """Outcomes of deliveries that calls make (`DrawOutcomes`), with the odds of the world's own."""
        rng = np.random.default_rng((*self._entropy, int(numbers[0]), _CALLS))
        channel = np.array([CHANNELS.index(name) for name in channels])
        uniform, normal = rng.random((UNIFORMS, len(leaves))), rng.standard_normal((NORMALS, len(leaves)))
        outcomes = Outcomes(leaves, channel, uniform, normal)
        return outcomes.metrics, outcomes.failure

    def _rng(self, day: int, stream: int) -> np.random.Generator:
        return np.random.default_rng((*self._entropy, day, stream))

    def _furniture(self, day: int, begins: int) -> Iterator[AddRecord | EditRecord]:
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
        broadcast = self._sends.broadcast(day)
        if broadcast is not None:
            processed = begins + BROADCAST_HOUR * HOUR
            at = processed - _TRIGGER_TAKES_S
            trigger = {"id": day, "broadcast_id": FIRST_BROADCAST + broadcast, "processed_at": processed}
            yield AddRecord(at=at, table="broadcast_triggers", fields=trigger)
        actions = self._setting.action_ids
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

    def _orders(self, day: int, begins: int) -> Iterator[OrderExport]:
        """Exports made in the days before the start: people, deliveries, and one that failed."""
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
            body = {"filters": {"and": [{"segment": {"id": NOBODY}}]}}
            yield OrderExport(at=at, type="customers", body=body, description=description, fails=True)


def _new_campaign(day: int, at: int) -> dict[str, object]:
    return {
        "id": 2000 + day,
        "name": f"Experiment of day {day}",
        "description": "",
        "type": "segment",
        "created": at,
        "updated": at,
        "active": False,
        "state": "draft",
        "first_started": 0,
        "tags": [],
        "trigger_segment_ids": [2],
        "filter_segment_ids": [],
    }
