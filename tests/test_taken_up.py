"""Today's code continues with the data folder and Prefect database of an earlier commit.

`tests/fixtures/make_before.py` made them. The sandbox is restarted from the same seed, and the few writes
that it had taken are repeated, so that the workspace is the same one.
"""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from flows.environment import DEFAULTS as PREFECT
from sources.customerio.catalogue import resource
from sources.customerio.client import Client
from sources.customerio.sandbox import Sandbox, Served
from tests.conftest import Warehouse, settings_for
from tests.pipelines.conftest import Shell, shell_for

ARCHIVE = Path(__file__).parent / "fixtures" / "before.tar.gz"
README = (Path(__file__).parents[1] / "warehouse" / "README.md").read_text()
DAMAGED = ARCHIVE.with_name("damaged.tar.gz")
EVERYBODY = {"filters": {"and": [{"attribute": {"field": "cio_id", "operator": "exists"}}]}}
DAY_S = 86_400
SYNCED = ("campaigns", "segments", "segment_memberships")
GREW = {
    *("broadcasts", "campaigns", "messages", "newsletter_contents", "newsletters", "object_types"),
    *("segment_usage", "segments", "sender_identities", "transactional_contents"),
}
"""The tables whose rows had other fields when the fixture was made: the sandbox has learned more of them."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """The unpacked folder, its workspace, and a shell whose settings name both."""

    folder: Path
    shell: Shell
    served: Served
    history: dict[str, Any]
    tables: dict[str, dict[str, int]]

    @property
    def sandbox(self) -> Sandbox:
        """The workspace."""
        return self.shell.sandbox

    def query(self, sql: str, file: str = "customerio.duckdb") -> list[tuple[Any, ...]]:
        """The rows of a query in a DuckDB file of the data folder."""
        with duckdb.connect(self.folder / "data" / file, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def document(self, *arguments: str, code: int = 0) -> Any:
        """The JSON output of a command; it ends with that code and without a traceback."""
        ran = self.shell.run(*arguments, "--json")
        assert "Traceback" not in ran.err
        assert code == ran.code, ran.err
        return ran.document


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Before]:
    """The unpacked fixture with its workspace, served."""
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(tmp_path, filter="data")
    history = json.loads((tmp_path / "workspace.json").read_text())
    sandbox = Sandbox(scale=history["scale"], seed=history["seed"], now=history["now"])
    sandbox.knobs.export_takes_s = 0
    with sandbox.serve() as served:
        _repeat(sandbox, served, history)
        shell = shell_for(sandbox, served, tmp_path)
        shell.env |= {
            "CUSTOMERIO_START": history["start"],
            "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
            "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
            "CIO_ELT_PUSH": str(tmp_path / "push"),
            "CIO_ELT_LIMITS": str(tmp_path / "data" / "limits"),
        }
        tables = json.loads((tmp_path / "tables.json").read_text())
        yield Before(folder=tmp_path, shell=shell, served=served, history=history, tables=tables)


def _repeat(sandbox: Sandbox, served: Served, history: dict[str, Any]) -> None:
    """Repeat the writes that the workspace had received."""
    with closing(
        Client(
            app_api_key=sandbox.app_api_key,
            track_site_id=sandbox.track_site_id,
            track_api_key=sandbox.track_api_key,
            app_url=served.app_url,
            track_url=served.track_url,
        )
    ) as client:
        for _ in history["exports_ordered"]:
            client.call("exportPeopleData", body=EVERYBODY)
        for export_id, times in history["downloads"].items():
            for _ in range(times):
                client.call("downloadExport", path={"export_id": int(export_id)})
        client.call("batch", body={"batch": history["writes"]})
    assert len(history["writes"]) == len(sandbox.writes())


@pytest.mark.parametrize("archive", [ARCHIVE, DAMAGED], ids=lambda file: file.name)
def test_the_fixture_names_no_machine_and_no_key(before: Before, archive: Path) -> None:
    """No file of the fixture has a path of a home or temporary folder, or a key of the sandbox."""
    sandbox = before.sandbox
    keys = (sandbox.app_api_key, sandbox.track_api_key, sandbox.track_site_id)
    words = [word.encode() for word in ("/tmp/", "/home/", "/root", *keys)]  # noqa: S108 it is looked for

    with tarfile.open(archive) as packed:
        files = {member.name: packed.extractfile(member) for member in packed.getmembers()}
        found = [name for name, file in files.items() if file and any(w in file.read() for w in words)]

    assert [] == found


@pytest.mark.proof
def test_status_shows_what_is_there(before: Before) -> None:
    """`status` shows each table with its rows, and no gap."""
    rows = {row["table"]: row["rows"] for row in before.document("status")["tables"]}

    raw = before.tables["customerio.duckdb"]
    assert rows
    assert rows == {table: raw.get(f"customerio_raw.{table}", 0) for table in rows}


@pytest.mark.proof
def test_a_file_for_new_duckdbs_is_made_anew_for_older_ones(before: Before) -> None:
    """`doctor` names the file; after the README's commands a sync publishes one that DuckDB 1.2 reads."""
    assert "only DuckDB 2.0.0 and later can read it" in " ".join(before.shell.run("doctor").out.split())
    counts = """
        SELECT (SELECT count(*) FROM customerio_raw.messages),
               (SELECT count(*) FROM customerio_raw.exported_people),
               (SELECT count(*) FROM customerio_push.rows)
    """
    held = before.query(counts)
    (commands,) = re.findall(r"^```\n([^`]*STORAGE_VERSION[^`]*)^\.venv/bin/cio-elt sync\n", README, re.M)
    here = {".venv/bin/python": sys.executable, "warehouse/data": str(before.folder / "data")}
    for there, path in here.items():
        commands = commands.replace(there, path)

    subprocess.run(["bash", "-e", "-c", commands], check=True, timeout=60)

    before.document("sync", "campaigns", "segments")
    readers = [
        row for row in before.shell.run("doctor", "--json").document["findings"] if row["name"] == "readers"
    ]
    assert "DuckDB 1.2.0 and later can read the published file." == readers[0]["found"]
    assert "can read it" not in before.shell.run("doctor").out
    assert [(89, 110, 11)] == held == before.query(counts)


