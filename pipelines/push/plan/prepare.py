"""The first three steps of a push: run the model, compare its rows with the baseline, check the brakes."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import InvalidSpec
from pipelines.push.forecast.forecast import Forecast, forecast_entries
from pipelines.push.journal.database import SCHEMA, PushId
from pipelines.push.plan.diff import (
    PLANNED,
    Baseline,
    baseline_of,
    compare,
    decide,
    digest_sql,
    make_payloads,
)
from pipelines.push.plan.identity import check_identity
from pipelines.push.plan.payload import Payload, payload_of
from pipelines.push.plan.plan import Plan, make_plan
from pipelines.push.plan.query import run_model
from pipelines.push.plan.writes import planned_writes
from pipelines.push.spec.spec import PushSpec


@dataclass(frozen=True)
class PreparedModel:
    """A model that was run: the SQL of its rows' payloads and digests, and the baseline to compare with."""

    spec: PushSpec
    push_id: PushId
    columns: dict[str, str]
    payload: Payload
    digest: str
    baseline: Baseline


def prepare_model(
    connection: duckdb.DuckDBPyConnection,
    spec: PushSpec,
    push_id: PushId,
    folder: Path,
    *,
    rows: bool = True,
) -> PreparedModel:
    """Run the model and check its columns against the spec; without `rows`, read no row.

    Raises:
        ModelFailed: the model cannot be run, lacks a column, or has a column of another type.
    """
    return prepare_columns(spec, push_id, run_model(connection, spec, folder, rows=rows))


def prepare_columns(spec: PushSpec, push_id: PushId, columns: dict[str, str]) -> PreparedModel:
    """The same for rows that exist already, with those columns (name to SQL type).

    Raises:
        ModelFailed: a column is missing, or of another type than the spec says.
    """
    payload = payload_of(spec, columns)
    return PreparedModel(
        spec, push_id, columns, payload, digest_sql(spec, columns), baseline_of(spec, push_id)
    )


def check_target(connection: duckdb.DuckDBPyConnection, prepared: PreparedModel) -> None:
    """Check that a push still has the target of its earlier runs; `journal` is attached to the connection.

    Raises:
        InvalidSpec: it has another one, of which the snapshot says nothing.
    """
    before = connection.execute(
        f"SELECT max_by(target, started_at) FROM journal.{SCHEMA}.runs WHERE {prepared.push_id.where}"
    ).fetchone()
    spec = prepared.spec
    if before is not None and before[0] not in (None, spec.target):
        msg = (
            f"{spec.sync}: until now it was of {before[0]}, and its file says {spec.target}. Give the new "
            "push a name of its own; or, if Customer.io has the rows already, run "
            f"`cio-elt push reset {spec.sync} --without-sending`."
        )
        raise InvalidSpec(msg)


def plan_rows(
    connection: duckdb.DuckDBPyConnection, prepared: PreparedModel, *, show_values: bool = False
) -> Plan:
    """Compare the rows with the baseline and check the brakes; `journal` is attached to the connection."""
    first = _is_first_run(connection, prepared.push_id)
    people = decide_rows(connection, prepared, first=first)
    writes = planned_writes(connection, prepared.spec, prepared.push_id, prepared.payload)
    return make_plan(
        connection,
        prepared.spec,
        prepared.baseline,
        prepared.payload,
        people=people,
        first=first,
        forecast=Forecast() if writes is None else forecast_entries(connection, writes),
        show_values=show_values,
    )


def decide_rows(connection: duckdb.DuckDBPyConnection, prepared: PreparedModel, *, first: bool) -> int | None:
    """Decide the action of every row; returns the people in the warehouse, None if rows were not checked."""
    compare(connection, prepared.payload, prepared.digest, prepared.baseline)
    make_payloads(connection, prepared.payload, prepared.baseline)
    people = check_identity(connection, prepared.spec, prepared.push_id)
    decide(connection, prepared.spec, prepared.push_id, prepared.baseline, first=first)
    return people


def _is_first_run(connection: duckdb.DuckDBPyConnection, push_id: PushId) -> bool:
    """True if no run of this push has sent rows, or assumed them to be accepted."""
    found = connection.execute(
        f"SELECT count(*) FROM journal.{SCHEMA}.runs WHERE {push_id.where} AND undoes IS NULL"
    ).fetchone()
    return found == (0,)


def refresh_digests(connection: duckdb.DuckDBPyConnection, push_id: PushId) -> None:
    """Store the new digest of rows whose payload is equal, so that the next run skips them at once."""
    connection.execute(
        f"""
        UPDATE journal.{SCHEMA}.snapshot SET digest = p.digest FROM {PLANNED} AS p
        WHERE p.action = 'same' AND {push_id.where_in("snapshot")}
          AND snapshot.key = p.key AND snapshot.digest IS DISTINCT FROM p.digest
        """
    )
