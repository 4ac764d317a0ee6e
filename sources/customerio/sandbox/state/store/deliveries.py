"""Deliveries: every message to one recipient, as columns sorted by `created`.

Each delivery is planned whole when it is made: the instant of every metric it will ever have is in
`metrics` (0 is never). A reader sees only what lies at or before now, so an open that is planned for next
month arrives next month. Row order is (`created`, `seq`), and `seq` alone rises along it too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.columns import Array, Columns
from sources.customerio.sandbox.state.store.errors import BadRequest

# Names as in a delivery's `metrics` object, `secondary:delivered` included [live-airbyte].
METRICS = (
    "attempted",
    "sent",
    "deferred",
    "delivered",
    "secondary:delivered",
    "opened",
    "human_opened",
    "prefetch_opened",
    "clicked",
    "human_clicked",
    "prefetch_clicked",
    "converted",
    "replied",
    "unsubscribed",
    "topic_unsubscribed",
    "spammed",
    "bounced",
    "dropped",
    "failed",
    "undeliverable",
    "drafted",
)
METRIC = {name: index for index, name in enumerate(METRICS)}
FAILURES = (
    None,
    "550 5.1.1 The email account that you tried to reach does not exist",
    "552 5.2.2 Mailbox full",
    "Recipient is suppressed",
    "Missing required Liquid variable: customer.first_name",
    "Webhook endpoint answered 500 Internal Server Error",
    "NotRegistered: the device token is no longer valid",
    "No recipient address",
    "Recipient is unsubscribed",
)
DRAFT, FORGOTTEN = 1, 2
# The world numbers its deliveries in steps of this many bits, and what calls send takes numbers in between:
# numbers go on rising along the rows.
SEQ_GAP_BITS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What a delivery was made from. Exactly one kind of parent is set; none for transactional sends."""

    channel: str
    template_id: int
    campaign_id: int | None = None
    action_id: int | None = None
    parent_action_id: int | None = None
    newsletter_id: int | None = None
    content_id: int | None = None
    broadcast_id: int | None = None
    transactional_message_id: int | None = None
    subject: str | None = None
    recipient: str | None = None  # fixed for webhooks and Slack; otherwise it is the person's address
    event_triggered: bool = False


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which deliveries a call asks for."""

    start: int
    end: int
    drafts: bool | None = False  # None: drafts and sent
    channel: str | None = None
    metric: str | None = None
    person: int | None = None
    campaign_id: int | None = None
    action_id: int | None = None
    newsletter_id: int | None = None
    broadcast_id: int | None = None
    transactional_message_id: int | None = None

    def wants(self, source: Source) -> bool:
        """Whether deliveries of that source are asked for at all."""
        return all(
            wanted is None or wanted == getattr(source, name)
            for name, wanted in (
                ("channel", self.channel),
                ("campaign_id", self.campaign_id),
                ("action_id", self.action_id),
                ("newsletter_id", self.newsletter_id),
                ("broadcast_id", self.broadcast_id),
                ("transactional_message_id", self.transactional_message_id),
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What a call gave a single message; None is as in the template."""

    body: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    bcc: str | None = None
    fake_bcc: bool | None = None
    preheader: str | None = None


