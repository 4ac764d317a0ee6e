"""What a run has to do: the model's rows beside what Customer.io accepted last.

    push_rows ──compare──> push_found ──map──> push_mapped ──(identity)──> push_planned

Comparing reads both tables once and writes little: only rows whose digest differs go on. Payloads are made
for those alone, and a payload that is the same after all (a new version of DuckDB, a renamed column) is
nothing to send.
"""

from dataclasses import dataclass
from hashlib import sha256

import duckdb

from pipelines.push.journal.database import SCHEMA, Sync
from pipelines.push.plan.mapping import used_columns
from pipelines.push.plan.payload import Payload, removal, removed_entity
from pipelines.push.plan.query import ROWS
from pipelines.push.spec.spec import PushSpec
from pipelines.warehouse.sql import literal, quoted

FOUND, DOUBLES, MAPPED, PLANNED = "push_found", "push_doubles", "push_mapped", "push_planned"
MEMBERS = "push_members"
"""The table of a segment's members, for a mirror."""
_DOUBLE = "its key is that of another row, too"


@dataclass(frozen=True)
class Side:
    """What Customer.io has, as SQL: `key`, `digest` (null: not sure), `payload`.

    Attributes:
        relation: A query.
        removes: Whether what is only there is to be removed.
        changes: Whether what is on both sides may differ.
    """

    relation: str
    removes: bool
    changes: bool


def side_of(declaration: PushSpec, sync: Sync) -> Side:
    """The other side of a sync: the snapshot; for the mirror of a segment, its members."""
    snapshot = f"SELECT key, digest, payload FROM journal.{SCHEMA}.snapshot WHERE {sync.where}"
    mirror = declaration.mode == "mirror"
    if declaration.object == "segment" and mirror:
        members = f"SELECT key, 0::UBIGINT AS digest, payload FROM {MEMBERS}"
        return Side(members, removes=True, changes=False)
    return Side(snapshot, removes=mirror, changes=declaration.mode != "append")


def digest_of(declaration: PushSpec, columns: dict[str, str]) -> str:
    """SQL of a row's digest: the columns that are used, and how they are mapped."""
    if declaration.object == "segment":
        return "0::UBIGINT"
    used = [name for name in columns if declaration.unmapped == "send" or name in used_columns(declaration)]
    what = declaration.model_dump_json(
        include={"object", "mode", "person", "event", "device", "object_type_id", "object_id", "fields"}
    )
    version = sha256(f"{what}{[columns[name] for name in used]}".encode()).hexdigest()
    return f"hash({', '.join([literal(version), *(f'd.{quoted(name)}' for name in used)])})"


def compare(connection: duckdb.DuckDBPyConnection, payload: Payload, digest: str, side: Side) -> None:
    """Find what is only here, only there, or different."""
    differs = "d.digest IS DISTINCT FROM h.digest" if side.changes else "h.digest IS NULL"
    join = "FULL" if side.removes else "LEFT"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {FOUND} AS
        SELECT d.place, coalesce(d.key, h.key) AS key, d.digest, h.key IS NOT NULL AS held,
               h.key IS NOT NULL AND h.digest IS NULL AS doubtful
        FROM (SELECT d.rowid AS place, {payload.key} AS key, {digest} AS digest FROM {ROWS} AS d) AS d
        {join} JOIN (SELECT key, digest FROM ({side.relation})) AS h ON h.key = d.key
        WHERE d.place IS NULL OR {differs}
        """
    )
    _find_doubles(connection, payload)


def _find_doubles(connection: duckdb.DuckDBPyConnection, payload: Payload) -> None:
    """The keys that more than one row has, where one of them is to be sent."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {DOUBLES} AS
        SELECT key FROM (SELECT {payload.key} AS key FROM {ROWS} AS d) AS d
        WHERE key IN (SELECT key FROM {FOUND} WHERE place IS NOT NULL)
        GROUP BY key HAVING count(*) > 1
        """
    )


def make_payloads(connection: duckdb.DuckDBPyConnection, payload: Payload, side: Side) -> None:
    """Make the payload of every row that was found, and say what is wrong with it."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {MAPPED} AS
        SELECT f.key, f.digest, f.held, f.doubtful, f.before,
               {payload.entity} AS entity, {payload.at} AS happened_at,
               {payload.item} AS payload, NULL::VARCHAR AS item, NULL::VARCHAR AS prior,
               CASE WHEN f.key IN (FROM {DOUBLES}) THEN {literal(_DOUBLE)} ELSE {payload.fault} END AS fault,
               NULL::VARCHAR AS verdict
        FROM (
            SELECT found.*, h.payload AS before FROM {FOUND} AS found
            LEFT JOIN (SELECT key, payload FROM ({side.relation})) AS h ON found.held AND h.key = found.key
            WHERE found.place IS NOT NULL
        ) AS f
        JOIN {ROWS} AS d ON d.rowid = f.place
        """
    )


def decide(
    connection: duckdb.DuckDBPyConnection, declaration: PushSpec, sync: Sync, side: Side, *, first: bool
) -> None:
    """Say of every row what is to be done: add, change, remove, same, assume, dead, invalid."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {PLANNED} AS
        SELECT key, CASE
                   WHEN m.key IS NOT NULL AND m.fault IS DISTINCT FROM {literal(_DOUBLE)}
                        AND ({_assumed(declaration, first=first)}) THEN 'assume'
                   WHEN m.fault IS NOT NULL THEN 'invalid'
                   WHEN m.held AND NOT m.doubtful AND m.payload = m.before THEN 'same'
                   WHEN m.held AND NOT m.doubtful THEN 'change'
                   WHEN m.held THEN 'change'
                   ELSE 'add'
               END AS action,
               m.entity, m.happened_at, m.payload, m.item, {_BEFORE} AS before,
               m.digest, m.fault, m.verdict
        FROM {MAPPED} AS m
        """
    )
    if side.removes:
        _add_removals(connection, declaration, sync, side)
    if declaration.object == "event":
        _carry_events(connection, sync)
    _leave_the_dead(connection, sync)


_BEFORE = """
    CASE WHEN m.doubtful OR m.before IS NULL THEN m.prior
         WHEN m.prior IS NULL THEN m.before
         ELSE json_merge_patch(m.prior, m.before)::VARCHAR END
