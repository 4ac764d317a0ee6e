"""Compares the model's rows with the rows that Customer.io accepted last, and decides the action of each.

    push_rows ──compare──> push_found ──map──> push_mapped ──(identity)──> push_planned

`compare` reads both tables once and writes little: only rows whose digest differs are mapped. A payload that
is equal after all (a new version of DuckDB, a renamed column) is not sent.
"""

from dataclasses import dataclass
from hashlib import sha256

import duckdb

from pipelines.push.journal.database import SCHEMA, PushId
from pipelines.push.journal.snapshot import same_attempt
from pipelines.push.plan.mapping import used_columns
from pipelines.push.plan.payload import Payload
from pipelines.push.plan.query import ROWS
from pipelines.push.spec.spec import PushSpec
from pipelines.warehouse.sql import literal, quoted

FOUND, DUPLICATES, MAPPED, PLANNED = "push_found", "push_duplicates", "push_mapped", "push_planned"
MEMBERS = "push_members"
"""The table of a segment's members, for a mirror; members without the push's identifier have no key."""
SENT_ACTIONS = ("add", "change", "remove")
_DUPLICATE = "its key is that of another row, too"


@dataclass(frozen=True)
class Baseline:
    """The rows that a push is compared with, as SQL: `key`, `digest` (null: in doubt), `payload`.

    Attributes:
        relation: A query.
        removes: True if rows that only the baseline has are removed.
        changes: True if rows that both sides have may differ.
        forgets: True if rows that only the baseline has leave it, so that they are sent when they return.
    """

    relation: str
    removes: bool
    changes: bool
    forgets: bool = False


def baseline_of(spec: PushSpec, push_id: PushId) -> Baseline:
    """The baseline of a push: the snapshot; for the mirror of a segment, its present members."""
    if spec.mirrors_members:
        members = f"SELECT key, 0::UBIGINT AS digest, payload FROM {MEMBERS} WHERE key IS NOT NULL"
        return Baseline(members, removes=True, changes=False)
    snapshot = f"SELECT key, digest, payload FROM journal.{SCHEMA}.snapshot WHERE {push_id.where}"
    removes = spec.mode == "mirror"
    return Baseline(
        snapshot,
        removes=removes,
        changes=spec.mode != "append",
        forgets=spec.kind.forgets_leavers and not removes,
    )


def digest_sql(spec: PushSpec, columns: dict[str, str]) -> str:
    """SQL of a row's digest, from the columns that are used and their mapping; members have none."""
    if spec.kind.mirrors_members:
        return "0::UBIGINT"
    used = [name for name in columns if spec.unmapped == "send" or name in used_columns(spec)]
    mapping = spec.model_dump_json(
        include={"object", "mode", "person", "event", "device", "object_type_id", "object_id", "fields"}
    )
    types = [columns[name] for name in used]
    version = sha256(f"{mapping}{types}{sorted(spec.left_out) or ''}".encode()).hexdigest()
    return f"hash({', '.join([literal(version), *(f'd.{quoted(name)}' for name in used)])})"


