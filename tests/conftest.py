"""Fixtures of all tests: a sandbox over real HTTP, an empty warehouse, comparisons of whole tables."""

import atexit
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from pydantic import SecretStr
from xdist.scheduler.loadfile import LoadFileScheduling

from pipelines.ingest.sync import SyncResult, sync
from pipelines.settings import Settings
from pipelines.transform import TransformResult, transform
from sources.customerio.catalogue import RESOURCES, Resource
from sources.customerio.extract import RunSummary
from sources.customerio.extract.lists import masked
from sources.customerio.extract.own_columns import columns_of
from sources.customerio.sandbox import Sandbox, Served

# A process that a shell starts in the background ignores Ctrl-C, and so would commands that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Tests make many objects and keep few; collecting garbage less often saves a tenth of their time.
gc.set_threshold(100_000, 50, 100)

TRIALS = int(os.environ.get("CIO_ELT_TRIALS", "25"))
"""Random trials of a proof with keys of other workspaces, or rotated ones."""


# These files go to one worker, where they share the warehouses that fixtures build.
_TOGETHER = ("tests/warehouse/", "tests/pipelines/transform/test_run.py")
# The longest files begin first, so that no worker waits for another one's at the end.
_LONGEST = (
    "tests/warehouse/",
    "tests/pipelines/transform/test_run.py",
    "tests/test_contributing.py",
    "tests/pipelines/ingest/forecast/",
    "tests/pipelines/push/audit/",
    "tests/test_torture.py",
    "tests/test_installed.py",
    "tests/pipelines/cli/test_screens.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: a part of each test waits for disks and other processes."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files are the first ones; all else stays in its order."""

    def place(item: pytest.Item) -> int:
        found = (rank for rank, part in enumerate(_LONGEST) if item.nodeid.startswith(part))
        return next(found, len(_LONGEST))

    items.sort(key=place)


class _ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Gives the tests of a file to one worker, and those of `_TOGETHER` to one."""

    def _split_scope(self, nodeid: str) -> str:
        return "together" if nodeid.startswith(_TOGETHER) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile | None:
    """The scheduler of `--dist loadfile`; None leaves the choice to pytest-xdist."""
    return _ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_sessionfinish() -> None:
    """Collect garbage once; pytest would collect six times."""
    gc.collect()
    gc.freeze()
    # DuckDB's types complain of what they still find at the very end.
    atexit.register(gc.unfreeze)


# Readers of rows that Customer.io returns for some days only: activities, and the metrics' days.
TOLD_FOR_DAYS = {"feed": 30, "metrics": 44}


@pytest.fixture(scope="session", autouse=True)
def _umask_of_commands() -> Iterator[None]:
    """What tests make in this process is private, as what commands make."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _no_settings_of_mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings of the person who runs the tests have no effect on them, and tests change none of these."""
    for name in list(os.environ):
        if name.startswith(("CUSTOMERIO_", "CIO_ELT_", "DLT_", "SOURCES__", "DESTINATION__")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@contextmanager
def kept_open(file: Path) -> Iterator[None]:
    """Hold a connection to the file, if it is one, so that the block's connections share its DuckDB.

    To begin a DuckDB takes longer than most of what tests do with one.
    """
    with ExitStack() as held:
        if file.exists():
            with suppress(duckdb.Error):
                held.enter_context(duckdb.connect(file))
        yield


@dataclass
class Warehouse:
    """A sandbox workspace and the warehouse that is synced from it."""

    sandbox: Sandbox
    served: Served
    settings: Settings
    notes: list[str] = field(default_factory=list)

    def sync(self, *resources: str, full: bool = False) -> SyncResult:
        """One sync, as the command line runs it."""
        with kept_open(self.settings.load_file):
            return sync(self.settings, resources, full=full, summary=RunSummary(), notify=self.notes.append)

    def published(self) -> duckdb.DuckDBPyConnection:
        """A connection to the published file; the caller closes it."""
        return duckdb.connect(self.settings.published_file, read_only=True)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query in the published file."""
        with self.published() as connection:
            return connection.execute(sql).fetchall()

    def rows(self, resource: Resource, *, tombstones: bool = False) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The published rows of a table by key, in the API's shape, without columns of the project's own."""
        with self.published() as connection:
            found = connection.execute(f"FROM customerio_raw.{resource.table}")
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, cells, strict=True)) for cells in found.fetchall()]
        kinds = columns_of(resource)
        own = set(kinds) - set(resource.columns)
        alive = [row for row in rows if tombstones or row.get("deleted_at") is None]
        return {
            tuple(row[column] for column in resource.key): {
                name: orjson.loads(value) if value and kinds.get(name, "json") == "json" else value
                for name, value in row.items()
                if name not in own and not name.startswith("_dlt_")
            }
            for row in alive
        }

    def truth(self, resource: Resource) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The sandbox's rows of a table by key, secrets masked."""
        return {
            tuple(row[column] for column in resource.key): masked(resource, row)
            for row in map(_keyed, self.sandbox.rows(resource.table))
        }

    def compared(
        self, resource: Resource
    ) -> tuple[dict[tuple[Any, ...], dict[str, Any]], dict[tuple[Any, ...], dict[str, Any]]]:
        """The sandbox's and the published rows of a table by key, those alike that a sync can make so.

        What Customer.io tells for some days only may be published beside, and so may counts of earlier days.
        """
        truth, found = self.truth(resource), self.rows(resource)
        if resource.reader == "counts":
            found = {key: row for key, row in found.items() if key in truth}
        if resource.reader in TOLD_FOR_DAYS:
            forgotten_before = self.sandbox.clock.now() - TOLD_FOR_DAYS[resource.reader] * 86_400
            found = {
                key: row
                for key, row in found.items()
                if key in truth or row[str(resource.cursor)] >= forgotten_before
            }
        return truth, found

    def assert_equals_world(self, *, but: tuple[str, ...] = ()) -> None:
        """Assert that every table equals the sandbox's by key and field.

        Tables that are read only when they are named are not looked at.
        """
        for resource in RESOURCES:
            if resource.table not in but and not resource.optional:
                assert_same(resource, *self.compared(resource))


