"""The time and memory of erasing 1,000 people from 1,000,000 deliveries, their marts included.

The warehouse is that of the part `transform`. The baselines are what an erasure has to do in any case: it
writes the file anew, and copies it for readers. The search for traces reads both files, and their tables, to
the end.

`CIO_ELT_BENCH_ROWS` changes the deliveries, `CIO_ELT_BENCH_ERASED` the people.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

import duckdb

from pipelines.erase import EraseResult, Identifier, erase
from pipelines.settings import Settings, read_settings
from pipelines.transform import transform
from pipelines.warehouse.duckdb_file import compact, create
from tests.bench import transform as marts
from tests.bench.measure import Figure, Wrong, in_process, repeated

PEOPLE = int(os.environ.get("CIO_ELT_BENCH_ERASED", "1000"))
ROWS = marts.ROWS
MOST_S, MOST_MB = 120.0, 2048


def run(times: int) -> list[Figure]:
    """An erasure in a new folder each time."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(cio_elt_data=Path(folder))
        create(settings.load_file)
        marts.make_raw_tables(settings.load_file, ROWS)
        transform(settings)
        result, mb = in_process(_erased, folder)
        _check(settings, result)
        return [
            Figure.of("cio-elt erase: time", result.seconds, "s", most=MOST_S if ROWS <= 1_000_000 else None),
            Figure.of("cio-elt erase: memory", mb, "MB", most=MOST_MB),
            *_baselines(settings.load_file),
        ]


def _erased(folder: str) -> EraseResult:
    people: list[Identifier] = [("id", f"user-{number}") for number in range(0, PEOPLE * 7, 7)]
    return erase(read_settings(cio_elt_data=Path(folder)), people, really=True)


def _check(settings: Settings, result: EraseResult) -> None:
    with duckdb.connect(settings.published_file, read_only=True) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            for table in ("customerio_raw.messages", "fct_delivery")
        ]
    left = ROWS - PEOPLE * 10
    if result.traces or counts != [left, left]:
        msg = f"{counts} deliveries are left, not {left:,}; traces: {result.traces}"
        raise Wrong(msg)


def _baselines(file: Path) -> list[Figure]:
    began = time.perf_counter()
    compact(file, always=True)
    rewritten = time.perf_counter()
    shutil.copyfile(file, file.with_suffix(".copy"))
    return [
        Figure.of("writing the file anew (baseline)", rewritten - began, "s"),
        Figure.of("copying the file (baseline)", time.perf_counter() - rewritten, "s"),
    ]
