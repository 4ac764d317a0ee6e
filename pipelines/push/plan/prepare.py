"""The first three steps of a push: run the model, compare its rows with the baseline, check the brakes."""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.errors import InvalidSpec
from pipelines.push.forecast.forecast import Forecast, forecast_entries
from pipelines.push.journal.database import SCHEMA, PushId
from pipelines.push.plan.diff import (
    LEAVERS,
    PLANNED,
    Baseline,
    baseline_of,
    compare,
    decide,
    digest_sql,
    make_payloads,
)
from pipelines.push.plan.doubt import count_as_created, with_doubts
from pipelines.push.plan.erased import leave_out_rows
from pipelines.push.plan.identity import check_identity
from pipelines.push.plan.keys import rewrite_keys, same_texts
from pipelines.push.plan.mapping import with_unmapped
from pipelines.push.plan.payload import Payload, payload_of
from pipelines.push.plan.plan import Plan, make_plan
from pipelines.push.plan.query import run_model
from pipelines.push.plan.writes import planned_writes
from pipelines.push.spec.spec import PushSpec
from sources.customerio.extract.erased import NONE_ERASED, Erased


@dataclass(frozen=True)
class PreparedModel:
    """A model that was run: the SQL of its rows' payloads and digests, and the baseline to compare with.

    `spec` has every attribute in `fields`, those of unmapped columns too. `erased` rows of the model are of
    erased people and were left out.
    """

    spec: PushSpec
    push_id: PushId
    columns: dict[str, str]
    payload: Payload
    digest: str
    baseline: Baseline
    doubted: bool = False
    full: bool = False
    erased: int = 0

    @property
    def key_types(self) -> str:
        """The SQL types of the key's columns."""
        return ", ".join(self.columns[name] for name in self.spec.keyed_by)

    def with_doubts(self, *, full: bool = False) -> "PreparedModel":
        """The same, without trust in the snapshot's rows that are in doubt; see `plan.doubt`.

        In full, a first run holds no rows back.
        """
        return replace(self, baseline=with_doubts(self.baseline), doubted=True, full=full)


def prepare_model(
    connection: duckdb.DuckDBPyConnection,
    spec: PushSpec,
    push_id: PushId,
    folder: Path,
    *,
    rows: bool = True,
    erased: Erased = NONE_ERASED,
) -> PreparedModel:
    """Run the model and check its columns against the spec; without `rows`, read no row.

    Rows of `erased` people are left out.

    Raises:
        ModelFailed: the model cannot be run, lacks a column, or has a column of another type.
    """
    prepared = prepare_columns(spec, push_id, run_model(connection, spec, folder, rows=rows))
    return replace(prepared, erased=leave_out_rows(connection, prepared.spec, erased))


def prepare_columns(spec: PushSpec, push_id: PushId, columns: dict[str, str]) -> PreparedModel:
    """The same for rows that exist already, with those columns (name to SQL type).

    Raises:
        ModelFailed: a column is missing, or of another type than the spec says.
    """
    spec = with_unmapped(spec, columns)
    payload = payload_of(spec, columns)
    return PreparedModel(
        spec, push_id, columns, payload, digest_sql(spec, columns), baseline_of(spec, push_id)
    )


def check_target(connection: duckdb.DuckDBPyConnection, prepared: PreparedModel) -> None:
    """Check that a push has the target and the key of its last run; `journal` is attached to the connection.

    A run of an earlier release has no key in the journal: the keys of its rows are rewritten.

    Raises:
        InvalidSpec: it has others, of which the snapshot says nothing.
    """
    spec = prepared.spec
    before = connection.execute(
        f"SELECT target, keyed_by, key_types FROM journal.{SCHEMA}.runs WHERE {prepared.push_id.where} "
        "AND undoes IS NULL ORDER BY started_at DESC LIMIT 1"
    ).fetchone()
    if before is None:
        return
    target, keyed_by, key_types = before
    if target != spec.target:
        raise _changed(spec, f"it was of {target}", spec.target)
    if keyed_by is None:
        rewrite_keys(connection, spec, prepared.push_id, prepared.columns)
    elif keyed_by != spec.told_apart_by and (spec.keep_others or not spec.mirrors_members):
        raise _changed(spec, f"its rows were told apart by {keyed_by}", spec.told_apart_by)
    elif key_types is not None and not same_texts(key_types, prepared.key_types):
        was, now = f"{spec.told_apart_by} of type {key_types}", prepared.key_types
        raise _changed(spec, f"its rows were told apart by {was}", f"{now}, whose values have other texts")