@pytest.mark.proof
def test_a_sync_continues(before: Before) -> None:
    """A sync of the same workspace adds and deletes no row of a known table, and the next one writes none."""
    known = {table.removeprefix("customerio_raw.") for table in before.tables["customerio.duckdb"]}
    # The sandbox's clock stands still, so a window that is read again has the same key and a newer load.
    claims = "SELECT resource, start_at, end_at, read_at, backfill FROM customerio_raw.coverage"
    covered = before.query(claims)

    first, second = (before.document("sync")["resources"] for _ in range(2))

    moved = {
        row["resource"]: (row["new"], row["deleted"])
        for row in first
        if row["resource"] in known and (row["new"] or row["deleted"])
    }
    assert {} == moved, "rows were taken for others"
    # Fields that the fixture's answers had not are changes, once.
    assert set() == {row["resource"] for row in first if row["changed"]} & known - GREW
    assert {} == {row["resource"]: row for row in second if row["new"] or row["changed"] or row["deleted"]}
    assert set(covered) <= set(before.query(claims))


@pytest.mark.proof
def test_a_day_later_it_is_the_workspace(before: Before) -> None:
    """After a day and a sync the warehouse equals the workspace, and coverage has no gap."""
    before.sandbox.clock.advance(DAY_S)
    before.document("sync")

    settings = settings_for(before.sandbox, before.served, before.folder / "data")
    Warehouse(before.sandbox, before.served, settings).assert_equals_world(but=("messages",))
    start = datetime.fromisoformat(before.history["start"]).replace(tzinfo=UTC).timestamp()
    sent = {row["id"] for row in before.sandbox.rows("messages") if row["created"] >= start}
    held = {key for (key,) in before.query("SELECT id FROM customerio_raw.messages")}
    assert sent <= held
    status = before.document("status", "--fail-on-gap")
    assert [] == [row["table"] for row in status["tables"] if row.get("gaps")]


@pytest.mark.proof
def test_exports_are_remembered(before: Before) -> None:
    """A new export is added to the registry; the earlier one is neither created nor loaded again."""
    (earlier,) = before.history["exports_ordered"]
    loaded = before.history["downloads"][str(earlier)]

    result = before.document("export", "people")

    assert result["export_id"] > earlier
    downloads = {row["id"]: row["downloads"] for row in before.sandbox.rows("exports")}
    assert loaded == downloads[earlier]


