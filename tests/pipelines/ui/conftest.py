"""A data folder with a past, whose pages the command serves: a gap, drift, failed and killed runs."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.transform.schema_drift import record_changes
from pipelines.warehouse.publish import publish_warehouse
from pipelines.warehouse.writer import writing
from sources.customerio.sandbox import Fault, Sandbox
from tests.conftest import Warehouse, following
from tests.pipelines.conftest import PATIENCE_S, VIPS, Shell, shell_for

MARKUP = "<script>alert(1)</script>"
"""Text that Customer.io sends as a name, which a page must show as text."""

_KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.trace import RunLedger
lock = RunLedger(Path(sys.argv[1])).begin("c" * 32, "backfill", "1.0")
os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass
class Stage:
    """The data folder, and a shell for its commands."""

    warehouse: Warehouse
    shell: Shell

    @property
    def settings(self) -> Settings:
        """The settings of the pages."""
        return self.warehouse.settings.model_copy(update={"cio_elt_push": self.shell.folder / "push"})

    @contextmanager
    def served(self, **env: str) -> Iterator[httpx.Client]:
        """A client of the pages, which the command serves with that environment."""
        process = self.shell.start(("ui", "--port", "0", "--json"), env)
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            with httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False) as client:
                yield client
        finally:
            process.terminate()
            _, err = process.communicate(timeout=PATIENCE_S)
        assert (0, "") == (process.returncode, err)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage; tests leave its files as they are."""
    folder = tmp_path_factory.mktemp("ui")
    sandbox = Sandbox(scale="tiny")
    with following(sandbox, folder / "data") as warehouse:
        shell = shell_for(sandbox, warehouse.served, folder)
        _sync_with_a_gap(warehouse)
        _push_and_audit(shell)
        subprocess.run([sys.executable, "-c", _KILLED, shell.data], check=False)
        yield Stage(warehouse, shell)


@pytest.fixture(scope="session")
def pages(stage: Stage) -> Iterator[httpx.Client]:
    """A client of the stage's pages."""
    with stage.served() as client:
        yield client


@pytest.fixture
def copied(stage: Stage, tmp_path: Path) -> Settings:
    """The settings of a copy of the files that pages read, which the test may damage."""
    folder = tmp_path / "copied"
    folder.mkdir()
    for name in ("customerio.duckdb", "runs.sqlite", "workspace.json"):
        shutil.copyfile(stage.settings.cio_elt_data / name, folder / name)
    return stage.settings.model_copy(update={"cio_elt_data": folder})


def _sync_with_a_gap(warehouse: Warehouse) -> None:
    """Two syncs, the second so much later that Customer.io no longer has all activities; a new field came."""
    settings, sandbox = warehouse.settings, warehouse.sandbox
    warehouse.sync()
    record_changes(settings.load_file)
    sandbox.clock.advance(40 * DAY)
    sandbox.faults.add(Fault(operation="listCampaigns", give_fields={"team": "growth"}, times=None))
    warehouse.sync("activities", "campaigns")
    sandbox.faults.clear()
    record_changes(settings.load_file)
    with writing(settings, wait_s=0):
        publish_warehouse(settings)


def _push_and_audit(shell: Shell) -> None:
    """A push, one that a brake stops, a change by hand that an audit finds, a sync that fails."""
    sandbox, specs = shell.sandbox, shell.folder / "push"
    specs.mkdir()
    (specs / "vips.yml").write_text(VIPS)
    shell.env |= {
        "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
        "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
        "CIO_ELT_PUSH": str(specs),
    }
    assert 2 == shell.run("push", "run", "typos").code
    fans = VIPS.replace("vips", "fans").replace("tier", "rank")
    (specs / "fans.yml").write_text(f"{fans}brakes: {{min_rows: 5000}}\n")
    assert 3 == shell.run("push", "run").code
    sandbox.edit("people", next(row["id"] for row in sandbox.rows("people") if row["id"]), tier="silver")
    assert 4 == shell.run("push", "audit", "vips").code
    (specs / "typo.yml").write_text("sync: typo\nobjekt: person\n")
    sandbox.faults.add(Fault(operation="listSegments", status=400, detail=MARKUP, times=None))
    assert 1 == shell.run("sync", "segments").code
    sandbox.faults.clear()
