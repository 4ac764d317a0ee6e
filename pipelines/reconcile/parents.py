"""The senders of messages, and their numbers by day: Customer.io's metrics, and deliveries as loaded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.reconcile.days import Day, days
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import Query
from sources.customerio.catalogue import DELIVERY_METRICS
from sources.customerio.catalogue.periods import VERSION_2
from sources.customerio.catalogue.senders import Sender
from sources.customerio.client import BadAnswer, Client

# The series of Customer.io that deliveries can be counted for, and the metrics that count in each.
SERIES = {row.name: row.counts for row in DELIVERY_METRICS if row.counts}

# Counts by (first second of the day, metric); a metric that is not given has no key.
Counts = dict[tuple[int, str], int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Parent:
    """One sender, with the warehouse's counts."""

    kind: Sender
    id: int
    name: str | None
    ours: Counts = field(default_factory=Counter)


def parents(client: Client, query: Query, kind: Sender, span: Sequence[Day]) -> list[Parent]:
    """The senders of that kind that may have sent messages in these days, by id, with the warehouse's counts.

    They are those that Customer.io lists, and those with deliveries in the warehouse.
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


def _listed(client: Client, kind: Sender, span: Sequence[Day]) -> dict[int, str]:
    rows = (row for page in client.pages(kind.listing) for row in page.records)
    since = span[0].start
    return {
        int(row["id"]): row["name"]
        for row in rows
        if kind.sent_at is None or (row[kind.sent_at] or 0) >= since
    }


def _counting(kind: Sender, span: Sequence[Day]) -> str:
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


def customerio_counts(client: Client, parent: Parent, number: int) -> tuple[list[Day], Counts]:
    """Customer.io's counts of the last `number` days, zeros included, after these days.

    Raises:
        NotFound: the parent was deleted.
        BadAnswer: the series have fewer days.
    """
    kind, path = parent.kind, {parent.kind.path: parent.id}
    while True:
        now = client.now()
        span = days(now, number, kind.clock)
        query = _version_2(span, now) if kind.version == 2 else _version_1(span)
        answer = client.call(kind.metrics, path=path, query=query).json()
        # If a day ended between the request and the response, every bucket of version 1 has moved.
        if days(client.now(), number, kind.clock) == span:
            break
    series = {name: values for name, values in answer["metric"]["series"].items() if name in SERIES}
    for name, values in series.items():
        if len(values) < len(span):
            msg = f"`{kind.metrics}` returned {len(values)} day(s) of {name}; {len(span)} were requested."
            raise BadAnswer(msg, operation=kind.metrics)
    # Version 1 returns two days if one was requested; the last one is today.
    return span, {
        (day.start, name): int(value)
        for name, values in series.items()
        for day, value in zip(span, values[-len(span) :], strict=True)
    }


def _version_2(span: Sequence[Day], now: int) -> dict[str, Any]:
    return {**VERSION_2, "res": "days", "start": span[0].start, "end": now}


def _version_1(span: Sequence[Day]) -> dict[str, Any]:
    return {"period": "days", "steps": max(len(span), 2)}
