"""The campaigns of the warehouse, and what of a plan starts each: `TRIGGERS` has a row for each type.

campaign ──> Start: SQL of the people (or events) that may enter, and of those that will
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import duckdb
import orjson

from pipelines.push.forecast.attribute import joined_sql
from pipelines.push.forecast.conditions import Node, Performed, Unclear, walk
from pipelines.push.forecast.segments import Segment, tree_of
from pipelines.push.forecast.truth import PHASES, Needs, Phase, turns_back
from pipelines.push.forecast.workbench import Writes
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import literal

NOTHING = "false"


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A running campaign; `scheduled_start` is 0 for one that is not scheduled."""

    id: int
    name: str
    type: str
    segments: tuple[int, ...]
    filters: tuple[int, ...]
    event: str | None
    date_attribute: str | None
    scheduled_start: int


@dataclass(frozen=True, kw_only=True)
class Start:
    """The people who start a campaign.

    Attributes:
        trigger: The trigger in words.
        may: SQL over the workbench: the person may enter.
        will: SQL: the person enters, unless Customer.io lets no one in twice.
        weight: SQL: how often a person who may enter enters at most.
        unclear: Why nothing can be said; "" if it can.
        reasons: Why fewer may enter than `may` says.
    """

    trigger: str
    may: str = NOTHING
    will: str = NOTHING
    weight: str = "1"
    unclear: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plot:
    """The plan's rows and the segments, for triggers, and the columns that conditions need."""

    writes: Writes
    segments: Mapping[int, Segment]
    needs: Needs = field(default_factory=Needs)
    trees: list[Node] = field(default_factory=list)

    def column(self, tree: Node) -> str:
        """The name of a tree's columns in the workbench, which will have them."""
        if tree not in self.trees:
            self.trees.append(tree)
            self.needs.collect(tree)
        return f"t{self.trees.index(tree)}"

    def named(self, segment_id: int) -> str:
        """A segment in words."""
        found = self.segments.get(segment_id)
        return f"segment {segment_id}" + (f" ({found.name})" if found else "")


def read_campaigns(connection: duckdb.DuckDBPyConnection) -> list[Campaign]:
    """The running campaigns of the attached warehouse, by id."""
    table = f"{DATASET}.campaigns"
    columns = {name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()}
    # Fields that only some workspaces have are loaded as JSON.
    date = "coalesce(TRY_CAST(date_attribute AS JSON)->>'$', date_attribute::VARCHAR)"

    def column(name: str, sql: str | None = None) -> str:
        # A warehouse of an earlier release lacks some.
        return sql or name if name in columns else "NULL"

    rows = connection.execute(
        f"""
        SELECT id, coalesce(name, ''), coalesce({column("type")}, ''), {column("trigger_segment_ids")},
               {column("filter_segment_ids")}, {column("event_name")}, {column("date_attribute", date)},
               coalesce({column("scheduled_start")}, 0)
        FROM {table} WHERE deleted_at IS NULL AND coalesce({column("active")}, true) ORDER BY id
        """
    ).fetchall()
    return [
        Campaign(
            id=int(number),
            name=name,
            type=type_,
            segments=tuple(orjson.loads(segments or "[]") or ()),
            filters=tuple(orjson.loads(filters or "[]") or ()),
            event=event,
            date_attribute=attribute,
            scheduled_start=int(start),
        )
        for number, name, type_, segments, filters, event, attribute, start in rows
    ]


def start_of(campaign: Campaign, plot: Plot) -> Start:
    """The people of a plan who start a campaign."""
    start = TRIGGERS.get(campaign.type, _unknown)(campaign, plot)
    if campaign.scheduled_start > plot.writes.now and start.may != NOTHING:
        return Start(trigger=start.trigger, unclear="it is scheduled to start later")
    return start


def _by_segment(campaign: Campaign, plot: Plot) -> Start:
    """People start it who enter its segment and pass its filters."""
    if not campaign.segments:
        unlisted = "Customer.io does not list the conditions that start it"
        return Start(trigger="conditions of its own", unclear=unlisted)
    starts = [_entering(segment_id, campaign, plot) for segment_id in campaign.segments]
    starts = [start for start in starts if start.may != NOTHING]
    trigger = ", ".join(plot.named(segment_id) for segment_id in campaign.segments)
    if not starts:
        return Start(trigger=trigger)
    if len(campaign.segments) > 1:
        several = "several segments start it, and Customer.io does not list how they are joined"
        return Start(trigger=trigger, unclear=several)
    (start,) = starts
    return start