def _keyed(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its key; that of a person is inside their identifiers."""
    if "cio_id" in row or "identifiers" not in row:
        return row
    return {"cio_id": row["identifiers"]["cio_id"], **row}


def assert_same(
    resource: Resource,
    truth: dict[tuple[Any, ...], dict[str, Any]],
    found: dict[tuple[Any, ...], dict[str, Any]],
) -> None:
    """Assert that the rows are equal by key and field; a field left out is null."""
    assert set(truth) == set(found), f"keys of {resource.table}"
    columns = set(resource.columns).union(*truth.values(), *found.values())
    for key, row in truth.items():
        expected = {name: row.get(name) for name in columns}
        assert expected == {name: found[key].get(name) for name in columns}, f"{resource.table} {key}"


def without_nulls(rows: dict[tuple[Any, ...], dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows without fields that are null."""
    return {
        key: {name: value for name, value in row.items() if value is not None} for key, row in rows.items()
    }


@pytest.fixture
def sandbox() -> Sandbox:
    """A small workspace whose clock stands still."""
    return Sandbox(scale="tiny")


@pytest.fixture
def warehouse(sandbox: Sandbox, tmp_path: Path) -> Iterator[Warehouse]:
    """That workspace, served, and an empty warehouse for it."""
    with following(sandbox, tmp_path / "data") as warehouse:
        yield warehouse


@contextmanager
def following(sandbox: Sandbox, data: Path) -> Iterator[Warehouse]:
    """A warehouse in `data` that is synced from that sandbox."""
    with sandbox.serve() as served:
        yield Warehouse(sandbox, served, settings_for(sandbox, served, data))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, TransformResult]]:
    """The warehouse of a tiny workspace, synced and transformed, and the result of the transform.

    Tests leave both as they were, or work on a copy.
    """
    with following(Sandbox(scale="tiny"), tmp_path_factory.mktemp("marts")) as warehouse:
        warehouse.sync()
        yield warehouse, transform(warehouse.settings)


def share_parsed(warehouse: Warehouse, folder: Path) -> None:
    """Give dbt's new folder the models as that warehouse's dbt parsed them: parsing takes most of 10 s."""
    parsed = Path("target") / "partial_parse.msgpack"
    (folder / parsed).parent.mkdir(parents=True)
    shutil.copyfile(warehouse.settings.cio_elt_data / "dbt" / parsed, folder / parsed)


def track_keys(sandbox: Sandbox) -> dict[str, SecretStr]:
    """The settings that have the Track API's keys of that workspace."""
    return {
        "customerio_track_site_id": SecretStr(sandbox.track_site_id),
        "customerio_track_api_key": SecretStr(sandbox.track_api_key),
    }


def settings_for(sandbox: Sandbox, served: Served, data: Path, **others: Any) -> Settings:
    """Settings for a sync of that sandbox into `data`, without rate limits."""
    given: dict[str, Any] = {
        "customerio_app_api_key": SecretStr(sandbox.app_api_key),
        "customerio_app_url": served.app_url,
        "customerio_track_url": served.track_url,
        "cio_elt_data": data,
        "cio_elt_limits": data / "limits",
        "cio_elt_speed": float("inf"),
        # Workspaces of tests are small: the end of one campaign is most of a table.
        "cio_elt_deletion_share": 1.0,
    }
    return Settings(**{**given, **others})
