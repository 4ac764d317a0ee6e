"""The time of runs that find few changes, or none, in a warehouse and in one that is eleven times as large.

Both have the tables of a small sandbox, and deliveries that DuckDB makes itself, from range(). The changes
are the same in both: none, then a day's new deliveries and late metrics of three times as many. Every figure
is a whole command's, in a process of its own. Syncs are measured in turns, so that both sizes share what else
the machine does; their figures are the shortest of `_TRIES`.

`CIO_ELT_BENCH_ROWS` changes the deliveries of the smaller one.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import duckdb

from pipelines.settings import read_settings
from sources.customerio.sandbox import Sandbox
from tests.bench.measure import Figure
from tests.bench.transform import messages

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "1000000"))
LARGER = 11
DAY_ROWS = ROWS // 365
MOST_SYNC, MOST_DAY, MOST_UNCHANGED_S = 1.2, 2.0, 3.0
_TRIES = 5
_PROGRAM = str(Path(sys.executable).parent / "cio-elt")
_FIRST_LOAD, _DAY_LOAD = "1", "2"


def run(_times: int) -> list[Figure]:
    """Idle syncs in both warehouses, then transforms without a change and after a day, with their ratios."""
    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served, tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "CUSTOMERIO_APP_API_KEY": sandbox.app_api_key,
            "CUSTOMERIO_APP_URL": served.app_url,
            "CIO_ELT_LIMITS": str(Path(folder) / "limits"),
            "CIO_ELT_ANY_CLOCK": "true",
        }
        sizes = {rows: {**environment, "CIO_ELT_DATA": f"{folder}/{rows}"} for rows in (ROWS, LARGER * ROWS)}
        for rows, variables in sizes.items():
            _fill(rows, variables)
        synced: dict[int, list[float]] = {rows: [] for rows in sizes}
        for _ in range(_TRIES):
            for rows, variables in sizes.items():
                synced[rows].append(_seconds(variables, "sync", "segments"))
        unchanged, days = {}, {}
        for rows, variables in sizes.items():
            _seconds(variables, "transform")
            _seconds(variables, "sync", "segments")
            unchanged[rows] = _seconds(variables, "transform")
            _pass_a_day(rows, variables)
            days[rows] = _seconds(variables, "transform")
    return [
        *_figures(
            "sync of segments, no change", {rows: min(tries) for rows, tries in synced.items()}, MOST_SYNC
        ),
        *_figures("transform, no change", unchanged, most_s=MOST_UNCHANGED_S),
        *_figures(f"transform, {4 * DAY_ROWS:,} deliveries new or changed", days, most=MOST_DAY),
    ]


def _figures(
    name: str, seconds: Mapping[int, float], most: float | None = None, most_s: float | None = None
) -> list[Figure]:
    (_, small), (_, large) = sorted(seconds.items())
    return [
        *(
            Figure.of(f"{name}; {rows:,} deliveries", each, "s", most=most_s)
            for rows, each in seconds.items()
        ),
        Figure.of(
            f"{name}; {LARGER} times the deliveries take", large / small, "times the seconds", most=most
        ),
    ]


def _fill(rows: int, variables: Mapping[str, str]) -> None:
    """Make the tables by a sync, add deliveries, and let the next sync look through them and publish them."""
    _seconds(variables, "sync", "segments", "messages", "people")
    _add(variables, rows, 0, rows, load=_FIRST_LOAD)
    _seconds(variables, "sync", "segments")


def _pass_a_day(rows: int, variables: Mapping[str, str]) -> None:
    """Add `DAY_ROWS` deliveries, and conversions to three times as many of those of the month before."""
    month = 30 * rows // 365
    _add(variables, rows, rows, rows + DAY_ROWS, load=_DAY_LOAD)
    _add(variables, rows, rows - month, rows, load=_DAY_LOAD, one_of=month // (3 * DAY_ROWS))


def _add(
    variables: Mapping[str, str], rows: int, first: int, last: int, *, load: str, one_of: int | None = None
) -> None:
    """Add deliveries; with `one_of`, replace that part of those that exist by ones with a late metric."""
    settings = read_settings(cio_elt_data=Path(variables["CIO_ELT_DATA"]))
    sql, given = messages(rows, first, last, load=load, late=one_of is not None)
    with duckdb.connect(settings.load_file) as connection:
        connection.execute("SET preserve_insertion_order = false")
        if one_of is None:
            connection.execute(f"INSERT INTO customerio_raw.messages BY NAME {sql}", given)
            return
        connection.execute(f"CREATE TEMP TABLE late AS FROM ({sql}) WHERE _row_hash % {one_of} = 0", given)
        connection.execute("DELETE FROM customerio_raw.messages WHERE id IN (SELECT id FROM late)")
        connection.execute("INSERT INTO customerio_raw.messages BY NAME FROM late")


def _seconds(variables: Mapping[str, str], *arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([_PROGRAM, *arguments], env=dict(variables), check=True, capture_output=True)
    return time.perf_counter() - began
