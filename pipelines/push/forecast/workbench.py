"""The people that a plan changes, as a table with the columns that conditions ask for.

    fresh           the plan creates the person
    writes          rows of the plan for the person
    starts          its events by name, without those that are too old to start a campaign
    aN_before, aN_after, aN_changed, aN_at     an attribute: its value before and after, if it changes, and
                                               when it changed last
    nN_known, nN_bound                         how often the person did it: at least, and at most
    nN_least, nN_most                          how often the plan adds to that: at least, and at most
    been            the campaigns of which the person was sent a message, NULL if that is not known
    tN_before, tN_after, tN_touched            the truth of conditions, and if the plan may change it
    mN_before, mN_after                        membership in a segment that is filled by hand

NULL is unknown: a person that the warehouse does not have, or that a push changed after the last sync. The
rest is as of that sync.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.push.forecast.attribute import MARGIN_S
from pipelines.push.forecast.conditions import ANY_NAME, Node
from pipelines.push.forecast.truth import Counted, Needs, truth_columns
from pipelines.push.spec.kinds import Changed
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import literal

WOKEN = "push_woken"
LATEST_EVENT_S = 72 * 3600
"""An event that is older starts no campaign [track26]."""
_EVENTS = frozenset({"event"})
_IDENTIFIERS = ("id", "email", "cio_id")
_NEW = "'(new)'"
"""Stands for an identifier that Customer.io gives a person who is created."""


@dataclass(frozen=True, kw_only=True)
class Writes:
    """The rows of a plan, for the forecast.

    Attributes:
        relation: A query of the rows to send: `action`, `entity`, `payload`, `happened_at`, `verdict`.
        changed: The part of a person that they change.
        identifier: The identifier that `entity` is.
        attributes: The names of the attributes that payloads may have.
        segment: The segment that they add people to or remove them from.
        creates: True if rows create people, or may.
        mirrors: True if rows were compared with the present members of that segment.
        recent: A query of the identifiers, as `entity`, of people that pushes changed since the last sync.
        tables: The tables of the warehouse.
        now: Unix seconds of the last sync, by Customer.io's clock.
    """

    relation: str
    changed: Changed
    identifier: str
    attributes: Sequence[str]
    segment: int | None
    creates: bool
    mirrors: bool
    recent: str
    tables: frozenset[str]
    now: int


def make_workbench(
    connection: duckdb.DuckDBPyConnection, writes: Writes, needs: Needs, trees: Sequence[Node]
) -> None:
    """Create the table of the people that a plan changes, with the truth of the trees for each."""
    columns = [
        *(_attribute_columns(number, name, writes) for number, name in enumerate(needs.attributes)),
        *(_count_columns(number, within, writes) for number, (_, _, within) in enumerate(needs.counted)),
        *(_member_columns(number, segment, writes) for number, segment in enumerate(needs.segments)),
    ]
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {WOKEN} AS
        WITH w AS ({_written(writes, needs)}),
        known AS ({_known(writes)}),
        k AS (
            SELECT w.*, p.cio_id, p.attributes, p.timestamps,
                   coalesce(w.verdict = 'create', false) AS fresh,
                   w.verdict IS DISTINCT FROM 'create' AND (p.cio_id IS NULL OR p.changed) AS stale
            FROM w LEFT JOIN known AS p ON p.entity = w.entity
        )
        SELECT {", ".join(["*", *truth_columns(trees, needs, str(writes.now))])} FROM (
            SELECT {", ".join(["k.entity", "k.fresh", "k.writes", "k.starts", _been(writes), *columns])}
            FROM k {_joined_counts(writes, needs)} {_joined_members(writes, needs)} {_joined_messages(writes)}
        )
        """
    )


def _written(writes: Writes, needs: Needs) -> str:
    """SQL of what is written to each person; of an event's name and time the counts are enough."""
    counts = [
        f"count(*) FILTER ({_counts_event(type_, name, within, writes)}) AS n{number}_written"
        for number, (type_, name, within) in enumerate(needs.counted)
    ]
    young = f"WHERE {str(writes.changed == 'events').lower()} AND happened_at > {writes.now - LATEST_EVENT_S}"
    return f"""
        SELECT coalesce({_found_by(writes)}, entity) AS entity, count(*) AS writes,
               any_value(action) AS action, any_value(verdict) AS verdict, any_value(payload) AS payload,
               histogram(payload->>'/name') FILTER ({young}) AS starts
               {"".join(f", {count}" for count in counts)}
        FROM ({writes.relation}) GROUP BY ALL
    """


