"""A large deliveries export, from the sandbox to queryable tables, against DuckDB's read of the same file.

The sandbox is a process of its own, and its file is made before the clock starts: at Customer.io that is
the time in which the export is pending. The product's time is everything after that: link, download, check,
load, publish; then the merge into `messages`, and publishing again. The baseline is DuckDB's own
`CREATE TABLE AS FROM read_csv` of the same file, with its default settings, in the same run. Each is a
process of its own, so that its peak memory is its own; a second run with three times the rows shows if the
product's memory grows with them. The tables exist before: an export without rows has made them.

The bench ends if the queryable table takes more than twice DuckDB's time, or either size more than 600 MB.

`CIO_ELT_BENCH_ROWS` changes the rows of the smaller export (default 3,000,000).
"""

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from tests.bench.measure import at_most

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "3000000"))
MOST_RATIO = 2.0
MOST_MB = 600
_QUERYABLE = "the product, until exported_deliveries can be queried"
_HOME = "the product, until messages has them too"
_YEAR_S = 365 * 86_400
# The share of a world's deliveries that its one campaign sends.
_CAMPAIGN_SHARE = 0.52
# The columns with which 3,000,000 rows are about 300 MB.
_COLUMNS = (
    ("delivery_id", "id"),
    ("created", "created"),
    ("type", "type"),
    ("cio_id", "customer_identifiers.cio_id"),
    ("campaign_id", "campaign_id"),
    ("action_id", "action_id"),
    ("sent", "metrics.sent"),
    ("delivered", "metrics.delivered"),
    ("opened", "metrics.opened"),
    ("clicked", "metrics.clicked"),
    ("failure_message", "failure_message"),
)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measurement; `ratio` is its time over the baseline's, `mb` the size of the file."""

    name: str
    rows: int
    mb: float
    seconds: float
    peak_mb: float
    ratio: float = 1.0

    def row(self) -> dict[str, Any]:
        """The figure as it is printed."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A served sandbox: its URL and key, the end of its world (Unix s), and a working folder."""

    url: str
    key: str
    now: int
    folder: Path


def run() -> list[dict[str, Any]]:
    """Measure both sizes, each with its baseline; ends the bench at a figure beyond its limit."""
    return [figure.row() for rows in (ROWS, 3 * ROWS) for figure in _measured(rows)]


def _measured(rows: int) -> Iterator[Figure]:
    with sandbox_of(rows) as place:
        _in_process(ordered, place)
        file = _made(place)
        baseline = _in_process(read_csv, place)
        product = _in_process(exported, place)
        file.unlink()
        yield from baseline
        for figure in product:
            if figure.rows != baseline[0].rows:
                sys.exit(f"{figure.rows} rows were exported, the file has {baseline[0].rows}")
            yield _held(replace(figure, ratio=figure.seconds / baseline[0].seconds))


def _held(figure: Figure) -> Figure:
    """The figure, if it is within the limits; small files have no limit of time."""
    at_most(f"the memory of {figure.rows:,} rows", figure.peak_mb, MOST_MB, "MB")
    if figure.name == _QUERYABLE and figure.rows > 2_000_000:
        at_most(f"the time of {figure.rows:,} rows", figure.ratio, MOST_RATIO, "times DuckDB's")
    return figure


def serve(sender: Connection, rows: int, stop: Any) -> None:
    """Serve a workspace whose one campaign has sent about that many deliveries in a year."""
    from sources.customerio.sandbox import Sandbox, Scale

    scale = Scale(
        name="bench",
        people=20_000,
        campaigns=1,
        newsletter_every_days=400,
        broadcasts=0,
        segments=2,
        deliveries=int(rows / _CAMPAIGN_SHARE),
        events=0,
        burst=1,
    )
    sandbox = Sandbox(scale=scale)
    sandbox.knobs.delivery_columns = _COLUMNS
    with sandbox.serve() as served:
        sender.send((served.app_url, sandbox.app_api_key, sandbox.clock.now()))
        stop.wait()


@contextmanager
def sandbox_of(rows: int) -> Iterator[Place]:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    stop = context.Event()
    process = context.Process(target=serve, args=(sender, rows, stop))
    process.start()
    try:
        url, key, now = receiver.recv()
        with tempfile.TemporaryDirectory() as folder:
            yield Place(url=url, key=key, now=now, folder=Path(folder))
    finally:
        stop.set()
        process.join()