def _entering(segment_id: int, campaign: Campaign, plot: Plot) -> Start:
    trigger = plot.named(segment_id)
    trees = [tree_of(one, plot.segments) for one in (segment_id, *campaign.filters)]
    if not any(_is_touched(tree, plot) for tree in trees):
        return Start(trigger=trigger)
    segment, *filters = trees
    before, after = (f"{plot.column(segment)}_{phase}" for phase in PHASES)
    passed, passes = (_passes(filters, plot, phase) for phase in PHASES)
    may = f"NOT coalesce({before} AND {passed}, false) AND coalesce({after} AND {passes}, true)"
    again = turns_back(segment) and plot.writes.changed == "events"
    if again:
        may = f"({may} OR writes > 1)"
    will = f"NOT {before} AND {after} AND {passes} AND {'writes = 1' if again else 'true'}"
    changes = joined_sql("or", [f"{plot.column(tree)}_touched" for tree in trees])
    return Start(
        trigger=trigger,
        may=f"({changes} AND {may})",
        will=f"({changes} AND {will})",
        weight="writes" if again else "1",
        reasons=tuple(dict.fromkeys(reason for tree in trees for reason in _reasons(tree))),
    )


def _passes(filters: Sequence[Node], plot: Plot, phase: Phase) -> str:
    """SQL: a person passes the filters; how several are joined is not listed."""
    if not filters:
        return "true"
    each = [f"{plot.column(tree)}_{phase}" for tree in filters]
    all_, any_ = joined_sql("and", each), joined_sql("or", each)
    return each[0] if len(each) == 1 else f"(CASE WHEN {all_} THEN true WHEN NOT {any_} THEN false END)"


def _is_touched(tree: Node, plot: Plot) -> bool:
    """True if the plan writes what the tree tests, or creates people."""
    writes, needs = plot.writes, Needs()
    needs.collect(tree)
    if any(isinstance(one, Unclear) for one in walk(tree)) or writes.creates:
        return True
    by_part = {
        "attributes": set(needs.attributes) & {*writes.attributes, "id", "email"},
        "events": {type_ for type_, _, _ in needs.counted} & {"event"},
        "devices": {type_ for type_, _, _ in needs.counted} & {"device_change"},
        "members": set(needs.segments) & {writes.segment},
        "relations": set(),
    }
    return bool(by_part[writes.changed])


def _reasons(tree: Node) -> list[str]:
    reasons = []
    for one in walk(tree):
        if isinstance(one, Unclear):
            reasons.append(one.reason)
        elif isinstance(one, Performed):
            span = f"in {one.within:,} s" if one.within else "ever"
            reasons.append(f"it counts {one.type} {one.name} {span}, of which the warehouse may lack some")
    return reasons


def _by_event(campaign: Campaign, plot: Plot) -> Start:
    """Each event starts it, unless a filter of its own leaves the event out."""
    trigger = f"event {campaign.event}"
    if plot.writes.changed != "events":
        return Start(trigger=trigger)
    counts = f"starts[{literal(campaign.event or '')}]"
    return Start(
        trigger=trigger,
        may=f"coalesce({counts}, 0) > 0",
        weight=f"coalesce({counts}, 0)",
        reasons=("Customer.io does not list which of the events start it",),
    )


def _by_date(campaign: Campaign, plot: Plot) -> Start:
    """A person starts it when the day of an attribute comes."""
    name = campaign.date_attribute
    trigger = f"date in {name or 'an attribute'}"
    if plot.writes.changed != "attributes" or (name is not None and name not in plot.writes.attributes):
        return Start(trigger=trigger)
    if name is None:
        return Start(trigger=trigger, unclear="Customer.io does not list the attribute whose date starts it")
    column = f"a{plot.needs.attribute(name)}"
    return Start(
        trigger=trigger,
        may=f"coalesce({column}_changed, true) AND coalesce({column}_after <> '', true)",
        reasons=("people enter when the date comes",),
    )


def _by_other(trigger: str, _campaign: Campaign, _plot: Plot) -> Start:
    """No push does what starts it."""
    return Start(trigger=trigger)


def _by_relation(campaign: Campaign, plot: Plot) -> Start:
    if plot.writes.changed != "relations":
        return Start(trigger=campaign.type)
    reason = f"how a campaign of type {campaign.type} starts is not known"
    return Start(trigger=campaign.type, unclear=reason)


def _unknown(campaign: Campaign, _plot: Plot) -> Start:
    reason = f"a campaign of type {campaign.type!r} starts in an unknown way"
    return Start(trigger=campaign.type, unclear=reason)


TRIGGERS: Mapping[str, Callable[[Campaign, Plot], Start]] = {
    "seg_attr": _by_segment,
    "segment": _by_segment,
    "event": _by_event,
    "date": _by_date,
    "form": partial(_by_other, "form"),
    "webhook": partial(_by_other, "webhook"),
    "object": _by_relation,
    "relationship": _by_relation,
}
"""The trigger of each type of campaign [spec25], [live-estuary]."""
