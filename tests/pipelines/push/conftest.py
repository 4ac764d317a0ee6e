"""Pushes in tests: a sandbox, a warehouse that follows it, and models whose rows a test writes down."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML

from pipelines.push import How, Plan, PushResult, PushSpec, plan, push, read
from pipelines.push.journal.database import SCHEMA, Journal
from pipelines.settings import Settings
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse, following

Row = Mapping[str, Any]
LOOSE = {"max_creates_percent": None, "max_deletes_percent": 100}
"""Brakes that grip nothing but what has to be approved."""


@dataclass
class Pushing:
    """A folder of declarations, and the workspace that they are pushed to."""

    warehouse: Warehouse
    folder: Path
    settings: Settings
    notes: list[str] = field(default_factory=list)

    @property
    def sandbox(self) -> Sandbox:
        """The workspace."""
        return self.warehouse.sandbox

    def rows(self, sync: str, rows: Sequence[Row] | pa.Table) -> str:
        """Write down what a model has; SQL that reads it."""
        file = self.folder / f"{sync}.parquet"
        pq.write_table(rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows)), file)
        return f"FROM '{file}'"

    def declare(self, sync: str, rows: Sequence[Row] | pa.Table | str, **what: Any) -> PushSpec:
        """Declare a sync of those rows, or of that SQL, with brakes that let it run."""
        sql = rows if isinstance(rows, str) else self.rows(sync, rows)
        document = {"sync": sync, "model": {"sql": sql}, "brakes": LOOSE, "confirm": {"wait_s": 0}, **what}
        file = self.folder / f"{sync}.yml"
        YAML(typ="safe").dump(document, file)
        return read(file)

    def plan(self, sync: PushSpec) -> Plan:
        """What a push would do."""
        return plan(self.settings, sync, folder=self.folder)

    def push(self, sync: PushSpec, **how: Any) -> PushResult:
        """Push it, as the command line does."""
        return push(self.settings, sync, folder=self.folder, how=How(notify=self.notes.append, **how))

    def approved(self, sync: PushSpec) -> PushResult:
        """Push what a plan says, whatever brakes say."""
        return self.push(sync, plan_id=self.plan(sync).plan_id, approve=True)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the journal, whose tables are in `customerio_push`."""
        return Journal(self.settings.cio_elt_data).ask(sql)

    def states(self) -> dict[str, int]:
        """How many rows of all runs are in which state."""
        found = self.ask(f"SELECT state, count(*) FROM {SCHEMA}.rows GROUP BY state")
        return {str(state): int(count) for state, count in found}

    def requests(self) -> int:
        """How many writes were asked for over HTTP."""
        asked = self.sandbox.stats.by_operation
        return sum(
            asked.get(name, 0) for name in ("batch", "add_to_segment", "remove_from_segment", "import")
        )

    def people(self) -> dict[str, dict[str, str]]:
        """The workspace's people by id, with their attributes."""
        rows = self.sandbox.rows("people")
        return {row["id"]: row["attributes"] for row in rows if row["id"]}

    def ids(self) -> list[str]:
        """The ids of the people who were there from the beginning."""
        return sorted(self.people())


def settings_for_pushes(warehouse: Warehouse) -> Settings:
    """The warehouse's settings, with the keys of the Track API."""
    keys = {
        "customerio_track_site_id": SecretStr(warehouse.sandbox.track_site_id),
        "customerio_track_api_key": SecretStr(warehouse.sandbox.track_api_key),
    }
    return warehouse.settings.model_copy(update=keys)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder into which the people of a fresh workspace were synced."""
    data = tmp_path_factory.mktemp("synced") / "data"
    with following(Sandbox(scale="tiny"), data) as warehouse:
        warehouse.sync("people", "segments", "object_types", "objects")
    return data


@pytest.fixture
def pushing(synced: Path, sandbox: Sandbox, tmp_path: Path) -> Iterator[Pushing]:
    """Pushes to a workspace whose people the warehouse knows."""
    with pushing_to(sandbox, synced, tmp_path) as pushing:
        yield pushing


@pytest.fixture(scope="module")
def shared(synced: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushing]:
    """The same for all tests of a file, where they do not get into each other's way."""
    with pushing_to(Sandbox(scale="tiny"), synced, tmp_path_factory.mktemp("shared")) as pushing:
        yield pushing


@contextmanager
def pushing_to(sandbox: Sandbox, synced: Path, home: Path) -> Iterator[Pushing]:
    """A folder of declarations, and a warehouse that was synced before, in `home`."""
    shutil.copytree(synced, home / "data")
    (home / "push").mkdir()
    with following(sandbox, home / "data") as warehouse:
        yield Pushing(warehouse, home / "push", settings_for_pushes(warehouse))