def _found_by(writes: Writes) -> str:
    """SQL: the identifier by which Customer.io finds a person whose own is new there."""
    other = "email" if writes.identifier == "id" else "id"
    value = f"lower(payload->>'/attributes/{other}')"
    return f"CASE WHEN verdict = 're_id' THEN {literal(other + ' ')} || {value} END"


def _counts_event(type_: str, name: str, within: int, writes: Writes) -> str:
    since = f"AND happened_at > {writes.now - within}" if within else ""
    if writes.changed == "events":
        is_event = type_ in _EVENTS
        named = "true" if name == ANY_NAME else f"payload->>'/name' = {literal(name)}"
        return f"WHERE {str(is_event).lower()} AND {named} {since}"
    return f"WHERE {str(writes.changed == 'devices' and type_ == 'device_change').lower()}"


def _known(writes: Writes) -> str:
    """SQL of the people of the warehouse by identifier; `changed` if pushes changed them since the sync."""
    if "people" not in writes.tables:
        return (
            "SELECT NULL::VARCHAR AS entity, NULL::VARCHAR AS cio_id, NULL::JSON AS attributes, "
            "NULL::JSON AS timestamps, true AS changed WHERE false"
        )
    held = {
        "id": "nullif(identifiers->>'id', '')",
        "email": "lower(nullif(identifiers->>'email', ''))",
        "cio_id": "cio_id",
    }
    other = "email" if writes.identifier == "id" else "id"
    recent = " OR ".join(f"lower({held[name]}) IN (FROM recent)" for name in _IDENTIFIERS)
    by = f"SELECT cio_id, attributes, timestamps, {recent} AS changed"
    people = f"FROM {DATASET}.people WHERE deleted_at IS NULL"
    by_other = f"UNION ALL BY NAME {by}, {literal(other + ' ')} || lower({held[other]}) AS entity {people}"
    return f"""
        WITH recent AS ({writes.recent}) {by}, {held[writes.identifier]} AS entity {people}
        {by_other if writes.changed == "attributes" else ""}
    """


def _attribute_columns(number: int, name: str, writes: Writes) -> str:
    pointer = name.replace("~", "~0").replace("/", "~1")
    held = f"coalesce(k.attributes->>{literal('/' + pointer)}, '')"
    before = f"CASE WHEN k.fresh THEN '' WHEN NOT k.stale THEN {held} END"
    written = _written_value(name, pointer)
    same = (
        f"lower({written}) = lower(a{number}_before)" if name == "email" else f"{written} = a{number}_before"
    )
    at = f"TRY_CAST(k.timestamps->>{literal('/' + pointer)} AS BIGINT)"
    return (
        f"{before} AS a{number}_before, "
        f"CASE WHEN {_is_written(name, pointer, writes)} THEN {written} ELSE a{number}_before END "
        f"AS a{number}_after, "
        f"CASE WHEN {_is_written(name, pointer, writes)} THEN NOT ({same}) ELSE false END "
        f"AS a{number}_changed, "
        f"CASE WHEN NOT k.stale AND NOT k.fresh THEN {at} END AS a{number}_at"
    )


def _is_written(name: str, pointer: str, writes: Writes) -> str:
    if writes.changed != "attributes":
        return "false"
    if name in _IDENTIFIERS:
        named = "k.fresh" if name == "cio_id" else f"json_exists(k.payload, '/identifiers/{name}')"
        return f"({named} OR json_exists(k.payload, '/attributes/{name}'))"
    if name not in writes.attributes:
        return "false"
    return f"json_exists(k.payload, {literal('/attributes/' + pointer)})"


def _written_value(name: str, pointer: str) -> str:
    """SQL of an attribute's value as Customer.io stores what is sent; NULL if that is not known."""
    value = f"coalesce(k.payload->>{literal('/attributes/' + pointer)}, '')"
    if name == "cio_id":
        return _NEW
    if name in _IDENTIFIERS:
        return f"coalesce(nullif({value}, ''), k.payload->>'/identifiers/{name}', '')"
    if name == "unsubscribed":
        return f"CASE WHEN lower({value}) IN ('true', '1') THEN 'true' ELSE 'false' END"
    # Customer.io merges preferences, and computes what begins with _.
    return "NULL::VARCHAR" if name.startswith(("_", "cio_subscription_preferences")) else value


def _count_columns(number: int, within: int, writes: Writes) -> str:
    """How often a person did it: the warehouse has what it read, and does not have what is older."""
    complete = f"k.fresh OR (NOT k.stale AND {str(bool(within)).lower()} AND n.covered_{number})"
    # What a plan of devices adds is not known: a device that is sent again may be no change.
    least = "0" if writes.changed == "devices" else f"k.n{number}_written"
    return (
        f"CASE WHEN k.fresh THEN 0 ELSE coalesce(n.n{number}_firm, 0) END AS n{number}_known, "
        f"CASE WHEN k.fresh THEN 0 WHEN {complete} THEN coalesce(n.n{number}_all, 0) END AS n{number}_bound, "
        f"{least} AS n{number}_least, k.n{number}_written AS n{number}_most"
    )