@pytest.mark.proof
def test_a_push_continues(before: Before) -> None:
    """The killed run is resumed, accepted rows are not sent again, and the dead letter stays."""
    status = {row["sync"]: row for row in before.document("push", "status")["syncs"]}
    assert {"plans": 1, "visits": 0, "tiers": 0} == {name: row["dead"] for name, row in status.items()}
    known = len(before.sandbox.writes())

    before.document("push", "plan")
    before.document("push", "run")

    sent = [row["op"] for row in before.sandbox.writes()[known:]]
    assert not [op for op in sent if op["action"] == "event"], "an event was sent again"
    assert not [op for op in sent if "plan" in op["attributes"]], "an accepted row was sent again"
    tiers = Counter(op["identifiers"]["id"] for op in sent if "tier" in op["attributes"])
    assert set(tiers.values()) <= {1}
    people = {row["id"]: row["attributes"] for row in before.sandbox.rows("people") if row["id"]}
    assert {"silver"} == {people[f"before{number}"].get("tier") for number in range(8)}
    known = len(before.sandbox.writes())
    before.document("push", "run")
    assert known == len(before.sandbox.writes()), "a push without changes sent something"
    assert 1 == {row["sync"]: row["dead"] for row in before.document("push", "status")["syncs"]}["plans"]


@pytest.mark.proof
def test_deployments_are_served_from_the_same_database(before: Before) -> None:
    """Prefect's server starts on the database; its deployments keep their ids, and its run is there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        api = f"http://127.0.0.1:{probe.getsockname()[1]}/api"
    kept = _deployments_of(before.folder / "prefect" / "prefect.db")
    home = {"PREFECT_HOME": str(before.folder / "prefect"), "PREFECT_API_URL": api}
    log = before.folder / "serving.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows"],
            env={**PREFECT, **before.shell.env, **home},
            cwd=Path(__file__).parents[1],
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        _wait_for(log, "runs at once")
        served = httpx.post(f"{api}/deployments/filter", json={}, timeout=30).raise_for_status().json()
        runs = httpx.post(f"{api}/flow_runs/filter", json={}, timeout=30).raise_for_status().json()
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)

    assert kept == {row["name"]: row["id"].replace("-", "") for row in served}
    assert ("sync segments", "COMPLETED") in {(run["name"], run["state_type"]) for run in runs}


def _deployments_of(file: Path) -> dict[str, str]:
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT name, id FROM deployment").fetchall()
    return {str(name): str(key).replace("-", "") for name, key in rows}


def _wait_for(log: Path, words: str) -> None:
    deadline = time.monotonic() + 180
    while words not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[Shell]:
    """The unpacked folders that odd answers damaged, with their workspace, whose answers are right again."""
    with tarfile.open(DAMAGED) as packed:
        packed.extractall(tmp_path, filter="data")
    sandbox = Sandbox(**json.loads((tmp_path / "workspace.json").read_text()))
    with sandbox.serve() as served:
        yield shell_for(sandbox, served, tmp_path)


def _healed(damaged: Shell, name: str) -> Warehouse:
    """The warehouse of that folder after one sync of its tables."""
    damaged.env["CIO_ELT_DATA"] = str(damaged.folder / name)
    ran = damaged.run("sync", *SYNCED)
    assert (0, False) == (ran.code, "Traceback" in ran.err), ran.err
    settings = settings_for(damaged.sandbox, damaged.served, damaged.data)
    return Warehouse(damaged.sandbox, damaged.served, settings)


@pytest.mark.proof
def test_doubled_rows_are_healed_by_one_sync(damaged: Shell) -> None:
    """A release wrote memberships twice: one sync of this one leaves each once, and every table is right."""
    counts = f"SELECT count(*), count(DISTINCT (segment_id, cio_id)) FROM customerio_raw.{SYNCED[-1]}"
    with duckdb.connect(damaged.folder / "doubled" / "customerio.duckdb", read_only=True) as connection:
        ((rows, keys),) = connection.execute(counts).fetchall()
    assert rows == 2 * keys

    healed = _healed(damaged, "doubled")

    assert [(keys, keys)] == healed.query(counts)
    for table in SYNCED:
        assert healed.truth(resource(table)).keys() == healed.rows(resource(table)).keys(), table


@pytest.mark.proof
def test_a_package_that_no_run_could_load_is_set_aside_by_one_sync(damaged: Shell) -> None:
    """A release stopped at each run at a field without a name: one sync of this one has every table."""
    healed = _healed(damaged, "unloadable")

    for table in SYNCED:
        assert healed.truth(resource(table)).keys() == healed.rows(resource(table)).keys(), table
    shown = damaged.run("doctor")
    assert (4, True) == (shown.code, "set_aside" in shown.out)