def _changed(spec: PushSpec, before: str, declared: str) -> InvalidSpec:
    """The error for a push whose snapshot says nothing of what its file declares."""
    msg = (
        f"{spec.sync}: until now {before}, and its file says {declared}. Give the new push a name of its own"
    )
    if not spec.mirrors_members:
        msg += (
            "; or, if Customer.io has the rows already, run "
            f"`cio-elt push reset {spec.sync} --without-sending`, which takes them for sent"
        )
    return InvalidSpec(f"{msg}. Nothing was sent.")


def plan_rows(
    connection: duckdb.DuckDBPyConnection, prepared: PreparedModel, *, show_values: bool = False
) -> Plan:
    """Compare the rows with the baseline and check the brakes; `journal` is attached to the connection."""
    last = _rows_of_last_run(connection, prepared.push_id)
    people = decide_rows(connection, prepared, first=last is None and not prepared.full)
    writes = planned_writes(connection, prepared.spec, prepared.push_id, prepared.payload)
    return make_plan(
        connection,
        prepared.spec,
        prepared.baseline,
        prepared.payload,
        people=people,
        last=last,
        forecast=Forecast() if writes is None else forecast_entries(connection, writes),
        show_values=show_values,
        erased=prepared.erased,
    )


def decide_rows(connection: duckdb.DuckDBPyConnection, prepared: PreparedModel, *, first: bool) -> int | None:
    """Decide the action of every row; returns the people in the warehouse, None if rows were not checked."""
    people = map_rows(connection, prepared)
    decide(connection, prepared.spec, prepared.push_id, prepared.baseline, first=first)
    return people


def map_rows(connection: duckdb.DuckDBPyConnection, prepared: PreparedModel) -> int | None:
    """Make the payloads of the rows that differ and check their identity; returns as `decide_rows`."""
    compare(connection, prepared.payload, prepared.digest, prepared.baseline)
    make_payloads(connection, prepared.payload, prepared.baseline)
    people = check_identity(connection, prepared.spec, prepared.push_id)
    if prepared.doubted:
        count_as_created(connection)
    return people


def _rows_of_last_run(connection: duckdb.DuckDBPyConnection, push_id: PushId) -> int | None:
    """The rows that the last run of this push was to send; None if no run has sent or assumed rows.

    A run whose model was empty saw nothing: the next one is the first.
    """
    found = connection.execute(
        f"SELECT planned FROM journal.{SCHEMA}.runs WHERE {push_id.where} AND undoes IS NULL "
        "AND (planned > 0 OR accepted > 0) ORDER BY started_at DESC LIMIT 1"
    ).fetchone()
    return None if found is None else int(found[0])


def refresh_digests(connection: duckdb.DuckDBPyConnection, push_id: PushId) -> None:
    """Store the new digest of rows whose payload is equal, so that the next run skips them at once."""
    connection.execute(
        f"""
        UPDATE journal.{SCHEMA}.snapshot SET digest = p.digest FROM {PLANNED} AS p
        WHERE p.action = 'same' AND {push_id.where_in("snapshot")}
          AND snapshot.key = p.key AND snapshot.digest IS DISTINCT FROM p.digest
        """
    )


def forget_leavers(connection: duckdb.DuckDBPyConnection, prepared: PreparedModel) -> None:
    """Forget the rows that left the model of a push that removes none: they are sent when they return."""
    if prepared.baseline.forgets:
        connection.execute(
            f"DELETE FROM journal.{SCHEMA}.snapshot WHERE {prepared.push_id.where} AND key IN ({LEAVERS})"
        )
