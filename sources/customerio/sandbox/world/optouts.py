"""Opt-outs of people from text messages, and their changes day by day."""

from collections.abc import Iterator

from sources.customerio.sandbox.clock import HOUR
from sources.customerio.sandbox.state.store.planned_changes import SetOptout

SENDERS = ("+15550100", "acme")
"""A number and a name from which text messages are sent."""
# People with an even number have a phone.
_STEP, _OUT_EVERY, _IN_EVERY = 12, 2, 5


def opening(people: int, at: int) -> Iterator[SetOptout]:
    """The opt-outs that exist when the world begins."""
    for position, number in enumerate(range(0, people, _STEP)):
        yield SetOptout(at=at, number=number, sender=SENDERS[position % 2])


def daily(day: int, begins: int, people: int) -> Iterator[SetOptout]:
    """The changes of a day: every other day a person opts out, and sometimes one opts in again."""
    if day % _OUT_EVERY == 1:
        number = 2 * (day * 7 % max(people // 2, 1))
        yield SetOptout(at=begins + 16 * HOUR, number=number, sender=SENDERS[day // 2 % 2])
    if day % _IN_EVERY == 3:
        number = day // _IN_EVERY * _STEP % max(people, 1)
        sender = SENDERS[number // _STEP % 2]
        yield SetOptout(at=begins + 17 * HOUR, number=number, sender=sender, optout=False)
