"""The load path: deliveries from pages already in memory into DuckDB, beside two baselines.

The product's path is measured whole: JSON pages, comparison, Arrow, Parquet, merge. `dlt's defaults` hands
the same rows to dlt as dicts, in its default file format. `INSERT ... SELECT` is DuckDB alone, from Parquet.
Each runs in a process of its own, which has its own peak memory.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from tests.bench.measure import Figure, Wrong, in_process, repeated

ROWS = 500_000
BASELINE_ROWS = 50_000
MOST_MB = 1024
_PAGE = 1000
_END = 1_780_000_000


def pages(rows: int) -> list[bytes]:
    """Pages of GET /v1/messages, newest first, `_PAGE` deliveries each, as they come over the wire."""
    chance = random.Random(7)  # noqa: S311 (a workload)
    return [
        orjson.dumps(
            {"messages": [delivery(chance, number) for number in range(first, first + _PAGE)], "next": ""}
        )
        for first in range(0, rows, _PAGE)
    ]


def delivery(chance: random.Random, number: int) -> dict[str, Any]:
    created = _END - number * 20
    person = chance.randrange(100_000)
    sent = created + 2
    metrics = {"sent": sent, "delivered": sent + chance.randrange(60)}
    if chance.random() < 0.4:
        metrics |= {"opened": sent + 3600, "human_opened": sent + 3600}
    return {
        "id": f"dgTN6Q{number:026d}ABCDEFGH==",
        "deduplicate_id": f"dgTN6Q{number:026d}ABCDEFGH==:{max(metrics.values())}",
        "created": created,
        "type": "email",
        "recipient": f"person{person}@example.com",
        "subject": "What is new this week",
        "customer_id": str(person),
        "customer_identifiers": {
            "cio_id": f"a300{person:06x}",
            "email": f"person{person}@example.com",
            "id": str(person),
        },
        "metrics": metrics,
        "failure_message": None,
        "campaign_id": person % 20,
        "action_id": person % 60,
        "parent_action_id": None,
        "newsletter_id": None,
        "content_id": None,
        "broadcast_id": None,
        "trigger_event_id": None,
        "forgotten": False,
    }


def product(rows: int) -> float:
    """The seconds of the product's path."""
    from pipelines.settings import read_settings
    from pipelines.warehouse.data_folder import prepare
    from pipelines.warehouse.pipeline import file_format, pipeline
    from sources.customerio.catalogue import resource
    from sources.customerio.client import Client
    from sources.customerio.extract import (
        Batch,
        DestinationRows,
        Options,
        RunContext,
        RunSummary,
        Scope,
        dlt_resource,
    )
    from sources.customerio.extract.rows import decoder

    in_memory = pages(rows)
    decode = decoder(resource("messages"))

    def from_memory(_reading: RunContext, _resource: object, _state: object) -> Iterator[Batch]:
        for page in in_memory:
            records = decode(page)["messages"]
            scope = Scope(column="created", low=records[-1]["created"], high=records[0]["created"])
            yield Batch(rows=records, scope=scope, last=True)

    with tempfile.TemporaryDirectory() as folder, Client(app_api_key="unused") as client:
        settings = read_settings(cio_elt_data=Path(folder))
        prepare(settings.cio_elt_data)
        target = pipeline(settings)
        reading = RunContext(client=client, options=Options(), summary=RunSummary(), clock=lambda: _END)
        messages = dlt_resource(
            reading, DestinationRows(), resource("messages"), keep_going=False, reader=from_memory
        )
        began = time.perf_counter()
        target.run(messages, loader_file_format=file_format(target))
        seconds = time.perf_counter() - began
        _assert_loaded(settings.load_file, "customerio_raw.messages", rows)
    return seconds


def dlt_defaults(rows: int) -> float:
    """The seconds of dlt as it comes: rows as dicts, in the destination's preferred file format."""
    import dlt

    from pipelines.warehouse.pipeline import configure

    in_memory = pages(rows)
    with tempfile.TemporaryDirectory() as folder:
        configure(Path(folder))
        file = Path(folder) / "load.duckdb"
        target = dlt.pipeline(
            "defaults",
            destination=dlt.destinations.duckdb(str(file)),
            dataset_name="raw",
            pipelines_dir=folder,
        )
        records = (orjson.loads(page)["messages"] for page in in_memory)
        messages = dlt.resource(records, name="messages", primary_key="id", write_disposition="merge")
        began = time.perf_counter()
        target.run(messages)
        seconds = time.perf_counter() - began
        _assert_loaded(file, "raw.messages", rows)
    return seconds


def duckdb_alone(rows: int) -> float:
    """The seconds of DuckDB itself, from the same rows as Parquet: the floor."""
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sources.customerio.catalogue import resource
    from sources.customerio.extract.arrow import to_arrow
    from sources.customerio.extract.rows import decoder

    with tempfile.TemporaryDirectory() as folder:
        parquet, file = Path(folder) / "messages.parquet", Path(folder) / "load.duckdb"
        decode = decoder(resource("messages"))
        tables = [to_arrow(resource("messages"), decode(page)["messages"]) for page in pages(rows)]
        pq.write_table(pa.concat_tables(tables), parquet)
        del tables
        began = time.perf_counter()
        with duckdb.connect(file) as connection:
            connection.execute("CREATE SCHEMA raw")
            source = f"read_parquet('{parquet}')"
            connection.execute(f"CREATE TABLE raw.messages AS FROM {source} LIMIT 0")
            connection.execute(f"INSERT INTO raw.messages SELECT * FROM {source}")
        seconds = time.perf_counter() - began
        _assert_loaded(file, "raw.messages", rows)
    return seconds


def _assert_loaded(file: Path, table: str, rows: int) -> None:
    import duckdb

    with duckdb.connect(file, read_only=True) as connection:
        found = connection.execute(f"SELECT count(*), count(DISTINCT id) FROM {table}").fetchone()
    if found != (rows, rows):
        msg = f"{table} has {found} rows and keys, not {rows}"
        raise Wrong(msg)


WAYS: tuple[tuple[str, Callable[[int], float], int, float | None], ...] = (
    ("Parquet and Arrow (the product)", product, ROWS, MOST_MB),
    ("dlt's defaults (dicts, INSERT)", dlt_defaults, BASELINE_ROWS, None),
    ("DuckDB alone (INSERT ... SELECT from Parquet)", duckdb_alone, ROWS, None),
)
"""The name of each way, its function, its rows, and the most memory that it may take (MB)."""


def run(times: int) -> list[Figure]:
    """All ways, each in its own process."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    figures, speeds = [], {}
    for name, work, rows, most_mb in WAYS:
        seconds, peak_mb = in_process(work, rows)
        speeds[work] = rows / seconds
        figures += [
            Figure.of(f"{name}, {rows:,} rows: speed", speeds[work], "rows/s"),
            Figure.of(f"{name}, {rows:,} rows: memory", peak_mb, "MB", most=most_mb),
        ]
    beside = speeds[product] / speeds[duckdb_alone]
    return [*figures, Figure.of("the product's speed, beside that of DuckDB alone", beside, "times")]