def _joined_counts(writes: Writes, needs: Needs) -> str:
    """SQL that joins how often each person did what is counted, as `n`."""
    if not needs.counted:
        return ""
    return f"LEFT JOIN ({_counted(writes, needs)}) AS n ON n.person = k.cio_id"


def _counted(writes: Writes, needs: Needs) -> str:
    """SQL of counts by person: all, and the firm ones, which a plan that is sent a day later still counts."""
    if "activities" not in writes.tables:
        counts = [
            f"0 AS n{number}_all, 0 AS n{number}_firm, false AS covered_{number}"
            for number in range(len(needs.counted))
        ]
        return f"SELECT NULL::VARCHAR AS person, {', '.join(counts)}"
    counts = [_count(number, one, writes) for number, one in enumerate(needs.counted)]
    types = ", ".join(sorted({literal(type_) for type_, _, _ in needs.counted}))
    return f"""
        SELECT p.cio_id AS person, {", ".join(counts)} FROM {DATASET}.people AS p
        LEFT JOIN (
            SELECT customer_identifiers->>'/cio_id' AS by_person, type, name, timestamp
            FROM {DATASET}.activities WHERE type IN ({types})
        ) AS a ON a.by_person = p.cio_id
        WHERE p.cio_id IN (SELECT cio_id FROM k) GROUP BY 1
    """


def _count(number: int, counted: Counted, writes: Writes) -> str:
    type_, name, within = counted
    wanted = f"type = {literal(type_)}" + ("" if name == ANY_NAME else f" AND name = {literal(name)}")
    since = writes.now - within if within else 0
    firm = since + MARGIN_S if within else 0
    covered = "false"
    if "coverage" in writes.tables:
        # Without a gap from the range's first second to the last sync.
        covered = (
            f"EXISTS (SELECT 1 FROM {DATASET}.coverage WHERE resource = 'activities' "
            f"AND start_at <= {since} AND end_at >= {writes.now} - {MARGIN_S})"
        )
    return (
        f"count(*) FILTER (WHERE {wanted} AND timestamp > {since}) AS n{number}_all, "
        f"count(*) FILTER (WHERE {wanted} AND timestamp > {firm}) AS n{number}_firm, "
        f"{covered} AS covered_{number}"
    )


def _joined_members(writes: Writes, needs: Needs) -> str:
    """SQL that joins the memberships of each person, as `m`."""
    if not needs.segments or "segment_memberships" not in writes.tables:
        return ""
    members = [
        f"bool_or(segment_id = {segment}) AS is_{number}" for number, segment in enumerate(needs.segments)
    ]
    return f"""
        LEFT JOIN (
            SELECT cio_id, {", ".join(members)} FROM {DATASET}.segment_memberships
            WHERE deleted_at IS NULL AND segment_id IN ({", ".join(map(str, needs.segments))}) GROUP BY 1
        ) AS m ON m.cio_id = k.cio_id
    """


def _been(writes: Writes) -> str:
    held = "WHEN k.cio_id IS NOT NULL THEN coalesce(b.been, [])" if "messages" in writes.tables else ""
    return f"CASE WHEN k.fresh THEN []::BIGINT[] {held} END AS been"


def _joined_messages(writes: Writes) -> str:
    """SQL that joins the campaigns of each person's messages, as `b`."""
    if "messages" not in writes.tables:
        return ""
    return f"""
        LEFT JOIN (
            SELECT customer_identifiers->>'/cio_id' AS cio_id, list(DISTINCT campaign_id) AS been
            FROM {DATASET}.messages WHERE campaign_id IS NOT NULL GROUP BY 1
        ) AS b ON b.cio_id = k.cio_id
    """


def _member_columns(number: int, segment: int, writes: Writes) -> str:
    known = "segment_memberships" in writes.tables
    held = f"CASE WHEN NOT k.stale THEN coalesce(m.is_{number}, false) END" if known else "NULL::BOOLEAN"
    held = f"CASE WHEN k.fresh THEN false ELSE {held} END"
    if segment != writes.segment:
        return f"{held} AS m{number}_before, {held} AS m{number}_after"
    before = "(k.action = 'remove')" if writes.mirrors else held
    return f"{before} AS m{number}_before, (k.action <> 'remove') AS m{number}_after"
