"""The tables of metrics as they must be: every number that the API can tell at one instant, and is not 0."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sources.customerio.catalogue.periods import EASTERN, MOST_STEPS, UTC, Period, between, latest
from sources.customerio.sandbox.state.store.journeys import journeys
from sources.customerio.sandbox.state.store.links import clicks
from sources.customerio.sandbox.state.store.metrics import ANSWERED, Parent, Series, series
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

Rows = Callable[[Workspace], Iterator[Record]]
Tell = Callable[[Workspace, Parent, Sequence[int]], Series]

_COUNTED_BACK: tuple[Period, ...] = ("days", "months")


@dataclass(frozen=True, kw_only=True)
class _Below:
    """What has metrics: its table, what its id is called there, and the same of what it is a part of."""

    table: str
    id: str
    above: str | None = None

    def all(self, workspace: Workspace) -> Iterator[tuple[Record, Parent, int]]:
        """The ids as columns, as deliveries name them, and when the first of them was made."""
        rows = workspace.tables[self.table]
        for row in rows:
            mine = {str(rows.kind.source_key): row["id"]}
            if self.above is None:
                yield {self.id: row["id"]}, mine, int(row.get("created", 0))
            else:
                top = workspace.tables[str(rows.kind.parent and rows.kind.parent[0])].get(row[self.above])
                above = {self.above: row[self.above]}
                yield {**above, self.id: row["id"]}, {**above, **mine}, int(top["created"])


def _windows(call: str, created: int, now: int) -> Mapping[Period, Sequence[int]]:
    if call == "counted_back":
        return {period: latest(period, MOST_STEPS[period], now) for period in _COUNTED_BACK}
    return {"days": between("days", created, now, {"utc": UTC, "eastern": EASTERN}[call])}


def _numbers(below: _Below, call: str, tell: Tell) -> Rows:
    def rows(workspace: Workspace) -> Iterator[Record]:
        for ids, parent, created in below.all(workspace):
            for period, starts in _windows(call, created, workspace.now).items():
                for metric, values in tell(workspace, parent, starts).items():
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


def _clicks(below: _Below) -> Rows:
    def rows(workspace: Workspace) -> Iterator[Record]:
        for ids, parent, created in below.all(workspace):
            for period, starts in _windows("counted_back", created, workspace.now).items():
                for one in clicks(workspace.deliveries, parent, starts, now=workspace.now):
                    link = {**ids, "link_id": one.link.id, "href": one.link.href, "period": period}
                    for start_at, total, unique in zip(starts, one.total, one.unique, strict=True):
                        if total:
                            told = {} if below.above else {"unique_clicked": unique}
                            yield {**link, "start_at": start_at, "clicked": total, **told}

    return rows


def _messages(workspace: Workspace, parent: Parent, starts: Sequence[int]) -> Series:
    return series(workspace.deliveries, parent, starts, now=workspace.now)


def _transactional(workspace: Workspace, parent: Parent, starts: Sequence[int]) -> Series:
    found = _messages(workspace, parent, starts)
    return {name: numbers for name, numbers in found.items() if name not in ANSWERED}


def _journeys(workspace: Workspace, parent: Parent, starts: Sequence[int]) -> Series:
    now = workspace.now
    return journeys(workspace.deliveries, parent, starts, since=starts[0], until=now, now=now)


_CAMPAIGN = _Below(table="campaigns", id="campaign_id")
_BROADCAST = _Below(table="broadcasts", id="broadcast_id")
_NEWSLETTER = _Below(table="newsletters", id="newsletter_id")
_TRANSACTIONAL = _Below(table="transactional_messages", id="transactional_id")
_CAMPAIGN_ACTION = _Below(table="campaign_actions", id="action_id", above="campaign_id")
_BROADCAST_ACTION = _Below(table="broadcast_actions", id="action_id", above="broadcast_id")
_CONTENT = _Below(table="newsletter_contents", id="content_id", above="newsletter_id")

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
