"""A large deliveries export, from the sandbox to queryable tables, against DuckDB's read of the same file.

The sandbox is a process of its own, and its file is made before the clock starts: at Customer.io that is
the time in which the export is pending. The product's time is everything after that: link, download, check,
load, publish; then the merge into `messages`, and publishing again. The baseline is DuckDB's own
`CREATE TABLE AS FROM read_csv` of the same file, with its default settings, in the same run. Each is a
process of its own, so that its peak memory is its own; a second run with three times the rows shows if the
product's memory grows with them. The tables exist before: an export without rows has made them.

`CIO_ELT_BENCH_ROWS` changes the rows of the smaller export (default 3,000,000).
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from tests.bench.measure import Figure, Wrong, in_process, repeated, served, until_told

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "3000000"))
MOST_RATIO = 2.0
MOST_MB = 600
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
class Place:
    """A served sandbox: its URL and key, the end of its world (Unix s), and a working folder."""

    url: str
    key: str
    now: int
    folder: Path


def run(times: int) -> list[Figure]:
    """Both sizes, each with its baseline."""
    return repeated(times, lambda: [*_measured(ROWS), *_measured(3 * ROWS)])


def _measured(rows: int) -> list[Figure]:
    with sandbox_of(rows) as place:
        in_process(ordered, place)
        file = _made(place)
        mb = file.stat().st_size / 1e6
        (there, alone_s), alone_mb = in_process(read_csv, place)
        (exported_rows, queryable_s, whole_s), product_mb = in_process(exported, place)
    if exported_rows != there:
        msg = f"{exported_rows} rows were exported, the file has {there}"
        raise Wrong(msg)
    size = f"{there:,} rows"
    # Small files have no bound of time.
    most = MOST_RATIO if there > 2_000_000 else None
    return [
        Figure.of(f"{size}: the file", mb, "MB"),
        Figure.of(f"{size}: DuckDB, CREATE TABLE AS FROM read_csv (baseline)", alone_s, "s"),
        Figure.of(f"{size}: memory of that", alone_mb, "MB"),
        Figure.of(f"{size}: the product, until exported_deliveries can be queried", queryable_s, "s"),
        Figure.of(f"{size}: that, beside DuckDB's time", queryable_s / alone_s, "times", most=most),
        Figure.of(f"{size}: the product, until messages has them too", whole_s, "s"),
        Figure.of(f"{size}: memory of the product", product_mb, "MB", most=MOST_MB),
    ]


def serve(pipe: Connection, rows: int) -> None:
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
    with sandbox.serve() as addresses:
        pipe.send((addresses.app_url, sandbox.app_api_key, sandbox.clock.now()))
        until_told(pipe)


@contextmanager
def sandbox_of(rows: int) -> Iterator[Place]:
    """A served workspace with about that many deliveries, and a folder."""
    with served(serve, rows) as (url, key, now), tempfile.TemporaryDirectory() as folder:
        yield Place(url=url, key=key, now=now, folder=Path(folder))


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


def ordered(place: Place) -> None:
    """Create the product's tables with an empty export, and order the large one."""
    from pipelines.export import DeliveriesRequest, create, export

    settings = settings_of(place)
    export(settings, DeliveriesRequest(campaign_id=1, start=0, end=0), pause=lambda s: _advance(place, s))
    create(settings, _order(place))


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


def read_csv(place: Place) -> tuple[int, float]:
    """DuckDB alone, from the file on disk: the rows and the seconds."""
    import duckdb

    file, database = place.folder / "deliveries.csv", place.folder / "baseline.duckdb"
    began = time.perf_counter()
    with duckdb.connect(database) as connection:
        connection.execute(f"CREATE TABLE deliveries AS FROM read_csv('{file}')")
    seconds = time.perf_counter() - began
    with duckdb.connect(database, read_only=True) as connection:
        ((rows,),) = connection.execute("SELECT count(*) FROM deliveries").fetchall()
    database.unlink()
    return rows, seconds


def exported(place: Place) -> tuple[int, float, float]:
    """The product, from the link to the published tables.

    Returns:
        The rows, the seconds until they can be queried, and until `messages` has them too.
    """
    import duckdb

    from pipelines.export import export

    settings = settings_of(place)
    began = time.perf_counter()
    result = export(settings, _order(place))
    seconds = time.perf_counter() - began
    with duckdb.connect(settings.published_file, read_only=True) as connection:
        ((rows, places),) = connection.execute(
            "SELECT count(*), count(DISTINCT row_number) FROM customerio_raw.exported_deliveries"
        ).fetchall()
        ((home,),) = connection.execute("SELECT count(*) FROM customerio_raw.messages").fetchall()
    if not rows == places == home == result.rows:
        msg = f"{result.rows} rows were exported; {rows}, {places} and {home} are there"
        raise Wrong(msg)
    return rows, seconds - result.seconds + result.loaded_s, seconds