class Deliveries:
    """The deliveries of a workspace: past, present and, up to the end of the planned day, future."""

    def __init__(self) -> None:
        self.columns = Columns(
            created=("<i8", 1),
            seq=("<i8", 1),
            person=("<i4", 1),
            source=("<i4", 1),
            flags=("u1", 1),
            failure=("u1", 1),
            metrics=("<u4", len(METRICS)),
        )
        self.sources: list[Source] = []
        self._places: dict[Source, int] = {}

    def __len__(self) -> int:
        return len(self.columns)

    def add_source(self, source: Source) -> int:
        """The place of a source among `sources`, where it is put if it is new."""
        if source not in self._places:
            self._places[source] = len(self.sources)
            self.sources.append(source)
        return self._places[source]

    def numbers(self, now: int, count: int) -> Array:
        """The numbers that so many deliveries made now will have; BadRequest if there is no room for them."""
        position = self.count_visible(now)
        seq = self.columns["seq"]
        last = int(seq[position - 1]) if position else 0
        if position < len(self) and last + count >= int(seq[position]):
            msg = f"{count} more deliveries do not fit into this second; let the clock go on"
            raise BadRequest(msg)
        return last + 1 + np.arange(count)

    def insert(self, now: int, rows: Mapping[str, Array]) -> slice:
        """Take rows that are made now, numbered by `numbers`; answers where they stand."""
        position = self.count_visible(now)
        self.columns.splice(position, rows)
        return slice(position, position + len(rows["seq"]))

    def extend(self, rows: Mapping[str, Array]) -> None:
        """Take rows that are newer than all others and sorted by (`created`, `seq`)."""
        if len(rows["created"]):
            self.columns.extend(rows)

    def forget_future(self, now: int, *, person: int | None = None, sources: Iterable[int] = ()) -> None:
        """Drop what was still to be sent to a person, or from sources that no longer exist."""
        first = int(np.searchsorted(self.columns["created"], now, "right"))
        lost = np.isin(self.columns["source"][first:], list(sources))
        if person is not None:
            lost |= self.columns["person"][first:] == person
        if lost.any():
            self.columns.keep(~lost, first)

    def count_visible(self, now: int) -> int:
        """How many rows exist at that instant, drafts included."""
        return int(np.searchsorted(self.columns["created"], now, "right"))

    def position(self, seq: int, now: int) -> int | None:
        """The row of a delivery number, None if there is none yet."""
        at = int(np.searchsorted(self.columns["seq"], seq))
        found = at < self.count_visible(now) and int(self.columns["seq"][at]) == seq
        return at if found else None

    def newest(
        self, wanted: Selection, now: int, *, before: int | None = None, limit: int | None = None
    ) -> NDArray[np.int64]:
        """Rows of a selection, newest first; `before` is a delivery number to continue behind."""
        created = self.columns["created"]
        low = int(np.searchsorted(created, wanted.start, "left"))
        stop = int(np.searchsorted(created, min(wanted.end, now), "right"))
        if before is not None:
            stop = min(stop, int(np.searchsorted(self.columns["seq"], before)))
        from_source = np.fromiter(
            (wanted.wants(s) for s in self.sources), dtype=bool, count=len(self.sources)
        )
        found: list[NDArray[np.int64]] = []
        count, size = 0, 4096 if limit is None else max(4096, 2 * limit)
        # Most pages are full of what is asked for: look a little way back first, further if need be.
        while stop > low and (limit is None or count < limit):
            begin = max(low, stop - size)
            rows = begin + np.flatnonzero(self._matches(wanted, from_source, begin, stop, now))[::-1]
            found.append(rows)
            count, stop, size = count + len(rows), begin, size * 4
        return np.concatenate(found)[:limit] if found else np.zeros(0, dtype=np.int64)

    def first_created(self, wanted: Selection, now: int) -> int | None:
        """When the first delivery of a selection was made, ignoring its range."""
        from_source = np.fromiter(
            (wanted.wants(s) for s in self.sources), dtype=bool, count=len(self.sources)
        )
        visible = self.count_visible(now)
        matches = from_source[self.columns["source"][:visible]] if visible else np.zeros(0, dtype=bool)
        first = int(np.argmax(matches)) if matches.any() else None
        return None if first is None else int(self.columns["created"][first])

    def count_metric(self, metric: str, start: int, end: int, channel: str | None = None) -> int:
        """How many deliveries reached a metric within a range, both ends inclusive."""
        at = self.columns["metrics"][:, METRIC[metric]]
        reached = (at >= start) & (at <= end)
        if channel is not None:
            of_channel = np.array([s.channel == channel for s in self.sources], dtype=bool)
            reached &= of_channel[self.columns["source"]]
        return int(np.count_nonzero(reached))

    def _matches(
        self, wanted: Selection, from_source: NDArray[np.bool_], begin: int, stop: int, now: int
    ) -> NDArray[np.bool_]:
        rows = slice(begin, stop)
        mask: NDArray[np.bool_] = from_source[self.columns["source"][rows]]
        if wanted.drafts is not None:
            mask &= ((self.columns["flags"][rows] & DRAFT) > 0) == wanted.drafts
        if wanted.person is not None:
            mask &= self.columns["person"][rows] == wanted.person
        if wanted.metric is not None:
            if wanted.metric not in METRIC:
                return np.zeros(stop - begin, dtype=bool)
            at = self.columns["metrics"][rows, METRIC[wanted.metric]]
            mask &= (at > 0) & (at <= now)
        return mask
