"""Doubts: rows of the snapshot that Customer.io may have otherwise than this push remembers.

    doubts ──> baseline without their digests ──> diff ──> brakes ──> the journal, with the doubts

A row in doubt is sent as a change, whatever was sent before; a row that is gone in Customer.io is sent as a
new one. The doubts are written into the snapshot together with the run that sends the rows, so that after an
interrupted run the next one sends the rest.
"""

from collections.abc import Mapping
from dataclasses import replace

import duckdb
import pyarrow as pa

from pipelines.errors import InvalidSpec
from pipelines.push.journal.database import SCHEMA, PushId
from pipelines.push.plan.diff import MAPPED, Baseline
from pipelines.push.plan.query import make_table
from pipelines.push.spec.spec import PushSpec

DOUBTS = "push_doubts"
"""The table of keys in doubt; `gone` if Customer.io no longer has the row."""


def check_repeatable(spec: PushSpec) -> None:
    """Check that a push may send rows again that Customer.io has.

    Raises:
        InvalidSpec: It may not: Customer.io could store such a row twice, as it does with events.
    """
    if not spec.kind.repeatable:
        msg = (
            f"{spec.sync}: {spec.kind.plural} cannot be sent in full again. Customer.io ignores the id of "
            "one that it has, for a time that is not documented, so old ones could count twice. Run the push "
            "without --full: it sends those that were never accepted."
        )
        raise InvalidSpec(msg)


def doubt_all(connection: duckdb.DuckDBPyConnection, baseline: Baseline) -> None:
    """Doubt every row of the baseline; `journal` is attached to the connection."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {DOUBTS} AS SELECT key, false AS gone FROM ({baseline.relation})"
    )


def doubt(connection: duckdb.DuckDBPyConnection, gone: Mapping[str, bool]) -> None:
    """Doubt the rows of these keys; the value is true if Customer.io no longer has the row."""
    keys, values = pa.array(list(gone), pa.string()), pa.array(list(gone.values()), pa.bool_())
    make_table(connection, DOUBTS, pa.table({"key": keys, "gone": values}))


def with_doubts(baseline: Baseline) -> Baseline:
    """The baseline without the digests of rows in doubt, and without rows that are gone."""
    relation = (
        "SELECT b.key, CASE WHEN d.key IS NULL THEN b.digest END AS digest, b.payload "
        f"FROM ({baseline.relation}) AS b LEFT JOIN {DOUBTS} AS d ON d.key = b.key WHERE d.gone IS NOT TRUE"
    )
    return replace(baseline, relation=relation)


def count_as_created(connection: duckdb.DuckDBPyConnection) -> None:
    """Give people who are gone the verdict `create`, though the warehouse still has them."""
    connection.execute(
        f"""
        UPDATE {MAPPED} SET verdict = 'create', item = NULL, prior = NULL
        WHERE rejection IS NULL AND verdict IS NOT NULL AND key IN (SELECT key FROM {DOUBTS} WHERE gone)
        """
    )


def record_doubts(connection: duckdb.DuckDBPyConnection, push_id: PushId) -> None:
    """Write the doubts into the attached journal's snapshot."""
    snapshot = f"journal.{SCHEMA}.snapshot"
    connection.execute(
        f"DELETE FROM {snapshot} WHERE {push_id.where} AND key IN (SELECT key FROM {DOUBTS} WHERE gone)"
    )
    connection.execute(
        f"UPDATE {snapshot} SET digest = NULL WHERE {push_id.where} AND key IN (SELECT key FROM {DOUBTS})"
    )
