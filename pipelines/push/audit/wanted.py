"""The rows of a model that Customer.io should have, for an audit.

Left out are rows that cannot be sent, and those that the first run was told not to send. A row that the push
has not sent as the model has it now is `pending`: the next run sends it, whatever the audit finds. The mirror
of a segment, which compares with the members themselves, has none.
"""

from collections.abc import Iterator

import duckdb
import orjson

from pipelines.push.journal.database import SCHEMA
from pipelines.push.journal.log import AcceptedRow
from pipelines.push.plan.diff import MAPPED
from pipelines.push.plan.doubt import doubt_all
from pipelines.push.plan.prepare import PreparedModel, map_rows

WANTED = "push_wanted"
_ROWS_AT_ONCE = 5_000


def make_wanted(connection: duckdb.DuckDBPyConnection, prepared: PreparedModel) -> None:
    """Create the table of wanted rows; `journal` is attached to the connection."""
    doubt_all(connection, prepared.baseline)
    map_rows(connection, prepared.with_doubts())
    spec, push_id = prepared.spec, prepared.push_id
    snapshot = f"(SELECT * FROM journal.{SCHEMA}.snapshot WHERE {push_id.where})"
    held_back = spec.kind.asks_first_run and spec.first_run != "all"
    never = f"NOT EXISTS (FROM {snapshot})" if held_back else "false"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {WANTED} AS
        SELECT row_number() OVER (ORDER BY m.entity, m.key) AS seq, m.key, m.entity, m.payload,
               NOT {spec.mirrors_members} AND (s.key IS NULL OR (
                   s.digest IS DISTINCT FROM m.digest AND s.payload IS DISTINCT FROM m.payload)) AS pending,
               s.accepted_at, r.watched_since
        FROM {MAPPED} AS m LEFT JOIN {snapshot} AS s ON s.key = m.key
        LEFT JOIN journal.{SCHEMA}.runs AS r ON r.run_id = s.run_id
        WHERE (m.rejection IS NULL OR m.verdict = 'suppressed') AND m.key IS NOT NULL
          AND NOT ({held_back} AND coalesce(s.assumed, false)) AND NOT (s.key IS NULL AND {never})
        """
    )


def count_wanted(connection: duckdb.DuckDBPyConnection, what: str = "*") -> int:
    """The number of wanted rows, or of the different values of an expression."""
    distinct = what if what == "*" else f"DISTINCT {what}"
    ((rows,),) = connection.execute(f"SELECT count({distinct}) FROM {WANTED}").fetchall()
    return int(rows)


def wanted_rows(connection: duckdb.DuckDBPyConnection) -> Iterator[list[AcceptedRow]]:
    """The wanted rows in parts, as rows that were accepted, for the readers of `confirm.read_back`."""
    last = 0
    while found := connection.execute(
        f"SELECT seq, key, entity, payload FROM {WANTED} WHERE seq > ? AND seq <= ? ORDER BY seq",
        [last, last + _ROWS_AT_ONCE],
    ).fetchall():
        last += _ROWS_AT_ONCE
        yield [
            AcceptedRow(seq=seq, key=key, action="add", entity=entity or key, payload=orjson.loads(payload))
            for seq, key, entity, payload in found
        ]
