"""Rows of the metrics tables: every number that the API shows at one instant, except 0."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sources.customerio.catalogue.periods import EASTERN, MOST_STEPS, UTC, Period, between, latest
from sources.customerio.sandbox.state.store.journeys import journeys
from sources.customerio.sandbox.state.store.links import clicks
from sources.customerio.sandbox.state.store.metrics import WEBHOOK_SERIES, Parent, Series, series
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

Rows = Callable[[Workspace], Iterator[Record]]
Measure = Callable[[Workspace, Parent, Sequence[int]], Series]

_COUNTED_BACK: tuple[Period, ...] = ("days", "months")


@dataclass(frozen=True, kw_only=True)
class _Parent:
    """A kind of records with metrics: its table, the column of its id, and that of its own parent's id."""

    table: str
    id: str
    parent_id: str | None = None

    def all(self, workspace: Workspace) -> Iterator[tuple[Record, Parent, int]]:
        """For each record: its ids by column, its ids by field of `Source`, and when it was created."""
        rows = workspace.tables[self.table]
        for row in rows:
            source_id = {str(rows.kind.source_key): row["id"]}
            if self.parent_id is None:
                yield {self.id: row["id"]}, source_id, int(row.get("created", 0))
            else:
                top = workspace.tables[str(rows.kind.parent and rows.kind.parent[0])].get(row[self.parent_id])
                parent = {self.parent_id: row[self.parent_id]}
                yield {**parent, self.id: row["id"]}, {**parent, **source_id}, int(top["created"])


def _windows(call: str, created: int, now: int) -> Mapping[Period, Sequence[int]]:
    if call == "counted_back":
        return {period: latest(period, MOST_STEPS[period], now) for period in _COUNTED_BACK}
    return {"days": between("days", created, now, {"utc": UTC, "eastern": EASTERN}[call])}


def _numbers(parent_kind: _Parent, call: str, measure: Measure) -> Rows:
    def rows(workspace: Workspace) -> Iterator[Record]:
        for ids, parent, created in parent_kind.all(workspace):
            for period, starts in _windows(call, created, workspace.now).items():
                for metric, values in measure(workspace, parent, starts).items():
                    for start_at, value in zip(starts, values, strict=True):
                        if value:
                            yield {
                                **ids,
                                "period": period,
                                "start_at": start_at,
                                "metric": metric,
                                "value": value,
                            }

    return rows


def _clicks(parent_kind: _Parent) -> Rows:
    def rows(workspace: Workspace) -> Iterator[Record]:
        for ids, parent, created in parent_kind.all(workspace):
            for period, starts in _windows("counted_back", created, workspace.now).items():
                for one in clicks(workspace.deliveries, parent, starts, now=workspace.now):
                    link = {**ids, "link_id": one.link.id, "href": one.link.href, "period": period}
                    for start_at, total, unique in zip(starts, one.total, one.unique, strict=True):
                        if total:
                            counts = {} if parent_kind.parent_id else {"unique_clicked": unique}
                            yield {**link, "start_at": start_at, "clicked": total, **counts}

    return rows


def _messages(workspace: Workspace, parent: Parent, starts: Sequence[int]) -> Series:
    return series(workspace.deliveries, parent, starts, now=workspace.now)


def _transactional(workspace: Workspace, parent: Parent, starts: Sequence[int]) -> Series:
    found = _messages(workspace, parent, starts)
    return {name: numbers for name, numbers in found.items() if name not in WEBHOOK_SERIES}


def _journeys(workspace: Workspace, parent: Parent, starts: Sequence[int]) -> Series:
    now = workspace.now
    return journeys(workspace.deliveries, parent, starts, since=starts[0], until=now, now=now)


_CAMPAIGN = _Parent(table="campaigns", id="campaign_id")
_BROADCAST = _Parent(table="broadcasts", id="broadcast_id")
_NEWSLETTER = _Parent(table="newsletters", id="newsletter_id")
_TRANSACTIONAL = _Parent(table="transactional_messages", id="transactional_id")
_CAMPAIGN_ACTION = _Parent(table="campaign_actions", id="action_id", parent_id="campaign_id")
_BROADCAST_ACTION = _Parent(table="broadcast_actions", id="action_id", parent_id="broadcast_id")
_CONTENT = _Parent(table="newsletter_contents", id="content_id", parent_id="newsletter_id")

TABLES: Mapping[str, Rows] = {
    "campaign_metrics": _numbers(_CAMPAIGN, "utc", _messages),
    "campaign_action_metrics": _numbers(_CAMPAIGN_ACTION, "utc", _messages),
    "campaign_journey_metrics": _numbers(_CAMPAIGN, "eastern", _journeys),
    "campaign_link_metrics": _clicks(_CAMPAIGN),
    "campaign_action_link_metrics": _clicks(_CAMPAIGN_ACTION),
    "broadcast_metrics": _numbers(_BROADCAST, "counted_back", _messages),
    "broadcast_action_metrics": _numbers(_BROADCAST_ACTION, "counted_back", _messages),
    "broadcast_link_metrics": _clicks(_BROADCAST),
    "broadcast_action_link_metrics": _clicks(_BROADCAST_ACTION),
    "newsletter_metrics": _numbers(_NEWSLETTER, "counted_back", _messages),
    "newsletter_content_metrics": _numbers(_CONTENT, "counted_back", _messages),
    "newsletter_link_metrics": _clicks(_NEWSLETTER),
    "newsletter_content_link_metrics": _clicks(_CONTENT),
    "transactional_metrics": _numbers(_TRANSACTIONAL, "counted_back", _transactional),
    "transactional_link_metrics": _clicks(_TRANSACTIONAL),
}
