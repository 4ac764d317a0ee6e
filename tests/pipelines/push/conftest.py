"""Fixtures for pushes: a sandbox, a warehouse synced from it, and models whose rows a test writes."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from pipelines.push import Plan, PushOptions, PushResult, PushSpec, load_spec, plan_push, push
from pipelines.push.journal.database import SCHEMA, Journal
from pipelines.settings import Settings
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse, following, track_keys
from tests.pipelines.conftest import Shell, shell_for

Row = Mapping[str, Any]
LOOSE = {
    "max_creates_percent": None,
    "max_deletes_percent": 100,
    "max_adds_percent": None,
    "max_invalid_percent": None,
}
"""Brakes that stop no run, except those that always need approval."""

BY_IMPORT: Mapping[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"email": "text", "plan": "text", "active": "boolean", "tags": "list"},
    "deliver": {"lane": "import", "staging": "local"},
}  # fmt: skip
"""The keys of a spec that sends people by an import."""


def user_rows(count: int, plan: str = "x") -> list[Row]:
    """Rows of the model of `Pushing.users`."""
    return [{"user_id": f"u{number:04}", "plan": plan} for number in range(count)]


def import_rows(count: int) -> list[Row]:
    """Rows of a model of `BY_IMPORT`, with values that CSV must quote."""
    return [
        {
            "user_id": f"i{number}",
            "email": f"i{number}@example.com",
            "plan": 'a "b", c\né',
            "active": True,
            "tags": ["x"],
        }
        for number in range(count)
    ]


@dataclass
class Pushing:
    """A folder of specs, and the workspace that they are pushed to."""

    warehouse: Warehouse
    folder: Path
    settings: Settings
    notes: list[str] = field(default_factory=list)

    @property
    def sandbox(self) -> Sandbox:
        """The workspace."""
        return self.warehouse.sandbox

    def rows(self, name: str, rows: Sequence[Row] | pa.Table) -> str:
        """Write the rows of a model to a file; returns SQL that reads it."""
        file = self.folder / f"{name}.parquet"
        pq.write_table(rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows)), file)
        return f"FROM '{file}'"

    def declare(self, name: str, rows: Sequence[Row] | pa.Table | str, **keys: Any) -> PushSpec:
        """Write the spec of a push of those rows, or of that SQL, with brakes that let it run."""
        sql = rows if isinstance(rows, str) else self.rows(name, rows)
        model: dict[str, Any] = {"sql": sql}
        if ".parquet" in sql:
            # Rows of a test are in a file.
            model["external"] = True
        document = {"sync": name, "model": model, "brakes": LOOSE, "confirm": {"wait_s": 0}, **keys}
        file = self.folder / f"{name}.yml"
        YAML(typ="safe").dump(document, file)
        return load_spec(file)

    def users(self, rows: Sequence[Row], **keys: Any) -> PushSpec:
        """The spec `users`: people by `user_id`, with the attribute `plan`."""
        return self.declare(
            "users",
            rows,
            object="person",
            mode="upsert",
            person={"id": "user_id"},
            fields={"plan": "text"},
            **keys,
        )

    def plan(self, spec: PushSpec) -> Plan:
        """The plan of a push."""
        return plan_push(self.settings, spec, folder=self.folder)

    def push(self, spec: PushSpec, **options: Any) -> PushResult:
        """Run a push, as the command line does."""
        return push(
            self.settings,
            spec,
            folder=self.folder,
            options=PushOptions(notify=self.notes.append, **options),
        )

    def approved(self, spec: PushSpec) -> PushResult:
        """Run a push with its plan approved, so that no brake stops it."""
        return self.push(spec, plan_id=self.plan(spec).plan_id, approve=True)

    def proves_keys(self) -> None:
        """Push one person, whose arrival proves that both keys are of one workspace."""
        assert self.push(self.declare(
            "proof", [{"user_id": "proof"}], object="person", mode="upsert", person={"id": "user_id"}
        )).complete  # fmt: skip

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the journal, whose tables are in `customerio_push`."""
        return Journal(self.settings.cio_elt_data).query(sql)

    def states(self) -> dict[str, int]:
        """The number of rows of all runs by state."""
        found = self.query(f"SELECT state, count(*) FROM {SCHEMA}.rows GROUP BY state")
        return {str(state): int(count) for state, count in found}

    def requests(self) -> int:
        """The number of requests that wrote to the workspace."""
        asked = self.sandbox.stats.by_operation
        return sum(
            asked.get(name, 0) for name in ("batch", "add_to_segment", "remove_from_segment", "import")
        )

    def people(self) -> dict[str, dict[str, str]]:
        """The workspace's people by id, with their attributes."""
        rows = self.sandbox.rows("people")
        return {row["id"]: row["attributes"] for row in rows if row["id"]}

    def ids(self) -> list[str]:
        """The ids of the people in the workspace, sorted."""
        return sorted(self.people())


def settings_for_pushes(warehouse: Warehouse) -> Settings:
    """The warehouse's settings, with the keys of the Track API."""
    return warehouse.settings.model_copy(update=track_keys(warehouse.sandbox))


@pytest.fixture(scope="session")
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
    """The same, shared by the tests of a file that do not influence each other."""
    with pushing_to(Sandbox(scale="tiny"), synced, tmp_path_factory.mktemp("shared")) as pushing:
        yield pushing


@contextmanager
def pushing_to(sandbox: Sandbox, synced: Path, home: Path) -> Iterator[Pushing]:
    """A folder of specs, and a warehouse that was synced before, in `home`."""
    shutil.copytree(synced, home / "data")
    (home / "push").mkdir()
    with following(sandbox, home / "data") as warehouse:
        yield Pushing(warehouse, home / "push", settings_for_pushes(warehouse))


@pytest.fixture
def shell(pushing: Pushing) -> Shell:
    """A shell with the keys of both APIs."""
    made = shell_for(pushing.sandbox, pushing.warehouse.served, pushing.folder.parent)
    made.env["CUSTOMERIO_TRACK_SITE_ID"] = pushing.sandbox.track_site_id
    made.env["CUSTOMERIO_TRACK_API_KEY"] = pushing.sandbox.track_api_key
    return made