def compare(connection: duckdb.DuckDBPyConnection, payload: Payload, digest: str, baseline: Baseline) -> None:
    """Find the rows that only one side has, or that differ."""
    differs = "d.digest IS DISTINCT FROM h.digest" if baseline.changes else "h.digest IS NULL"
    join = "FULL" if baseline.removes or baseline.forgets else "LEFT"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {FOUND} AS
        SELECT d.place, coalesce(d.key, h.key) AS key, d.digest, h.key IS NOT NULL AS held,
               h.key IS NOT NULL AND h.digest IS NULL AS doubtful
        FROM (SELECT d.rowid AS place, {payload.key} AS key, {digest} AS digest FROM {ROWS} AS d) AS d
        {join} JOIN (SELECT key, digest FROM ({baseline.relation})) AS h ON h.key = d.key
        WHERE d.place IS NULL OR {differs}
        """
    )
    _find_duplicates(connection, payload)


LEAVERS = f"SELECT key FROM {FOUND} WHERE place IS NULL"
"""The rows that only the baseline has, if it removes or forgets such rows."""


def _find_duplicates(connection: duckdb.DuckDBPyConnection, payload: Payload) -> None:
    """Find keys that several rows have, if one of the rows is to be sent."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {DUPLICATES} AS
        SELECT key FROM (SELECT {payload.key} AS key FROM {ROWS} AS d) AS d
        WHERE key IN (SELECT key FROM {FOUND} WHERE place IS NOT NULL)
        GROUP BY key HAVING count(*) > 1
        """
    )


def make_payloads(connection: duckdb.DuckDBPyConnection, payload: Payload, baseline: Baseline) -> None:
    """Make the payload of every row that was found, and its rejection reason."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {MAPPED} AS
        SELECT f.key, f.digest, f.held, f.doubtful, f.before,
               {payload.entity} AS entity, {payload.at} AS happened_at,
               {payload.item} AS payload, NULL::VARCHAR AS item, NULL::VARCHAR AS prior,
               CASE WHEN f.key IN (FROM {DUPLICATES}) THEN {literal(_DUPLICATE)} ELSE {payload.rejection} END
                   AS rejection,
               NULL::VARCHAR AS verdict
        FROM (
            SELECT found.*, h.payload AS before FROM {FOUND} AS found
            LEFT JOIN (SELECT key, payload FROM ({baseline.relation})) AS h
                   ON found.held AND h.key = found.key
            WHERE found.place IS NOT NULL
        ) AS f
        JOIN {ROWS} AS d ON d.rowid = f.place
        """
    )


def decide(
    connection: duckdb.DuckDBPyConnection,
    spec: PushSpec,
    push_id: PushId,
    baseline: Baseline,
    *,
    first: bool,
) -> None:
    """Decide the action of every row: add, change, remove, same, assume, dead, invalid."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {PLANNED} AS
        SELECT key, CASE
                   WHEN m.key IS NOT NULL AND m.rejection IS DISTINCT FROM {literal(_DUPLICATE)}
                        AND ({_assumed(spec, first=first)}) THEN 'assume'
                   WHEN m.rejection IS NOT NULL THEN 'invalid'
                   WHEN m.held AND NOT m.doubtful AND m.payload = m.before THEN 'same'
                   WHEN m.held THEN 'change'
                   ELSE 'add'
               END AS action,
               m.entity, m.happened_at, m.payload, m.item, {_BEFORE} AS before,
               m.digest, m.rejection, m.verdict
        FROM {MAPPED} AS m
        """
    )
    if baseline.removes:
        _add_removals(connection, spec, push_id, baseline)
    if spec.kind.resends_stored:
        _resend_stored(connection, push_id)
    _skip_dead_letters(connection, push_id)


_BEFORE = """
    CASE WHEN m.doubtful OR m.before IS NULL THEN m.prior
         WHEN m.prior IS NULL THEN m.before
         ELSE json_merge_patch(m.prior, m.before)::VARCHAR END
"""
"""The earlier state, for undo: the payload accepted last, and other attributes as the warehouse has them."""


def _assumed(spec: PushSpec, *, first: bool) -> str:
    """SQL: the first run assumes this row to be accepted; it is not sent, not even once it is corrected."""
    if not first or spec.first_run == "all" or not spec.kind.asks_first_run:
        return "false"
    return "true" if spec.since is None else f"m.happened_at < {spec.since}"


def _add_removals(
    connection: duckdb.DuckDBPyConnection, spec: PushSpec, push_id: PushId, baseline: Baseline
) -> None:
    own = f"AND found.key IN (SELECT key FROM journal.{SCHEMA}.snapshot WHERE {push_id.where})"
    connection.execute(
        f"""
        INSERT INTO {PLANNED}
        SELECT f.key, 'remove', {spec.kind.removed_entity}, NULL, {spec.kind.removal},
               NULL, f.before, NULL, NULL, NULL
        FROM (
            SELECT found.key, h.payload AS before FROM {FOUND} AS found
            JOIN (SELECT key, payload FROM ({baseline.relation})) AS h ON h.key = found.key
            WHERE found.place IS NULL {own if spec.keep_others else ""}
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
"""Events that were planned and not accepted: they are sent as they were stored, not as the model has them."""


def _resend_stored(connection: duckdb.DuckDBPyConnection, push_id: PushId) -> None:
    """Plan the pending rows of earlier runs as they were stored; their verdict is `carried`."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE push_pending AS
        SELECT key, max_by(p, noted_at) AS stored FROM ({_PENDING.format(where=push_id.where)}) AS p
        WHERE key NOT IN (SELECT key FROM journal.{SCHEMA}.snapshot WHERE {push_id.where})
        GROUP BY key
        """
    )
    connection.execute(f"DELETE FROM {PLANNED} WHERE key IN (SELECT key FROM push_pending)")
    connection.execute(
        f"""
        INSERT INTO {PLANNED}
        SELECT key, 'add', stored.entity, stored.happened_at, stored.payload, NULL, NULL,
               stored.digest, NULL, 'carried'
        FROM push_pending
        """
    )


def _skip_dead_letters(connection: duckdb.DuckDBPyConnection, push_id: PushId) -> None:
    """Skip dead letters until they change: rows that were rejected in too many runs."""
    connection.execute(
        f"""
        UPDATE {PLANNED} SET action = 'dead' FROM journal.{SCHEMA}.rejects AS r
        WHERE {push_id.where_in("r")} AND r.dead AND r.key = {PLANNED}.key
          AND {PLANNED}.action IN {SENT_ACTIONS}
          AND {same_attempt("r", PLANNED)}
        """
    )
