"""The memory of a sync: first syncs of 500,000 and 5,000,000 deliveries, new fields, and hostile bodies.

The sandbox is a process of its own, and so is each sync: the peak is the sync's alone. The page of 1,000
deliveries with 3,000 new fields each is decoded and placed: the step at which all its values would be in
memory at once. Hostile bodies come to as many threads as a sync has, all at once.

`CIO_ELT_BENCH_ROWS` changes the rows of the larger sync (default 5,000,000).
"""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor

import duckdb
import orjson

from sources.customerio.extract.run_context import THREADS
from tests.bench.export import Place, sandbox_of, settings_of
from tests.bench.load import delivery
from tests.bench.measure import Figure, Wrong, in_process, repeated
from tests.sources.customerio.client.test_bounds import FLOODS, hostile

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "5000000"))
MOST_MB = 600
FLAT_MB = 150
FIELDS = 3_000
FIELDS_MOST_MB = 600
FIELDS_MOST_S = 60.0
HOSTILE = ("2 GB of gzip", "200 MB of JSON", "a body without end")
HOSTILE_MOST_MB = 1_024
_PAGE = 1_000
# Rows as `export` counts them, for one delivery of the whole world.
_ALL = 0.833


def run(times: int) -> list[Figure]:
    """All three."""
    return repeated(times, lambda: [*_syncs(), *_new_fields(), *_hostile()])


def _syncs() -> list[Figure]:
    small, large = (_synced(rows) for rows in (ROWS // 10, ROWS))
    more_mb = large[1].median - small[1].median
    return [*small, *large, Figure.of("memory that ten times the rows add", more_mb, "MB", most=FLAT_MB)]


def _synced(rows: int) -> list[Figure]:
    with sandbox_of(int(rows * _ALL)) as place:
        (seconds, written), peak_mb = in_process(sync_deliveries, place)
        # In a process of its own too: a child's peak is never less than what its parent has in memory.
        in_process(check, place, written)
    name = f"a first sync of about {rows:,} deliveries"
    return [
        Figure.of(f"{name}: time", seconds, "s"),
        Figure.of(f"{name}: memory", peak_mb, "MB", most=MOST_MB),
    ]


def _new_fields() -> list[Figure]:
    seconds, peak_mb = in_process(new_fields, _PAGE)
    name = f"a page with {FIELDS:,} new fields in each row"
    return [
        Figure.of(f"{name}: time", seconds, "s", most=FIELDS_MOST_S),
        Figure.of(f"{name}: memory", peak_mb, "MB", most=FIELDS_MOST_MB),
    ]


def _hostile() -> list[Figure]:
    figures = []
    for name in HOSTILE:
        with hostile(FLOODS[name]) as url:
            seconds, peak_mb = in_process(refused, THREADS, url)
        figures += [
            Figure.of(f"{name}, refused in {THREADS} threads: time", seconds, "s"),
            Figure.of(f"{name}, refused in {THREADS} threads: memory", peak_mb, "MB", most=HOSTILE_MOST_MB),
        ]
    return figures


def refused(threads: int, url: str) -> float:
    """The seconds until a hostile server's list is refused in that many threads, with a sync's bounds."""
    from sources.customerio.client import Client, TooLarge

    def read(_: int) -> bool:
        try:
            list(client.pages("listCampaigns"))
        except TooLarge:
            return True
        return False

    began = time.perf_counter()
    with (
        Client(app_api_key="key", app_url=url, retry_for_s=0) as client,
        ThreadPoolExecutor(threads) as pool,
    ):
        if not all(pool.map(read, range(threads))):
            msg = "a hostile answer was taken for a list"
            raise Wrong(msg)
    return time.perf_counter() - began


def sync_deliveries(place: Place) -> tuple[float, int]:
    """The seconds of a sync of that sandbox's deliveries into a new folder, and the rows that it wrote.

    It is as fast as the sandbox answers.
    """
    from pipelines.ingest.sync import sync

    settings = settings_of(place).model_copy(update={"cio_elt_speed": 1000.0})
    began = time.perf_counter()
    result = sync(settings, ["messages"])
    seconds = time.perf_counter() - began
    if result.failed:
        msg = f"{result.failed[0].resource} was not read: {result.failed[0].error}"
        raise Wrong(msg)
    return seconds, result.written


def check(place: Place, written: int) -> None:
    """Check that each row that the sync wrote is in the published file, once."""
    with duckdb.connect(settings_of(place).published_file, read_only=True) as connection:
        found = connection.execute(
            "SELECT count(*), count(DISTINCT id) FROM customerio_raw.messages"
        ).fetchone()
    if found != (written, written):
        msg = f"the sync wrote {written} rows, and {found} rows and keys are there"
        raise Wrong(msg)


def new_fields(rows: int) -> float:
    """The seconds of a page of deliveries, each with `FIELDS` fields that the catalogue does not know."""
    from sources.customerio.catalogue import resource as catalogued
    from sources.customerio.extract.added_fields import MOST, OTHER, AddedFields
    from sources.customerio.extract.rows import decoder

    chance = random.Random(7)  # noqa: S311 (a workload)
    added = {f"field_{number}": number for number in range(FIELDS)}
    records = (orjson.dumps({**delivery(chance, number), **added}) for number in range(rows))
    body = b'{"messages":[' + b",".join(records) + b'],"next":""}'
    table = catalogued("messages")
    began = time.perf_counter()
    page = decoder(table, AddedFields(table).placed)(body)["messages"]
    seconds = time.perf_counter() - began
    placed = {name: value for name, value in page[-1]["_unknown"].items() if name != OTHER}
    others = orjson.loads(bytes(page[-1]["_unknown"][OTHER]))
    if len(page) != rows or len(placed) != MOST or len(others) != FIELDS - MOST:
        msg = f"{len(page)} rows have {len(placed)} columns and {len(others)} other fields"
        raise Wrong(msg)
    return seconds
