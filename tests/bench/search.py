"""Searches over 1,000,000 deliveries, no column indexed: filter, sort and limit 100.

Each search is the product's, from the JSON document to the records; it opens the published file each time,
as the command does. The baseline is handwritten SQL for the same question, on a connection that is open
already. Both are medians of several runs after one that is not counted, and
both must find the same deliveries in the same order. DuckDB makes the table itself, from range().

`CIO_ELT_BENCH_ROWS` changes the rows.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.search import search
from pipelines.settings import Settings, read_settings
from tests.bench.measure import at_most

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "1000000"))
MOST_S = 1.0
_RUNS = 5
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
                THEN {'opened': 1700000000 + (i * 31) % 30000000, 'links': [i % 9]}::JSON
                ELSE {'opened': 1700000000 + (i * 31) % 30000000}::JSON
           END AS metrics,
           NULL::VARCHAR AS failure_message,
           (i % 40)::BIGINT AS campaign_id,
           (i % 200)::BIGINT AS action_id,
           false AS forgotten,
           i AS _row_hash
    FROM range($rows) AS numbers(i)
"""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One query; `ratio` is its time over that of the handwritten SQL."""

    question: str
    rows: int
    found: int
    seconds: float
    by_hand_s: float
    ratio: float


def run() -> list[dict[str, Any]]:
    """Run every query; ends the bench if one takes a second or differs from the handwritten SQL."""
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(cio_elt_data=Path(folder))
        with duckdb.connect(settings.published_file) as connection:
            connection.execute("CREATE SCHEMA customerio_raw")
            connection.execute(_TABLE, {"rows": ROWS})
        return [asdict(_measured(settings, *question)) for question in QUESTIONS]


def _measured(settings: Settings, name: str, condition: dict[str, Any], by_hand: str) -> Figure:
    document = {"query": {"filter": condition, "sort": _SORT}, "limit": 100}
    seconds, answer = _median(lambda: search(settings, "messages", document).data)
    with duckdb.connect(settings.published_file, read_only=True) as connection:
        by_hand_s, rows = _median(lambda: connection.execute(_HAND.format(by_hand)).fetchall())
    if not rows or [row[0] for row in rows] != [record["id"] for record in answer]:
        sys.exit(f"{name}: the search found {len(answer)} deliveries, by hand {len(rows)}, or others")
    if ROWS <= 1_000_000:
        at_most(f"searching by {name}", seconds, MOST_S, "s")
    return Figure(
        question=name,
        rows=ROWS,
        found=len(rows),
        seconds=seconds,
        by_hand_s=by_hand_s,
        ratio=seconds / by_hand_s,
    )


def _median(work: Callable[[], list[Any]]) -> tuple[float, list[Any]]:
    taken = []
    for _ in range(_RUNS + 1):
        began = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:]), found
