"""The time and memory of the marts of 1,000,000 deliveries: a full build, and an update after a day.

DuckDB makes the raw tables itself, from range(): a year of deliveries by 40 campaigns and 60 newsletters to
100,000 people. After the first build a day passes: its deliveries are new, and some of the last month's have
another metric. Every figure is the whole command's, dbt's start included; the memory is that of dbt's
process, which does the work. The baseline is a copy of the file, which the command makes in any case.

`CIO_ELT_BENCH_ROWS` changes the deliveries.
"""

import os
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from pipelines.settings import read_settings
from pipelines.transform import transform
from tests.bench.measure import Figure, in_process, peak_mb, repeated

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "1000000"))
PEOPLE = ROWS // 10
MOST_S = {"full build": 60.0, "after a day": 15.0}
MOST_MB = 2048
_DAY, _NOW = 86_400, 1_790_000_000

_CONFIG = f"""
    CREATE SCHEMA customerio_raw;
    CREATE TABLE customerio_raw.sync_runs AS
    SELECT 'run' AS run_id, 'messages' AS resource, {_NOW} AS finished_at, {_NOW} AS noted_at,
           false AS "full", NULL::VARCHAR AS backfill, 1::BIGINT AS requests, {ROWS} AS rows_read,
           {ROWS} AS rows_new,
           0::BIGINT AS rows_changed, 0::BIGINT AS rows_deleted, 1.0::DOUBLE AS seconds,
           NULL::VARCHAR AS error, '1' AS _dlt_load_id;
    CREATE TABLE customerio_raw.campaigns AS
    SELECT i AS id, 'Campaign ' || i AS name, 'running' AS state, 'segment' AS type, {_NOW} AS first_seen_at,
           NULL::BIGINT AS deleted_at, '1' AS _dlt_load_id
    FROM range(40) AS numbers(i);
    CREATE TABLE customerio_raw.campaign_actions AS
    SELECT i % 40 AS campaign_id, i::VARCHAR AS id, 'Action ' || i AS name, 'email' AS type,
           'Hello' AS subject, {_NOW} AS first_seen_at, NULL::BIGINT AS deleted_at, '1' AS _dlt_load_id
    FROM range(200) AS numbers(i);
    CREATE TABLE customerio_raw.people AS
    SELECT printf('%08x', i) AS cio_id, 'user-' || i AS id,
           {{'cio_id': printf('%08x', i), 'email': 'person' || i || '@example.com', 'id': 'user-' || i}}::JSON
               AS identifiers,
           {{'plan': ['free', 'pro'][1 + i % 2], 'created_at': ({_NOW} - i * 60)::VARCHAR}}::JSON
               AS attributes,
           '[]'::JSON AS devices, false AS unsubscribed, {_NOW} AS first_seen_at, NULL::BIGINT AS deleted_at,
           '1' AS _dlt_load_id
    FROM range({PEOPLE}) AS numbers(i);
"""
# Deliveries first..last, newest last; a metric in `late` came after the last load.
_MESSAGES = """
    SELECT md5(i::VARCHAR) || '-fQE=' AS id, md5(i::VARCHAR) || ':1' AS deduplicate_id, made_at AS created,
           channel AS type, 'person' || i % $people || '@domain' || i % 50 || '.example' AS recipient,
           'Welcome back, number ' || (i % 1000) AS subject, 'user-' || i % $people AS customer_id,
           {'cio_id': printf('%08x', i % $people), 'email': 'person' || i % $people || '@example.com',
            'id': 'user-' || i % $people}::JSON AS customer_identifiers,
           json_merge_patch(
               '{}'::JSON,
               {'sent': made_at + 3, 'delivered': CASE WHEN i % 40 > 0 THEN made_at + 5 END,
                'bounced': CASE WHEN i % 40 = 0 THEN made_at + 9 END,
                'opened': CASE WHEN i % 40 > 0 AND i % 5 < 2 THEN made_at + 60 + i % 90000 END,
                'human_opened': CASE WHEN i % 40 > 0 AND i % 5 = 0 THEN made_at + 60 + i % 90000 END,
                'prefetch_opened': CASE WHEN i % 40 > 0 AND i % 5 = 1 THEN made_at + 60 + i % 90000 END,
                'clicked': CASE WHEN i % 40 > 0 AND i % 25 = 0 THEN made_at + 90 + i % 90000 END,
                'human_clicked': CASE WHEN i % 40 > 0 AND i % 25 = 0 THEN made_at + 90 + i % 90000 END}::JSON,
               CASE WHEN $late THEN {'converted': made_at + 100000}::JSON ELSE '{}'::JSON END
           ) AS metrics,
           NULL::VARCHAR AS failure_message,
           CASE WHEN i % 2 = 0 THEN i % 40 END AS campaign_id,
           CASE WHEN i % 2 = 0 THEN i % 200 END AS action_id,
           NULL::BIGINT AS parent_action_id, CASE WHEN i % 2 = 1 THEN i % 60 END AS newsletter_id,
           CASE WHEN i % 2 = 1 THEN 1000 + i % 60 END AS content_id, NULL::BIGINT AS broadcast_id,
           NULL::VARCHAR AS trigger_event_id, NULL::BIGINT AS transactional_message_id,
           i % 200 AS msg_template_id, false AS forgotten, $now AS first_seen_at, i AS _row_hash,
           $load AS _dlt_load_id
    FROM (
        SELECT i, $start + (i * $step)::BIGINT AS made_at,
               ['email', 'email', 'email', 'push', 'twilio'][1 + i % 5] AS channel
        FROM range($first, $last) AS numbers(i)
    ) AS deliveries
"""