def settings_of(place: Place) -> Any:
    from pipelines.settings import read_settings

    return read_settings(
        customerio_app_url=place.url,
        customerio_app_api_key=place.key,
        cio_elt_data=place.folder / "data",
        cio_elt_limits=place.folder / "limits",
    )


def _order(place: Place) -> Any:
    from pipelines.export import DeliveriesRequest

    return DeliveriesRequest(campaign_id=1, start=place.now - _YEAR_S, end=place.now)


def ordered(place: Place) -> list[Figure]:
    """Create the product's tables with an empty export, and order the large one."""
    from pipelines.export import DeliveriesRequest, create, export

    settings = settings_of(place)
    export(settings, DeliveriesRequest(campaign_id=1, start=0, end=0), pause=lambda s: _advance(place, s))
    create(settings, _order(place))
    return []


def _advance(place: Place, seconds: float) -> None:
    response = httpx.post(f"{place.url}/_sandbox/clock", json={"advance_s": seconds}, trust_env=False)
    response.raise_for_status()


def _made(place: Place) -> Path:
    """Wait until the sandbox has written the file, and fetch a copy."""
    with httpx.Client(
        base_url=place.url, headers={"Authorization": f"Bearer {place.key}"}, trust_env=False, timeout=60
    ) as client:
        _advance(place, 60)
        export = max(row["id"] for row in client.get("/v1/exports").json()["exports"])
        while client.get(f"/v1/exports/{export}").json()["export"]["status"] == "pending":
            time.sleep(1)
        link = client.get(f"/v1/exports/{export}/download").json()["url"]
    file = place.folder / "deliveries.csv"
    with httpx.stream("GET", link, trust_env=False) as response, file.open("wb") as target:
        for block in response.iter_raw():
            target.write(block)
    return file


def read_csv(place: Place) -> list[Figure]:
    """DuckDB alone, from the file on disk."""
    import duckdb

    file, database = place.folder / "deliveries.csv", place.folder / "baseline.duckdb"
    began = time.perf_counter()
    with duckdb.connect(database) as connection:
        connection.execute(f"CREATE TABLE deliveries AS FROM read_csv('{file}')")
    seconds = time.perf_counter() - began
    with duckdb.connect(database, read_only=True) as connection:
        ((rows,),) = connection.execute("SELECT count(*) FROM deliveries").fetchall()
    database.unlink()
    mb = file.stat().st_size / 1e6
    name = "DuckDB: CREATE TABLE AS FROM read_csv"
    return [Figure(name=name, rows=rows, mb=mb, seconds=seconds, peak_mb=_peak_mb())]


def exported(place: Place) -> list[Figure]:
    """The product, from the link to the published tables."""
    import duckdb

    from pipelines.export import export

    settings = settings_of(place)
    began = time.perf_counter()
    result = export(settings, _order(place))
    seconds = time.perf_counter() - began
    peak_mb = _peak_mb()
    with duckdb.connect(settings.published_file, read_only=True) as connection:
        ((rows, places),) = connection.execute(
            "SELECT count(*), count(DISTINCT row_number) FROM customerio_raw.exported_deliveries"
        ).fetchall()
        ((home,),) = connection.execute("SELECT count(*) FROM customerio_raw.messages").fetchall()
    if not rows == places == home == result.rows:
        sys.exit(f"{result.rows} rows were exported; {rows}, {places} and {home} are there")
    whole = Figure(name=_HOME, rows=rows, mb=result.bytes / 1e6, seconds=seconds, peak_mb=peak_mb)
    return [replace(whole, name=_QUERYABLE, seconds=seconds - result.seconds + result.loaded_s), whole]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_process(work: Callable[[Place], list[Figure]], place: Place) -> list[Figure]:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sender, work, place))
    child.start()
    sender.close()
    try:
        figures: list[Figure] = receiver.recv()
    except EOFError:
        child.join()
        sys.exit(f"{work.__name__} ended without a figure, exit code {child.exitcode}")
    child.join()
    return figures


def _send(sender: Connection, work: Callable[[Place], list[Figure]], place: Place) -> None:
    sender.send(work(place))
