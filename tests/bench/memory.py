"""The memory of a sync: first syncs of 500,000 and 5,000,000 deliveries, new fields, and hostile bodies.

The sandbox is a process of its own, and so is each sync: the peak is the sync's alone. The bench ends if a
first sync takes more than `MOST_MB`, or if ten times the rows take `FLAT_MB` more. The page of 1,000
deliveries with 3,000 new fields each is decoded and placed: the step at which all its values would be in
memory at once. Hostile bodies come to as many threads as a sync has, all at once.

`CIO_ELT_BENCH_ROWS` changes the rows of the larger sync (default 5,000,000).
"""

import multiprocessing
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from typing import Any

import orjson

from sources.customerio.extract.run_context import THREADS
from tests.bench.export import Place, sandbox_of, settings_of
from tests.bench.load import delivery
from tests.bench.measure import Figure, at_most, in_process
from tests.sources.customerio.client.test_bounds import FLOODS, hostile

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "5000000"))
MOST_MB = 600
FLAT_MB = 150
FIELDS = 3_000
FIELDS_MOST_MB = 600
FIELDS_MOST_S = 60.0
HOSTILE = ("2 GB of gzip", "200 MB of JSON", "a body without end")
HOSTILE_MOST_MB = 1_024
_URL = "CIO_ELT_BENCH_URL"
_PAGE = 1_000
# Rows as `export` counts them, for one delivery of the whole world.
_ALL = 0.833


@dataclass(frozen=True, kw_only=True)
class Synced:
    """One first sync."""

    name: str
    rows: int
    seconds: float
    peak_mb: float


def run() -> list[dict[str, Any]]:
    """Measure all three; ends the bench at a figure beyond its limit."""
    small, large = (_synced(rows) for rows in (ROWS // 10, ROWS))
    for figure in (small, large):
        at_most(f"the memory of a sync of {figure.rows:,} deliveries", figure.peak_mb, MOST_MB, "MB")
    at_most("what ten times the rows add", large.peak_mb - small.peak_mb, FLAT_MB, "MB")
    fields = in_process(__name__, "new_fields", _PAGE)
    at_most(f"the memory of {FIELDS:,} new fields", fields.peak_mb or 0.0, FIELDS_MOST_MB, "MB")
    at_most(f"the time of {FIELDS:,} new fields", fields.seconds, FIELDS_MOST_S, "s")
    mine = Synced(name=fields.name, rows=_PAGE, seconds=fields.seconds, peak_mb=fields.peak_mb or 0.0)
    refused = list(_hostile())
    return [asdict(figure) for figure in (small, large, mine, *refused)]


def _hostile() -> Iterator[Synced]:
    for name in HOSTILE:
        with hostile(FLOODS[name]) as url:
            os.environ[_URL] = url
            figure = in_process(__name__, "refused", THREADS)
        at_most(f"the memory of {name}", figure.peak_mb or 0.0, HOSTILE_MOST_MB, "MB")
        peak_mb = figure.peak_mb or 0.0
        yield Synced(name=f"{name}, refused", rows=THREADS, seconds=figure.seconds, peak_mb=peak_mb)


def refused(threads: int) -> Figure:
    """Read a list from a hostile server in that many threads, with the bounds that a sync has."""
    from sources.customerio.client import Client, TooLarge

    def read(_: int) -> bool:
        try:
            list(client.pages("listCampaigns"))
        except TooLarge:
            return True
        return False

    began = time.perf_counter()
    with (
        Client(app_api_key="key", app_url=os.environ[_URL], retry_for_s=0) as client,
        ThreadPoolExecutor(threads) as pool,
    ):
        if not all(pool.map(read, range(threads))):
            sys.exit("a hostile answer was taken for a list")
    return Figure(name="refused", rows=threads, seconds=time.perf_counter() - began)


def _synced(rows: int) -> Synced:
    with sandbox_of(int(rows * _ALL)) as place:
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=sync_deliveries, args=(sender, place))
        child.start()
        sender.close()
        try:
            figure: Synced = receiver.recv()
        except EOFError:
            sys.exit("a sync ended without a figure")
        finally:
            child.join()
        return figure


def sync_deliveries(sender: Connection, place: Place) -> None:
    """Sync the deliveries of that sandbox into a new folder, as fast as it answers."""
    import duckdb

    from pipelines.ingest.sync import sync

    settings = settings_of(place).model_copy(update={"cio_elt_speed": 1000.0})
    began = time.perf_counter()
    result = sync(settings, ["messages"])
    seconds = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with duckdb.connect(settings.published_file, read_only=True) as connection:
        found = connection.execute(
            "SELECT count(*), count(DISTINCT id) FROM customerio_raw.messages"
        ).fetchone()
    if result.failed or found != (result.written, result.written):
        sys.exit(f"the sync wrote {result.written} rows, and {found} rows and keys are there")
    sender.send(Synced(name="first sync", rows=result.written, seconds=seconds, peak_mb=peak_mb))


def new_fields(rows: int) -> Figure:
    """One page of that many deliveries, each with `FIELDS` fields that the catalogue does not know."""
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
        sys.exit(f"{len(page)} rows have {len(placed)} columns and {len(others)} other fields")
    return Figure(name=f"a page with {FIELDS:,} new fields in each row", rows=rows, seconds=seconds)
