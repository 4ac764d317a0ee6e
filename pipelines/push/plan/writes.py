"""The rows of a plan as the forecast takes them, with what the journal and the last sync say about people."""

import duckdb

from pipelines.push.forecast.workbench import Writes
from pipelines.push.journal.database import SCHEMA, PushId
from pipelines.push.plan.diff import PLANNED, SENT_ACTIONS
from pipelines.push.plan.payload import Payload
from pipelines.push.plan.query import warehouse_tables
from pipelines.push.spec.spec import PushSpec
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import literal

_READ = ("people", "activities", "segment_memberships")
_SLACK_S = 60
"""Rows may be written while a table is read, and the two clocks differ."""


def planned_writes(
    connection: duckdb.DuckDBPyConnection, spec: PushSpec, push_id: PushId, payload: Payload
) -> Writes | None:
    """The rows of the plan; None if they start no campaign, since the people they are of end."""
    changed = spec.kind.changed
    if changed is None:
        return None
    tables = warehouse_tables(connection)
    # A person who is deleted enters nothing.
    actions = tuple(action for action in SENT_ACTIONS if action != "remove" or changed != "attributes")
    relation = (
        f"SELECT action, entity, payload, happened_at, verdict FROM {PLANNED} WHERE action IN {actions}"
    )
    return Writes(
        relation=relation,
        changed=changed,
        identifier=spec.identifier,
        attributes=[field.name for field in payload.fields] if spec.kind.profile else [],
        segment=_segment_id(connection, spec, tables),
        mirrors=spec.mirrors_members,
        creates=_creates(connection, relation),
        recent=_recent(push_id, _read_at(connection, tables)),
        tables=tables,
        now=_now(connection, tables),
    )


def _creates(connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
    """True if rows create people, or may."""
    found = connection.execute(
        f"SELECT 1 FROM ({relation}) WHERE verdict = 'create' OR verdict IS NULL LIMIT 1"
    ).fetchone()
    return found is not None


def _segment_id(connection: duckdb.DuckDBPyConnection, spec: PushSpec, tables: frozenset[str]) -> int | None:
    """The id of the segment that the spec names by id or by name."""
    if spec.segment is None or isinstance(spec.segment, int) or "segments" not in tables:
        return spec.segment if isinstance(spec.segment, int) else None
    found = connection.execute(
        f"SELECT id FROM {DATASET}.segments WHERE name = ? AND deleted_at IS NULL", [spec.segment]
    ).fetchone()
    return None if found is None else int(found[0])


def _read_at(connection: duckdb.DuckDBPyConnection, tables: frozenset[str]) -> float:
    """When the oldest of the tables that tell about people was read last, by this machine's clock."""
    read = [name for name in _READ if name in tables]
    if "sync_runs" not in tables or not read:
        return 0.0
    names = ", ".join(literal(name) for name in read)
    ((began,),) = connection.execute(
        f"""
        SELECT min(began) FROM (
            SELECT max(noted_at - seconds) AS began FROM {DATASET}.sync_runs
            WHERE error IS NULL AND resource IN ({names}) GROUP BY resource
        )
        """
    ).fetchall()
    return float(began or 0) - _SLACK_S


def _now(connection: duckdb.DuckDBPyConnection, tables: frozenset[str]) -> int:
    """The end of the last sync by Customer.io's clock, Unix seconds."""
    if "sync_runs" not in tables:
        return 0
    ((ended,),) = connection.execute(f"SELECT max(finished_at) FROM {DATASET}.sync_runs").fetchall()
    return int(ended or 0)


def _recent(push_id: PushId, since: float) -> str:
    """SQL of the people whom runs of any push of the workspace may have changed since then."""
    return f"""
        SELECT DISTINCT lower(l.entity) AS entity FROM journal.{SCHEMA}.log AS l
        JOIN journal.{SCHEMA}.runs AS r USING (run_id)
        WHERE r.workspace = {literal(push_id.workspace)} AND l.entity IS NOT NULL AND l.action <> 'assume'
          AND coalesce(r.finished_at, {since}) >= {since}
    """
