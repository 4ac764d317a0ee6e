"""The drift of a push: the differences that audits found between the model and Customer.io.

A row is one attribute of a key, or the whole row where `attribute` is empty. A difference that an audit no
longer finds has `gone_at`; one that comes back after that counts in `times`, so a value that two writers set
in turn shows as one that came several times.
"""

import time

import duckdb

from pipelines.push.journal.database import SCHEMA, Journal, PushId

_SECRET = "password|passwd|secret|token|api_?key|credential"  # noqa: S105 -- names of attributes
_MASK = "***"


def record_drift(connection: duckdb.DuckDBPyConnection, push_id: PushId, found: str) -> dict[str, int]:
    """Write the differences of an audit into the attached journal.

    `found` is a query of key, difference, attribute, wanted, found and pending; values of attributes with
    the name of a secret are masked. Returns, by attribute, the differences that came back after they were
    gone.
    """
    masked = f"regexp_matches(attribute, '{_SECRET}', 'i')"
    values = ", ".join(
        f"CASE WHEN {masked} AND {name} IS NOT NULL THEN '{_MASK}' ELSE {name} END AS {name}"
        for name in ("wanted", "found")
    )
    drift = f"journal.{SCHEMA}.drift"
    rows = f"SELECT key, difference, attribute, {values}, pending FROM ({found})"
    now = {"now": time.time()}
    connection.execute(
        f"""
        UPDATE {drift} AS held SET gone_at = $now
        WHERE {push_id.where_in("held")} AND gone_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM ({found}) AS f WHERE f.key = held.key AND f.attribute = held.attribute)
        """,
        now,
    )
    connection.execute(
        f"""
        MERGE INTO {drift} AS held USING ({rows}) AS f
        ON {push_id.where_in("held")} AND held.key = f.key AND held.attribute = f.attribute
        WHEN MATCHED THEN UPDATE SET
            difference = f.difference, wanted = f.wanted, found = f.found, pending = f.pending,
            times = held.times + (held.gone_at IS NOT NULL)::INTEGER, seen_at = $now, gone_at = NULL
        WHEN NOT MATCHED THEN INSERT VALUES ('{push_id.workspace}', '{push_id.name}', f.key, f.difference,
            f.attribute, f.wanted, f.found, f.pending, 1, $now, $now, NULL)
        """,
        now,
    )
    returned = connection.execute(
        f"SELECT attribute, count(*) FROM {drift} WHERE {push_id.where} AND gone_at IS NULL AND times > 1 "
        "GROUP BY attribute ORDER BY attribute"
    )
    return {str(name): int(rows) for name, rows in returned.fetchall()}


def close_repaired(journal: Journal, run_id: str) -> None:
    """Note that the differences of the rows that a repair sent and Customer.io accepted are gone."""
    with journal.open() as connection:
        connection.execute(
            f"""
            UPDATE {SCHEMA}.drift AS held SET gone_at = ? FROM {SCHEMA}.rows AS r
            WHERE r.run_id = ? AND r.state IN ('accepted', 'confirmed') AND held.gone_at IS NULL
              AND held.workspace = r.workspace AND held.sync = r.sync AND held.key = r.key
            """,
            [time.time(), run_id],
        )
