"""Searches over 1,000,000 deliveries, no column indexed: filter, sort and limit 100.

Each search is the product's, from the JSON document to the records; it opens the published file each time,
as the command does. The baseline is handwritten SQL for the same question, on a connection that is open
already. Both must find the same deliveries in the same order, and both have a run before that is not counted.
DuckDB makes the table itself, from range().

`CIO_ELT_BENCH_ROWS` changes the rows; fewer than 1,000 have no answer to some of the questions.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from pipelines.search import search
from pipelines.settings import Settings, read_settings
from tests.bench.measure import Figure, Wrong, repeated

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "1000000"))
MOST_S = 1.0
_SORT = [{"created": "desc"}]
_HAND = "SELECT * FROM customerio_raw.messages WHERE {} ORDER BY created DESC, id LIMIT 100"
_ALIKE = (
    "len(list_filter(string_split(lower(subject), ' '), "
    "lambda w: jaro_winkler_similarity(w, 'wellcome') >= 0.88)) > 0"
)

# The queries: name, filter, and the same as handwritten SQL.
QUESTIONS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("numbers and text", {"and": [{"in": {"campaign_id": [3, 7]}}, {"eq": {"type": "email"}}]},
     "campaign_id IN (3, 7) AND type = 'email'"),
    ("like", {"like": {"recipient": "%99@example%"}}, "recipient LIKE '%99@example%'"),
    ("keyword", {"keyword": {"subject": "number 77"}}, r"regexp_matches(subject, '(?i)\bnumber 77\b')"),
    ("fuzzy", {"fuzzy": {"subject": "wellcome"}}, _ALIKE),
    ("a number in JSON", {"gte": {"metrics.opened": 1_729_000_000}},
     "CAST(metrics ->> '$.opened' AS DOUBLE) >= 1729000000"),
    ("an array in JSON", {"eq": {"metrics.links": 5}}, "list_contains(metrics -> '$.links[*]', '5')"),
)  # fmt: skip

_TABLE = """
    CREATE TABLE customerio_raw.messages AS
    SELECT md5(i::VARCHAR) AS id,
           'deduplicate:' || i AS deduplicate_id,
           1700000000 + (i * 7919) % 30000000 AS created,
           ['email', 'push', 'sms'][1 + i % 3] AS type,
           'person' || i || '@example.com' AS recipient,
           'Welcome back, ' || ['Ana', 'Bo', 'Cy'][1 + i % 3] || ', number ' || (i % 1000) AS subject,
           'customer-' || (i % 100000) AS customer_id,
           {'email': 'person' || i || '@example.com', 'id': i::VARCHAR, 'cio_id': md5(i::VARCHAR)}::JSON
               AS customer_identifiers,
           CASE WHEN i % 10 = 0
                THEN {'opened': 1700000000 + (i * 2710561) % 30000000, 'links': [i % 9]}::JSON
                ELSE {'opened': 1700000000 + (i * 2710561) % 30000000}::JSON
           END AS metrics,
           NULL::VARCHAR AS failure_message,
           (i % 40)::BIGINT AS campaign_id,
           (i % 200)::BIGINT AS action_id,
           false AS forgotten,
           i AS _row_hash
    FROM range($rows) AS numbers(i)
"""


def run(times: int) -> list[Figure]:
    """The time of every query, of the product and by hand, after a round that is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(cio_elt_data=Path(folder))
        with duckdb.connect(settings.published_file) as connection:
            connection.execute("CREATE SCHEMA customerio_raw")
            connection.execute(_TABLE, {"rows": ROWS})
        _measured(settings)
        return repeated(times, lambda: _measured(settings))


def _measured(settings: Settings) -> list[Figure]:
    figures = []
    for name, condition, by_hand in QUESTIONS:
        document = {"query": {"filter": condition, "sort": _SORT}, "limit": 100}
        began = time.perf_counter()
        answer = search(settings, "messages", document).data
        seconds = time.perf_counter() - began
        by_hand_s, rows = _by_hand(settings, _HAND.format(by_hand))
        if not rows or [row[0] for row in rows] != [record["id"] for record in answer]:
            msg = f"{name}: the search found {len(answer)} deliveries, by hand {len(rows)}, or others"
            raise Wrong(msg)
        figures += [
            Figure.of(f"{name}: cio-elt search", seconds, "s", most=MOST_S if ROWS <= 1_000_000 else None),
            Figure.of(f"{name}: SQL by hand (baseline)", by_hand_s, "s"),
        ]
    return figures


def _by_hand(settings: Settings, sql: str) -> tuple[float, list[Any]]:
    """The seconds and the rows of a query on a connection that is open and has run it before."""
    with duckdb.connect(settings.published_file, read_only=True) as connection:
        connection.execute(sql).fetchall()
        began = time.perf_counter()
        rows = connection.execute(sql).fetchall()
        return time.perf_counter() - began, rows
