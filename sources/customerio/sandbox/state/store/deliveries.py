"""Deliveries: messages to one recipient each, as columns sorted by `created`.

A delivery is planned whole when it is made: `metrics` holds the instant of every metric that it will ever
have (0 is never). A reader sees the instants up to now, so an open that is planned for next month arrives
next month. Rows are ordered by (`created`, `seq`), and by `seq` alone as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sources.customerio.catalogue import DELIVERY_METRIC_NAMES
from sources.customerio.sandbox.state.store.columns import Array, Columns
from sources.customerio.sandbox.state.store.errors import BadRequest

METRICS = DELIVERY_METRIC_NAMES
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
DRAFT, FORGOTTEN, BEGINS = 1, 2, 4
# The world numbers its deliveries in steps of this many bits; deliveries of calls get the numbers between, so
# that `seq` rises along the rows.
SEQ_GAP_BITS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The message that a delivery is made from.

    Exactly one kind of parent is set: a campaign, newsletter, broadcast or transactional message.
    """

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
    recipient: str | None = None  # set for webhooks and Slack; None is the person's address
    event_triggered: bool = False


@dataclass(frozen=True, kw_only=True)
class DeliveryFilter:
    """The deliveries that a call asks for; None matches all."""

    start: int
    end: int
    drafts: bool | None = False  # None: drafts and sent ones
    channel: str | None = None
    metric: str | None = None
    person: int | None = None
    campaign_id: int | None = None
    action_id: int | None = None
    newsletter_id: int | None = None
    broadcast_id: int | None = None
    transactional_message_id: int | None = None
    template_id: int | None = None
    content_id: int | None = None

    def matches(self, source: Source) -> bool:
        """True if deliveries of that source can match."""
        return all(
            wanted is None or wanted == getattr(source, name)
            for name, wanted in (
                ("channel", self.channel),
                ("campaign_id", self.campaign_id),
                ("action_id", self.action_id),
                ("newsletter_id", self.newsletter_id),
                ("broadcast_id", self.broadcast_id),
                ("transactional_message_id", self.transactional_message_id),
                ("template_id", self.template_id),
                ("content_id", self.content_id),
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ContentOverrides:
    """The content that a call gave one message; None is as in the template. Archived copies show it."""

    body: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    bcc: str | None = None
    fake_bcc: bool | None = None
    preheader: str | None = None


class Deliveries:
    """The deliveries of a workspace, up to the end of the planned day."""

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
        self._source_indexes: dict[Source, int] = {}

    def __len__(self) -> int:
        return len(self.columns)

    def add_source(self, source: Source) -> int:
        """The index of a source in `sources`, which gets it if it is new."""
        if source not in self._source_indexes:
            self._source_indexes[source] = len(self.sources)
            self.sources.append(source)
        return self._source_indexes[source]

    def numbers(self, now: int, count: int) -> Array:
        """The `seq` of `count` deliveries that are made now.

        Raises:
            BadRequest: the numbers of this second are used up.
        """
        position = self.count_visible(now)
        seq = self.columns["seq"]
        last = int(seq[position - 1]) if position else 0
        if position < len(self) and last + count >= int(seq[position]):
            msg = f"{count} more deliveries do not fit into this second; advance the clock"
            raise BadRequest(msg)
        return last + 1 + np.arange(count)

    def insert(self, now: int, rows: Mapping[str, Array]) -> slice:
        """Insert rows that are made now, with `seq` from `numbers`; returns their positions."""
        position = self.count_visible(now)
        self.columns.splice(position, rows)
        return slice(position, position + len(rows["seq"]))

    def extend(self, rows: Mapping[str, Array]) -> None:
        """Append rows that are newer than all others and sorted by (`created`, `seq`)."""
        if len(rows["created"]):
            self.columns.extend(rows)

    def drop_future(self, now: int, *, person: int | None = None, sources: Iterable[int] = ()) -> Array:
        """Drop the deliveries after `now` to a removed person or from deleted sources; their `seq`."""
        first = int(np.searchsorted(self.columns["created"], now, "right"))
        lost = np.isin(self.columns["source"][first:], list(sources))
        if person is not None:
            lost |= self.columns["person"][first:] == person
        dropped: Array = self.columns["seq"][first:][lost].copy()
        if lost.any():
            self.columns.keep(~lost, first)
        return dropped

    def count_visible(self, now: int) -> int:
        """The number of rows that exist at an instant, drafts included."""
        return int(np.searchsorted(self.columns["created"], now, "right"))

    def position(self, seq: int, now: int) -> int | None:
        """The row with that `seq`, None if there is none yet."""
        at = int(np.searchsorted(self.columns["seq"], seq))
        found = at < self.count_visible(now) and int(self.columns["seq"][at]) == seq
        return at if found else None

    def newest(
        self, filter_: DeliveryFilter, now: int, *, before: int | None = None, limit: int | None = None
    ) -> NDArray[np.int64]:
        """Row numbers that match, newest first; `before` is the `seq` after which a page continues."""
        created = self.columns["created"]
        low = int(np.searchsorted(created, filter_.start, "left"))
        stop = int(np.searchsorted(created, min(filter_.end, now), "right"))
        if before is not None:
            stop = min(stop, int(np.searchsorted(self.columns["seq"], before)))
        from_source = np.fromiter(
            (filter_.matches(s) for s in self.sources), dtype=bool, count=len(self.sources)
        )
        found: list[NDArray[np.int64]] = []
        count, size = 0, 4096 if limit is None else max(4096, 2 * limit)
        # Most pages fill up within a few thousand rows: search those first, then ever larger blocks.
        while stop > low and (limit is None or count < limit):
            begin = max(low, stop - size)
            rows = begin + np.flatnonzero(self._matches(filter_, from_source, begin, stop, now))[::-1]
            found.append(rows)
            count, stop, size = count + len(rows), begin, size * 4
        return np.concatenate(found)[:limit] if found else np.zeros(0, dtype=np.int64)

    def first_created(self, filter_: DeliveryFilter, now: int) -> int | None:
        """When the first matching delivery was made, ignoring the filter's range; None if there is none."""
        from_source = np.fromiter(
            (filter_.matches(s) for s in self.sources), dtype=bool, count=len(self.sources)
        )
        visible = self.count_visible(now)
        matches = from_source[self.columns["source"][:visible]] if visible else np.zeros(0, dtype=bool)
        first = int(np.argmax(matches)) if matches.any() else None
        return None if first is None else int(self.columns["created"][first])

    def count_metric(self, metric: str, start: int, end: int, channel: str | None = None) -> int:
        """The number of deliveries that reached a metric within a range, both ends included."""
        at = self.columns["metrics"][:, METRIC[metric]]
        reached = (at >= start) & (at <= end)
        if channel is not None:
            of_channel = np.array([s.channel == channel for s in self.sources], dtype=bool)
            reached &= of_channel[self.columns["source"]]
        return int(np.count_nonzero(reached))

    def _matches(
        self, filter_: DeliveryFilter, from_source: NDArray[np.bool_], begin: int, stop: int, now: int
    ) -> NDArray[np.bool_]:
        rows = slice(begin, stop)
        mask: NDArray[np.bool_] = from_source[self.columns["source"][rows]]
        if filter_.drafts is not None:
            mask &= ((self.columns["flags"][rows] & DRAFT) > 0) == filter_.drafts
        if filter_.person is not None:
            mask &= self.columns["person"][rows] == filter_.person
        if filter_.metric is not None:
            if filter_.metric not in METRIC:
                return np.zeros(stop - begin, dtype=bool)
            at = self.columns["metrics"][rows, METRIC[filter_.metric]]
            mask &= (at > 0) & (at <= now)
        return mask