def run(times: int) -> list[Figure]:
    """A full build and one after a day, in a new folder each time."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(cio_elt_data=Path(folder))
        a_day = ROWS // 365
        make_raw_tables(settings.load_file, ROWS - a_day)
        full = _built("full build", folder)
        _pass_a_day(settings.load_file, a_day)
        return [*full, *_built("after a day", folder), _copied(settings.load_file)]


def make_raw_tables(file: Path, rows: int) -> None:
    """Make the raw tables of the first `rows` deliveries, and of all people, in a DuckDB file."""
    with duckdb.connect(file) as connection:
        connection.execute(_CONFIG)
        made = messages(ROWS, 0, rows, load="1", late=False)
        connection.execute(f"CREATE TABLE customerio_raw.messages AS {made[0]}", made[1])


def messages(rows: int, first: int, last: int, *, load: str, late: bool) -> tuple[str, dict[str, Any]]:
    """An SQL query and its parameters: the deliveries from `first` to `last` of a year that has `rows`."""
    step = 365 * _DAY / rows
    given = {"people": rows // 10, "late": late, "now": _NOW, "load": load, "start": _NOW - 365 * _DAY}
    return _MESSAGES, {**given, "step": step, "first": first, "last": last}


def _pass_a_day(file: Path, rows: int) -> None:
    """Add a day's deliveries, and conversions to a tenth of those of the month before."""
    with duckdb.connect(file) as connection:
        new, given = messages(ROWS, ROWS - rows, ROWS, load="2", late=False)
        connection.execute(f"INSERT INTO customerio_raw.messages {new}", given)
        sql, given = messages(ROWS, ROWS - 31 * rows, ROWS - rows, load="2", late=True)
        connection.execute(f"CREATE TEMP TABLE late AS FROM ({sql}) WHERE _row_hash % 10 = 0", given)
        connection.execute("DELETE FROM customerio_raw.messages WHERE id IN (SELECT id FROM late)")
        connection.execute("INSERT INTO customerio_raw.messages FROM late")


def _built(name: str, folder: str) -> list[Figure]:
    # A process of its own, for the peak of children is that of the largest one that a process ever had.
    (seconds, mb), _ = in_process(built, folder)
    bounded = ROWS <= 1_000_000
    return [
        Figure.of(f"{name}: time", seconds, "s", most=MOST_S[name] if bounded else None),
        Figure.of(f"{name}: memory", mb, "MB", most=MOST_MB if bounded else None),
    ]


def built(folder: str) -> tuple[float, float]:
    """Build the marts of a data folder; the seconds, and the memory of dbt's process (MB)."""
    result = transform(read_settings(cio_elt_data=Path(folder)))
    return result.seconds, peak_mb(resource.RUSAGE_CHILDREN)


def _copied(file: Path) -> Figure:
    began = time.perf_counter()
    shutil.copyfile(file, file.with_suffix(".copy"))
    return Figure.of("copying the file (baseline)", time.perf_counter() - began, "s")
