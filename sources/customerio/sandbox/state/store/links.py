"""Links of messages, and their clicks.

A template has one to four links of its own. A clicked delivery was clicked on one of them, chosen by its
`seq`; some are clicked again an hour or a day later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.clock import DAY, HOUR
from sources.customerio.sandbox.state.store.columns import Array
from sources.customerio.sandbox.state.store.deliveries import METRIC, Deliveries, Source
from sources.customerio.sandbox.state.store.metrics import Parent, binned, periods_of, rows_of, sources_of
from sources.customerio.sandbox.state.store.stable_random import stable_random

_MOST_LINKS = 4
_PATHS = (
    "/",
    "/pricing",
    "/docs",
    "/blog/five-habits",
    "/account",
    "/checkout?step=2&coupon=SPRING",
    "/help/getting-started",
)
_LINKED = frozenset({"email", "push", "twilio", "in_app"})
# (one in how many clicks again, after how many seconds).
_AGAIN = ((6, HOUR), (20, DAY))


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link as the API shows it."""

    id: int
    href: str


@dataclass(frozen=True, kw_only=True)
class Clicks:
    """One link's clicks by period: all of them, and at most one for each message."""

    link: Link
    total: list[int]
    unique: list[int]


def links_of(source: Source) -> tuple[Link, ...]:
    """The links of a source's messages; none in channels without links."""
    return _links(source.template_id, source.channel) if source.channel in _LINKED else ()


def link_clicked(source: Source, seq: int) -> Link | None:
    """The link that a click on that delivery is on; None if it has no links."""
    links = links_of(source)
    return links[int(stable_random(np.array([seq]), 1)[0]) % len(links)] if links else None


def clicks(deliveries: Deliveries, parent: Parent, starts: Sequence[int], *, now: int) -> list[Clicks]:
    """The clicks on every link of a parent, by the period in which the clicked delivery was made."""
    rows = rows_of(deliveries, parent, starts[0], now)
    clicked_at = deliveries.columns["metrics"][rows, METRIC["clicked"]].astype(np.int64)
    clicked = (clicked_at > 0) & (clicked_at <= now)
    rows, clicked_at = rows[clicked], clicked_at[clicked]
    seq, source = deliveries.columns["seq"][rows], deliveries.columns["source"][rows]
    times = _times(seq, clicked_at, now)
    period = periods_of(deliveries, rows, starts)
    found: dict[Link, Clicks] = {}
    for index in np.flatnonzero(sources_of(deliveries, parent)):
        links = links_of(deliveries.sources[index])
        clicked_rows = np.flatnonzero(source == index) if links else np.zeros(0, dtype=np.int64)
        place = stable_random(seq[clicked_rows], 1) % max(len(links), 1)
        for number, link in enumerate(links):
            on_it = clicked_rows[place == number]
            found[link] = _add_clicks(found.get(link), link, period[on_it], times[on_it], len(starts))
    return list(found.values())


def _add_clicks(
    before: Clicks | None, link: Link, period: NDArray[np.int64], times: NDArray[np.int64], count: int
) -> Clicks:
    """Add clicks to a link's; sources of one template share its links."""
    total, unique = np.array(binned(np.repeat(period, times), count)), np.array(binned(period, count))
    if before is not None:
        total, unique = total + before.total, unique + before.unique
    return Clicks(link=link, total=total.tolist(), unique=unique.tolist())


@cache
def _links(template_id: int, channel: str) -> tuple[Link, ...]:
    tag = f"utm_source=customerio&utm_medium={channel}"
    paths = [_PATHS[(template_id * 3 + n) % len(_PATHS)] for n in range(1 + template_id // 2 % _MOST_LINKS)]
    return tuple(
        Link(
            id=template_id * _MOST_LINKS + number,
            href=f"https://www.example.com{path}{'&' if '?' in path else '?'}{tag}",
        )
        for number, path in enumerate(paths, start=1)
    )


def _times(seq: Array, clicked_at: NDArray[np.int64], now: int) -> NDArray[np.int64]:
    """The number of clicks on each clicked delivery by `now`."""
    times = np.ones(len(seq), dtype=np.int64)
    for salt, (one_in, later_s) in enumerate(_AGAIN, start=2):
        times += (stable_random(seq, salt) % one_in == 0) & (clicked_at + later_s <= now)
    return times
