"""The deliveries of each day: automated messages all day, newsletters and broadcasts in bursts.

The random numbers of a day come from the day's own generator. The deliveries are computed for a block of days
at a time, which has the same result and is several times faster.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import DRAFT, FORGOTTEN, METRIC, SEQ_GAP_BITS, Source
from sources.customerio.sandbox.world import contents, vocabulary
from sources.customerio.sandbox.world.opening import Opening
from sources.customerio.sandbox.world.outcomes import CHANNELS, NORMALS, UNIFORMS, Outcomes
from sources.customerio.sandbox.world.population import Population, reachable
from sources.customerio.sandbox.world.scale import Scale

_STEADY, _NEWSLETTERS, _BROADCASTS = 0.6, 0.35, 0.05
_WEEK = (1.15, 1.2, 1.15, 1.1, 1.0, 0.7, 0.7)
_SAME_SECOND = 0.05
# One message in eight is dropped from the plan: the person has no such address, or has left.
_SENT_SHARE = 0.88
_BROADCAST_EVERY_DAYS, BROADCAST_HOUR = 17, 15
_FIRST_NEWSLETTER_DAY = 2
_SEQ_BITS = 20
_BLOCK_DAYS = 16

Generator = Callable[[int], np.random.Generator]


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One newsletter: the hour it is sent at, its channel, and the number of its variants."""

    number: int
    id: int
    name: str
    hour: int
    channel: str
    contents: int


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Drawn messages of a day: time, person, source, and random numbers for the outcomes; a column each."""

    created: Array
    person: Array
    source: Array
    uniform: Array
    normal: Array


class SendPlanner:
    """Plans the deliveries of days."""

    def __init__(
        self, scale: Scale, genesis: int, opening: Opening, population: Population, rng: Generator
    ) -> None:
        """`rng(day)` is the random generator of a day."""
        self._scale = scale
        self._wanted = scale.deliveries / _SENT_SHARE
        self._genesis = genesis
        self._opening = opening
        self._population = population
        self._rng = rng
        weights = np.array(opening.weights)
        self._weights = weights / weights.sum()
        self._channels = [CHANNELS.index(source.channel) for source in opening.sources]
        self._first_issue_source = len(opening.sources)
        self._block = -1
        self._days: list[Mapping[str, Array]] = []

    def issue(self, day: int) -> Issue | None:
        """The newsletter that is sent on the day; None if there is none."""
        number, rest = divmod(day - _FIRST_NEWSLETTER_DAY, self._scale.newsletter_every_days)
        if rest or number < 0:
            return None
        return Issue(
            number=number,
            id=number + 1,
            name=f"{vocabulary.NEWSLETTERS[number % len(vocabulary.NEWSLETTERS)]} {number + 1}",
            hour=8 + number % 6,
            channel=_issue_channel(number),
            contents=2 if number % 3 == 0 else 1,
        )

    def broadcast(self, day: int) -> int | None:
        """The number of the broadcast that is triggered on the day; None if there is none."""
        number, rest = divmod(day - 1, _BROADCAST_EVERY_DAYS)
        return None if rest or number < 0 or not self._scale.broadcasts else number % self._scale.broadcasts

    def latest_issue_id(self, day: int) -> int:
        """The id of the newsletter that was sent last, up to and including the day."""
        return (day - _FIRST_NEWSLETTER_DAY) // self._scale.newsletter_every_days + 1

    def issue_sources(self, issue: Issue) -> tuple[Source, ...]:
        """Two sources for each issue, even if it has one variant, so that their positions are fixed."""
        return tuple(
            Source(
                channel=issue.channel,
                template_id=10_000 + issue.id * 2 + place,
                newsletter_id=issue.id,
                content_id=variant.content_id,
                subject=contents.subject(issue.name, variant) if issue.channel == "email" else None,
            )
            for place, variant in enumerate(contents.variants(issue.id, 2)[:2])
        )

    def plan(self, day: int) -> Mapping[str, Array]:
        """The day's deliveries as columns, sorted by `created` and numbered in that order."""
        block, place = divmod(day, _BLOCK_DAYS)
        if block != self._block:
            first = block * _BLOCK_DAYS
            self._days = self._plan(first, [self._draw(first + n) for n in range(_BLOCK_DAYS)])
            self._block = block
        return self._days[place]

    def _plan(self, first_day: int, days: list[Draws]) -> list[Mapping[str, Array]]:
        created = np.concatenate([day.created for day in days])
        person = np.concatenate([day.person for day in days])
        source = np.concatenate([day.source for day in days])
        channel = self._channel_of(source)
        by_channel = [reachable(person, name) for name in CHANNELS]
        reached = np.select([channel == index for index in range(len(CHANNELS))], by_channel, default=False)
        order = np.flatnonzero(reached)[np.argsort(created[reached], kind="stable")]
        uniform = np.concatenate([day.uniform for day in days], axis=1)[:, order]
        normal = np.concatenate([day.normal for day in days], axis=1)[:, order]
        created, source = created[order], source[order]
        outcomes = Outcomes(created, channel[order], uniform, normal)
        rows = {
            "created": created,
            "seq": np.zeros(len(created), dtype=np.int64),
            "person": person[order],
            "source": source,
            "flags": np.zeros(len(created), dtype=np.uint8),
            "failure": outcomes.failure,
            "metrics": outcomes.metrics,
        }
        self._flag(rows)
        return self._split(first_day, rows, len(days))

    def _split(self, first_day: int, rows: dict[str, Array], days: int) -> list[Mapping[str, Array]]:
        begins = self._genesis + DAY * (first_day + np.arange(days + 1))
        edges = np.searchsorted(rows["created"], begins).tolist()
        split: list[Mapping[str, Array]] = []
        for number, (start, stop) in enumerate(pairwise(edges)):
            numbers = ((first_day + number + 1) << _SEQ_BITS) + np.arange(stop - start)
            rows["seq"][start:stop] = numbers << SEQ_GAP_BITS
            split.append({name: array[start:stop] for name, array in rows.items()})
        return split

    def _draw(self, day: int) -> Draws:
        people, rng = self._population.before(day), self._rng(day)
        parts = [self._steady(day, people, rng), *self._newsletter(day, people, rng)]
        parts += self._broadcast(day, people, rng)
        created, person, source = (np.concatenate(column) for column in zip(*parts, strict=True))
        uniform, normal = rng.random((UNIFORMS, len(created))), rng.standard_normal((NORMALS, len(created)))
        return Draws(created=created, person=person, source=source, uniform=uniform, normal=normal)

    def _steady(self, day: int, people: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        wanted = self._wanted * _STEADY / self._scale.history_days * _WEEK[day % 7]
        count = int(wanted + rng.random())
        seconds = rng.normal(13 * HOUR, 4 * HOUR, count).astype(np.int64) % DAY
        # Deliveries of the same second are common in real workspaces; readers that page by time lose them.
        twins = np.flatnonzero(rng.random(count) < _SAME_SECOND)
        seconds[twins] = seconds[twins - 1]
        source = rng.choice(len(self._weights), size=count, p=self._weights)
        return self._genesis + day * DAY + seconds, rng.integers(0, people, count), source

    def _newsletter(
        self, day: int, people: int, rng: np.random.Generator
    ) -> list[tuple[Array, Array, Array]]:
        issue = self.issue(day)
        if issue is None:
            return []
        issues = self._scale.history_days / self._scale.newsletter_every_days
        recipients = rng.permutation(people)
        recipients = recipients[reachable(recipients, issue.channel)]
        recipients = recipients[: round(self._wanted * _NEWSLETTERS / issues)]
        at = self._genesis + day * DAY + issue.hour * HOUR + np.arange(len(recipients)) // self._scale.burst
        first = self._first_issue_source + 2 * issue.number
        return [(at, recipients, first + np.arange(len(recipients)) % issue.contents)]

    def _broadcast(self, day: int, people: int, rng: np.random.Generator) -> list[tuple[Array, Array, Array]]:
        number = self.broadcast(day)
        if number is None:
            return []
        wanted = round(self._wanted * _BROADCASTS / (self._scale.history_days / _BROADCAST_EVERY_DAYS))
        recipients = rng.permutation(people)[: max(wanted, 2)]
        at = self._genesis + day * DAY + BROADCAST_HOUR * HOUR + np.arange(len(recipients)) // 50
        return [(at, recipients, np.full(len(recipients), self._opening.broadcast_sources[number]))]

    def _channel_of(self, source: NDArray[np.int64]) -> NDArray[np.int64]:
        known, first = self._channels, self._first_issue_source
        for number in range((len(known) - first) // 2, (int(source.max(initial=0)) - first) // 2 + 1):
            known += [CHANNELS.index(_issue_channel(number))] * 2
        return np.array(known)[source]

    def _flag(self, rows: dict[str, Array]) -> None:
        """Mark drafts, which have no metric but `drafted`, and deliveries whose content is not archived."""
        drafts = np.isin(rows["source"], list(self._opening.drafted))
        rows["flags"][drafts] |= DRAFT
        rows["metrics"][drafts] = 0
        rows["metrics"][drafts, METRIC["drafted"]] = rows["created"][drafts] + 1
        rows["failure"][drafts] = 0
        rows["flags"][np.isin(rows["source"], list(self._opening.without_body))] |= FORGOTTEN


def _issue_channel(number: int) -> str:
    return "push" if number % 5 == 4 else "email"
