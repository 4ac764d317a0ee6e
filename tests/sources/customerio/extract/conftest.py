"""Fixtures of the readers' tests: small workspaces, readers without dlt, and a dlt project."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dlt
import duckdb
import httpx
import msgspec
import orjson
import pytest
import stamina

from sources.customerio import customerio_source
from sources.customerio.catalogue import resource
from sources.customerio.client import Client, RateLimits
from sources.customerio.extract import Batch, Options, ResourceSummary, RunContext, RunSummary
from sources.customerio.extract.resources import READERS
from sources.customerio.extract.rows import Row, TypedRow
from sources.customerio.sandbox import Sandbox, Scale, Served
from tests.conftest import Warehouse, settings_for, without_nulls

SMALL = Scale(
    name="small",
    people=30,
    campaigns=3,
    newsletter_every_days=15,
    broadcasts=1,
    segments=5,
    deliveries=120,
    events=60,
    burst=8,
    history_days=45,
)

Outside = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """Retries do not wait, and a call is tried twice."""
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture(autouse=True)
def own_dlt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Dlt writes into the test's own folder, and each row has the id of its load."""
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "CRITICAL")
    monkeypatch.setenv("NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID", "true")


@pytest.fixture
def small() -> Sandbox:
    """A new small workspace."""
    return Sandbox(scale=SMALL)


@pytest.fixture
def small_served(small: Sandbox) -> Iterator[Served]:
    """The URL and key of the small workspace's server."""
    with small.serve() as served:
        yield served


@pytest.fixture
def client_of() -> Iterator[Callable[..., Client]]:
    """Makes clients without rate limits, of a served sandbox or of a callable in place of Customer.io."""
    with ExitStack() as opened:

        def make(outside: Served | Outside, key: str = "app-key") -> Client:
            limits = RateLimits(None, speed=math.inf)
            opened.callback(limits.close)
            if isinstance(outside, Served):
                client = Client(app_api_key=key, app_url=outside.app_url, limits=limits)
            else:
                # An answer that is passed on has the date of a sandbox.
                client = Client(
                    app_api_key=key,
                    limits=limits,
                    transport=httpx.MockTransport(outside),
                    any_clock=True,
                )
            return opened.enter_context(client)

        yield make


@pytest.fixture
def api(small: Sandbox, small_served: Served, client_of: Callable[..., Client]) -> Client:
    """A client of the small workspace."""
    return client_of(small_served, small.app_api_key)


@dataclass(frozen=True)
class Read:
    """The tables that a reader returned, and the numbers of its run."""

    batches: list[Batch]
    summary: ResourceSummary

    @property
    def rows(self) -> list[Row]:
        """All rows as dicts without nulls, in the order of arrival."""
        return [plain(row) for batch in self.batches for row in batch.rows]


def plain(row: Row | TypedRow) -> Row:
    """The row as a dict without its nulls."""
    cells: Row = orjson.loads(msgspec.json.encode(row)) if isinstance(row, TypedRow) else row
    return {name: value for name, value in cells.items() if value is not None}


ReadTable = Callable[..., Read]


@pytest.fixture
def read() -> Iterator[ReadTable]:
    """Reads one table outside dlt: `read(client, table, state, clock=..., **options)`."""
    with ExitStack() as opened:

        def read_table(
            client: Client,
            table: str,
            state: dict[str, Any] | None = None,
            *,
            clock: Callable[[], int] | None = None,
            **options: Any,
        ) -> Read:
            run = RunContext(client=client, options=Options(**options), summary=RunSummary(), clock=clock)
            opened.callback(run.close)
            run.begin(table)
            row = resource(table)
            batches = list(READERS[row.reader](run, row, {} if state is None else state))
            return Read(batches, run.summary_of(table))

        yield read_table


@dataclass
class Deliveries:
    """Stands for `GET /v1/messages`: newest first, both bounds included, `page` rows at most.

    The ids are indexes into `created`; `asked` has the windows of first pages, in the order of requests.
    """

    created: Sequence[int]
    page: int = 4
    asked: list[tuple[int, int]] = field(default_factory=list)
    requests: int = 0

    def __post_init__(self) -> None:
        self._rows = sorted(((at, number) for number, at in enumerate(self.created)), reverse=True)
        self._ages = [-at for at, _ in self._rows]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests += 1
        asked = request.url.params
        start, end = int(asked["start_ts"]), int(asked["end_ts"])
        first, stop = bisect_left(self._ages, -end), bisect_right(self._ages, -start)
        if "start" in asked:
            first = int(asked["start"])
        else:
            self.asked.append((start, end))
        behind = first + self.page
        page = [{"id": str(number), "created": at} for at, number in self._rows[first : min(behind, stop)]]
        token = str(behind) if behind < stop else ""
        return httpx.Response(200, content=orjson.dumps({"messages": page or None, "next": token}))


@dataclass
class Project(Warehouse):
    """A dlt project: a pipeline, a DuckDB file, and no code but the source."""

    client: Client | None = None

    @property
    def pipeline(self) -> dlt.Pipeline:
        """The project's pipeline, with the state that the last run left."""
        folder = self.settings.cio_elt_data
        return dlt.pipeline(
            "own",
            destination=dlt.destinations.duckdb(str(self.settings.published_file)),
            dataset_name="customerio_raw",
            pipelines_dir=str(folder / "pipelines"),
        )

    def run(self, *tables: str, **arguments: Any) -> None:
        """Load some tables; a failure is raised unless `report` is an argument.

        As the workspace is small, no deletion is held back unless `options` are given.
        """
        plain = {"full": arguments.pop("full", False), "start": arguments.pop("customerio_start", None)}
        arguments.setdefault("options", Options(**plain, deletion_share=1))
        self.pipeline.run(customerio_source(tables, client=self.client, **arguments))

    def state(self, table: str) -> dict[str, Any]:
        """The state that the pipeline keeps for a table."""
        sources: dict[str, Any] = self.pipeline.state["sources"]
        found: dict[str, Any] = sources["customerio"]["resources"].get(table, {})
        return found

    def cells(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query in the warehouse, in its own schema."""
        with self.published() as connection:
            connection.execute("SET schema = 'customerio_raw'")
            return connection.execute(sql).fetchall()

    def published(self) -> duckdb.DuckDBPyConnection:
        """A connection to the file into which the pipeline loads; the caller closes it."""
        return duckdb.connect(self.settings.published_file)

    def assert_equal(self, *tables: str) -> None:
        """Assert that those tables equal the sandbox's, by key and field."""
        for table in tables:
            row = resource(table)
            assert without_nulls(self.truth(row)) == without_nulls(self.rows(row)), table


@pytest.fixture
def project(small: Sandbox, small_served: Served, api: Client, tmp_path: Path) -> Iterator[Project]:
    """A dlt project that reads the small workspace into an empty warehouse.

    One connection stays open, so that the pipeline's share its DuckDB: to begin one takes longer than a load.
    """
    data = tmp_path / "data"
    data.mkdir()
    project = Project(small, small_served, settings_for(small, small_served, data), client=api)
    with project.published():
        yield project


def ids(rows: Iterable[Row]) -> list[str]:
    """The ids of rows, sorted."""
    return sorted(str(row["id"]) for row in rows)
