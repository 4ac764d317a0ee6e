"""What has sent messages, and its numbers per day: Customer.io's from its metrics, ours from deliveries.

A table of kinds: a row says where its metrics and messages are asked for, and by which clock they count.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.reconcile.days import Day, days
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from sources.customerio.catalogue.periods import EASTERN, UTC
from sources.customerio.client import BadAnswer, Client

# Customer.io's series, and what a delivery's `metrics` calls them. The others are no delivery's metric
# (`created`, `drafted`), or come more than once (a webhook's status codes).
SERIES = {
    name: (name,)
    for name in (
        "attempted",
        "sent",
        "deferred",
        "delivered",
        "opened",
        "human_opened",
        "prefetch_opened",
        "clicked",
        "human_clicked",
        "prefetch_clicked",
        "converted",
        "unsubscribed",
        "topic_unsubscribed",
        "spammed",
        "bounced",
        "failed",
        "undeliverable",
    )
} | {"suppressed": ("suppressed", "dropped")}

# Counts by (day's first second, metric); a metric that one side does not know has no key there.
Counts = dict[tuple[int, str], int]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of sender: its column in `messages`, its path parameter, and its three operations.

    `sent_at` is the field that says when it sent all its messages, where it does so once.
    """

    subject: str
    column: str
    path: str
    listing: str
    metrics: str
    messages: str
    version: int = 1
    sent_at: str | None = None

    @property
    def clock(self) -> ZoneInfo:
        """The clock of its days."""
        return UTC if self.version == 2 else EASTERN


KINDS = (
    Kind(
        subject="campaign",
        listing="listCampaigns",
        column="campaign_id",
        path="campaign_id",
        metrics="campaignMetrics",
        messages="getCampaignMessages",
        version=2,
    ),
    Kind(
        subject="broadcast",
        listing="listBroadcasts",
        column="broadcast_id",
        path="broadcast_id",
        metrics="broadcastMetrics",
        messages="broadcastMessages",
    ),
    Kind(
        subject="newsletter",
        listing="listNewsletters",
        column="newsletter_id",
        path="newsletter_id",
        metrics="getNewsletterMetrics",
        messages="getNewsletterMsgMeta",
        sent_at="sent_at",
    ),
    Kind(
        subject="transactional",
        listing="listTransactional",
        column="transactional_message_id",
        path="transactional_id",
        metrics="transactionalMetrics",
        messages="transactionalMessages",
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Parent:
    """One sender, and what the warehouse counts of it."""

    kind: Kind
    id: int
    name: str | None
    ours: Counts = field(default_factory=Counter)


def parents(client: Client, query: Query, kind: Kind, span: Sequence[Day]) -> list[Parent]:
    """Everything of that kind that may have sent something in these days, by id, with our counts.

    That is what Customer.io lists, known here or not, and what the warehouse has deliveries of.
    """
    names = _listed(client, kind, span)
    counted: dict[int, Counts] = {}
    for parent_id, start, *numbers in query(_counting(kind, span)):
        counts = zip(SERIES, numbers, strict=True)
        counted.setdefault(int(parent_id), Counter()).update(
            {(int(start), metric): int(number) for metric, number in counts if number}
        )
    ids = sorted(names.keys() | counted.keys())
    return [Parent(kind=kind, id=i, name=names.get(i), ours=counted.get(i, Counter())) for i in ids]


def _listed(client: Client, kind: Kind, span: Sequence[Day]) -> dict[int, str]:
    rows = (row for page in client.pages(kind.listing) for row in page.records)
    since = span[0].start
    return {
        int(row["id"]): row["name"]
        for row in rows
        if kind.sent_at is None or (row[kind.sent_at] or 0) >= since
    }


def _counting(kind: Kind, span: Sequence[Day]) -> str:
    counts = ", ".join(_reached(names) for names in SERIES.values())
    spans = ", ".join(f"({day.start}, {day.end})" for day in span)
    return f"""
        SELECT {kind.column}, day.start_at, {counts}
        FROM {DATASET}.messages
        JOIN (VALUES {spans}) AS day (start_at, end_at) ON created >= day.start_at AND created < day.end_at
        WHERE {kind.column} IS NOT NULL
        GROUP BY 1, 2
    """


def _reached(names: Sequence[str]) -> str:
    either = ", ".join(f"metrics ->> '{name}'" for name in names)
    return f"count(coalesce({either}))"


def theirs(client: Client, parent: Parent, number: int) -> tuple[list[Day], Counts]:
    """Customer.io's counts of the last `number` days, zeros included, and the days they are of.

    Raises:
        NotFound: the parent is gone.
        BadAnswer: the series are not of so many days.
    """
    kind, path = parent.kind, {parent.kind.path: parent.id}
    while True:
        now = client.now()
        span = days(now, number, kind.clock)
        query = _version_2(span, now) if kind.version == 2 else _version_1(span)
        answer = client.call(kind.metrics, path=path, query=query).json()
        # A day that ended between the question and the answer has moved every bucket of version 1.
        if days(client.now(), number, kind.clock) == span:
            break
    series = {name: values for name, values in answer["metric"]["series"].items() if name in SERIES}
    for name, values in series.items():
        if len(values) < len(span):
            msg = (
                f"`{kind.metrics}` answered with {len(values)} day(s) of {name}; {len(span)} were asked for."
            )
            raise BadAnswer(msg, operation=kind.metrics)
    # Version 1 answers with two days where one was asked for; the last one is today.
    return span, {
        (day.start, name): int(value)
        for name, values in series.items()
        for day, value in zip(span, values[-len(span) :], strict=True)
    }


def _version_2(span: Sequence[Day], now: int) -> dict[str, Any]:
    return {"version": 2, "res": "days", "tz": "UTC", "start": span[0].start, "end": now}


def _version_1(span: Sequence[Day]) -> dict[str, Any]:
    return {"period": "days", "steps": max(len(span), 2)}
