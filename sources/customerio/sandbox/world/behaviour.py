"""Planned behaviour of people on one day: events as columns; other changes as steps."""

from collections.abc import Iterator, Mapping

import numpy as np

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.activities import LATEST_S
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.planned_changes import RemovePerson, SetAttribute, SetMembership
from sources.customerio.sandbox.world import vocabulary
from sources.customerio.sandbox.world.opening import BETA_TESTERS
from sources.customerio.sandbox.world.scale import Scale

_BACKDATED, _FUTURE, _SLOW = 0.02, 0.01, 0.02
# The first event of a day is by turns backdated, future-dated, slow or normal, so that a small world has all.
_FIRST_KINDS = (0.0, _BACKDATED, _BACKDATED + _FUTURE, 1.0)
_CHANGED_A_DAY, _LEAVING_A_YEAR = 0.01, 0.05
_FIRST_UID = 1 << 60
_UID_BITS = 24


def events(day: int, begins: int, people: int, scale: Scale, rng: np.random.Generator) -> Mapping[str, Array]:
    """The day's events as columns, sorted by arrival.

    The timestamp of most is their arrival; of some it is up to three days before it, of some up to a day
    after it, and of some an hour before it.
    """
    count = int(scale.events / 30 + rng.random())
    arrived = begins + np.sort(rng.integers(0, DAY, count))
    kind = rng.random(count)
    kind[:1] = _FIRST_KINDS[day % len(_FIRST_KINDS)]
    ages = np.select(
        [kind < _BACKDATED, kind < _BACKDATED + _FUTURE, kind < _BACKDATED + _FUTURE + _SLOW],
        [rng.integers(HOUR, LATEST_S, count), -rng.integers(60, DAY, count), HOUR],
        rng.integers(0, 3, count),
    )
    return {
        "timestamp": arrived - ages,
        "arrived": arrived,
        "uid": _FIRST_UID + (day << _UID_BITS) + np.arange(count),
        "person": rng.integers(0, people, count),
        "label": rng.integers(0, len(vocabulary.EVENTS), count),
    }


def changes(begins: int, people: int, rng: np.random.Generator) -> Iterator[SetAttribute]:
    """Attribute changes of the day."""
    for _ in range(int(people * _CHANGED_A_DAY + rng.random())):
        at = begins + int(rng.integers(0, DAY))
        number, draw = int(rng.integers(0, people)), float(rng.random())
        if draw < 0.4:
            yield SetAttribute(at=at, number=number, name="last_seen", value=str(at))
        elif draw < 0.7:
            plan = vocabulary.PLANS[int(rng.integers(0, len(vocabulary.PLANS)))]
            yield SetAttribute(at=at, number=number, name="plan", value=plan)
        elif draw < 0.9:
            yield SetAttribute(
                at=at, number=number, name="ltv", value=f"{float(rng.integers(0, 90_000)) / 100:.2f}"
            )
        elif draw < 0.95:
            yield SetAttribute(at=at, number=number, name="unsubscribed", value="true")
        else:
            yield SetAttribute(at=at, number=number, name="favorite color", value=None)


def departures(
    day: int, begins: int, people: int, scale: Scale, rng: np.random.Generator
) -> Iterator[RemovePerson]:
    """People who are deleted or, every third time, suppressed on the day; at least six a year."""
    a_day = max(scale.people * _LEAVING_A_YEAR, 6) / 365
    for number in range(int(a_day * day), int(a_day * (day + 1))):
        yield RemovePerson(
            at=begins + int(rng.integers(0, DAY)),
            number=int(rng.integers(0, people)),
            reason="suppressed" if number % 3 == 1 else "deleted",
        )


def joins(day: int, begins: int, people: int, rng: np.random.Generator) -> Iterator[SetMembership]:
    """Additions to the manual segment and removals from it on the day."""
    if day % 3 == 0:
        at = begins + int(rng.integers(0, DAY))
        yield SetMembership(at=at, segment_id=BETA_TESTERS, number=int(rng.integers(0, people)))
    if day % 11 == 5:
        at = begins + int(rng.integers(0, DAY))
        yield SetMembership(at=at, segment_id=BETA_TESTERS, number=int(rng.integers(0, people)), member=False)