"""
"""What was there before, for undo: what was accepted last, and other attributes as the warehouse has them."""


def _assumed(declaration: PushSpec, *, first: bool) -> str:
    """SQL: the first run takes this row for accepted: nothing of it is sent, now or once it is put right."""
    if not first or declaration.first_run == "all" or declaration.object not in ("event", "segment"):
        return "false"
    return "true" if declaration.since is None else f"m.happened_at < {declaration.since}"


def _add_removals(
    connection: duckdb.DuckDBPyConnection, declaration: PushSpec, sync: Sync, side: Side
) -> None:
    own = f"AND found.key IN (SELECT key FROM journal.{SCHEMA}.snapshot WHERE {sync.where})"
    connection.execute(
        f"""
        INSERT INTO {PLANNED}
        SELECT f.key, 'remove', {removed_entity(declaration.object)}, NULL, {removal(declaration.object)},
               NULL, f.before, NULL, NULL, NULL
        FROM (
            SELECT found.key, h.payload AS before FROM {FOUND} AS found
            JOIN (SELECT key, payload FROM ({side.relation})) AS h ON h.key = found.key
            WHERE found.place IS NULL {own if declaration.keep_others else ""}
        ) AS f
        """
    )


_PENDING = f"""
    SELECT key, entity, payload, digest, happened_at, last_at AS noted_at
    FROM journal.{SCHEMA}.rejects WHERE {{where}} AND NOT dead AND action <> 'invalid'
    UNION ALL
    SELECT l.key, l.entity, l.payload, l.digest, l.happened_at, r.started_at
    FROM journal.{SCHEMA}.log AS l JOIN journal.{SCHEMA}.runs AS r USING (run_id)
    WHERE {{where}} AND r.state <> 'done' AND l.action = 'add'
      AND l.key NOT IN (SELECT key FROM journal.{SCHEMA}.rejects WHERE {{where}})
"""
"""Events that were planned and not accepted: they are sent as they were stored, whatever the model says."""


def _carry_events(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE push_carried AS
        SELECT key, max_by(p, noted_at) AS stored FROM ({_PENDING.format(where=sync.where)}) AS p
        WHERE key NOT IN (SELECT key FROM journal.{SCHEMA}.snapshot WHERE {sync.where})
        GROUP BY key
        """
    )
    connection.execute(f"DELETE FROM {PLANNED} WHERE key IN (SELECT key FROM push_carried)")
    connection.execute(
        f"""
        INSERT INTO {PLANNED}
        SELECT key, 'add', stored.entity, stored.happened_at, stored.payload, NULL, NULL,
               stored.digest, NULL, 'carried'
        FROM push_carried
        """
    )


def _leave_the_dead(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """A row that was refused too often is left alone until it changes."""
    connection.execute(
        f"""
        UPDATE {PLANNED} SET action = 'dead' FROM journal.{SCHEMA}.rejects AS r
        WHERE r.{sync.where.replace("AND ", "AND r.")} AND r.dead AND r.key = {PLANNED}.key
          AND {PLANNED}.action IN ('add', 'change', 'remove')
          AND r.payload IS NOT DISTINCT FROM {PLANNED}.payload
        """
    )
