"""The number of requests that all people of a workspace cost by one export, from order to table.

The sandbox is in this process, and its clock advances while the product waits for the file. Downloads of the
file are no requests of the API, and are not counted. The sandbox keeps each person as an object, which takes
about 130 us and 3.3 KB on 2 cores: 200,000 take half a minute, 1,000,000 take two minutes and 3.3 GB, so
these are not the default. The number of requests depends on the time until the file is made, and not on its
size.

`CIO_ELT_BENCH_PEOPLE` changes the people.
"""

import os
import tempfile
import time
from pathlib import Path

import duckdb

from pipelines.export import PeopleRequest, export
from pipelines.settings import read_settings
from sources.customerio.sandbox import Sandbox, Scale
from tests.bench.measure import Figure, Wrong, repeated

PEOPLE = int(os.environ.get("CIO_ELT_BENCH_PEOPLE", "200000"))
MOST_REQUESTS = 20
# At Customer.io a file of that size takes some minutes: the product asks again, with growing pauses.
_TAKES_S = 600


def run(times: int) -> list[Figure]:
    """The requests and the time of the export."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    sandbox = Sandbox(
        scale=Scale(
            name="many",
            people=PEOPLE,
            campaigns=1,
            newsletter_every_days=400,
            broadcasts=0,
            segments=2,
            deliveries=100,
            events=0,
            burst=1,
        )
    )
    sandbox.knobs.export_takes_s = _TAKES_S
    there = sum(1 for _ in sandbox.rows("people"))
    with sandbox.serve() as served, tempfile.TemporaryDirectory() as folder:
        settings = read_settings(
            customerio_app_url=served.app_url,
            customerio_app_api_key=sandbox.app_api_key,
            cio_elt_data=Path(folder) / "data",
            cio_elt_limits=Path(folder) / "limits",
        )
        began, due = time.perf_counter(), sandbox.clock.now() + _TAKES_S
        result = export(settings, PeopleRequest(), pause=lambda seconds: _pause(sandbox, seconds, due))
        seconds = time.perf_counter() - began
        with duckdb.connect(settings.published_file, read_only=True) as connection:
            ((people,),) = connection.execute("SELECT count(*) FROM customerio_raw.people").fetchall()
    if not result.rows == people == there:
        msg = f"{result.rows} people were exported and {people} loaded, of {there}"
        raise Wrong(msg)
    return [
        Figure.of(f"cio-elt export people, {people:,}", sandbox.stats.total, "requests", most=MOST_REQUESTS),
        Figure.of(f"cio-elt export people, {people:,}: time", seconds, "s"),
    ]


def _pause(sandbox: Sandbox, seconds: float, due: int) -> None:
    """Advance the sandbox's clock by that many seconds."""
    # Once the file is due, the time in which the sandbox writes it has no polls.
    sandbox.clock.advance(seconds)
    while sandbox.clock.now() >= due and any(row["status"] == "pending" for row in sandbox.rows("exports")):
        time.sleep(0.1)
