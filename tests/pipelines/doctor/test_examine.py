"""The doctor names each fault and its cure, and the cure, typed as it stands, puts it right."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pytest

from pipelines.doctor import Finding, examine
from pipelines.settings import Settings, read_settings
from pipelines.warehouse.pipeline import pipeline
from pipelines.warehouse.set_aside import set_aside
from sources.customerio.sandbox import Account, Fault, Sandbox
from tests.pipelines.conftest import SCRIPT, VIPS, Shell, ended, shell_for

pytestmark = pytest.mark.proof

STRANGER = 12_345


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell whose warehouse is synced; tests work on copies of its folder."""
    folder = tmp_path_factory.mktemp("well")
    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        shell = shell_for(sandbox, served, folder)
        shell.env |= {
            "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}",
            "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
            "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
            "CIO_ELT_PUSH": str(folder / "push"),
        }
        (folder / "push").mkdir()
        (folder / "push" / "vips.yml").write_text(VIPS)
        ran = shell.run("sync", "people", "segments", "campaigns")
        assert 0 == ran.code, ran.err
        yield shell


@pytest.fixture
def ill(well: Shell, tmp_path: Path) -> Iterator[Shell]:
    """A copy of that shell, to break something in it."""
    shutil.copytree(well.folder, tmp_path, dirs_exist_ok=True, symlinks=True)
    env = {name: value.replace(str(well.folder), str(tmp_path)) for name, value in well.env.items()}
    yield Shell(well.sandbox, well.served, tmp_path, env)
    well.sandbox.faults.clear()


def _settings(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in shell.env.items():
        if name.startswith(("CUSTOMERIO_", "CIO_ELT_", "PREFECT_")):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(shell.folder)
    return read_settings()


def _found(shell: Shell, name: str) -> Finding:
    """The worst finding of that name, as the command prints it."""
    ran = shell.run("doctor", "--json")
    assert "Traceback" not in ran.err, ran.err
    rows = [Finding(**row) for row in ran.document["findings"] if row["name"] == name]
    assert rows, (name, ran.document)
    worst = sorted(rows, key=lambda row: ("fail", "warn", "ok").index(row.state))[0]
    assert ran.code in {"fail": (1,), "warn": (1, 4), "ok": (0, 1, 4)}[worst.state]
    return worst


def _typed(shell: Shell, cure: str) -> None:
    """Type the cure into a shell."""
    ran = subprocess.run(
        ["bash", "-ec", cure], cwd=shell.folder, env=shell.env, capture_output=True, text=True, timeout=180
    )
    assert 0 == ran.returncode, (cure, ran.stdout, ran.stderr)


def test_nothing_is_found_where_all_is_well(well: Shell) -> None:
    """Every row is ok, but for those of the machine that runs the tests; the command ends with 0 then."""
    ran = well.run("doctor", "--json")
    wrong = [row for row in ran.document["findings"] if row["state"] != "ok"]

    assert [] == [row for row in wrong if row["name"] not in ("lock", "memory", "disk")], wrong
    assert ran.code in (0, 1, 4)
    assert (0 == ran.code) == (not wrong)
    names = {row["name"] for row in ran.document["findings"]}
    assert {"versions", "settings", "permissions", "clock", "key", "published file", "runs"} <= names


def _overwrite(file: Path) -> None:
    """Damage a file in its middle, whose head stays as it is."""
    with file.open("r+b") as held:
        held.seek(file.stat().st_size // 4)
        held.write(os.urandom(file.stat().st_size // 2))


def _published(shell: Shell) -> None:
    _overwrite(shell.published)


def _private(shell: Shell) -> None:
    _overwrite(shell.data / "load.duckdb")


def _ledger(shell: Shell) -> None:
    (shell.data / "runs.sqlite").write_bytes(b"no database" * 1000)


def _readable(shell: Shell) -> None:
    (shell.data / "load.duckdb").chmod(0o644)


def _waiting(shell: Shell) -> None:
    """A run ended between reading and loading."""
    script = (
        "import dlt, os, sys; from pipelines.settings import read_settings\n"
        "from pipelines.warehouse.pipeline import pipeline, file_format\n"
        "target = pipeline(read_settings())\n"
        "rows = dlt.resource([{'id': 1}], name='segments', primary_key='id', write_disposition='merge')\n"
        "target.extract(rows, loader_file_format=file_format(target)); os._exit(9)\n"
    )
    env = {**shell.env, "PYTHONPATH": str(Path(__file__).parents[3])}
    ran = subprocess.run([sys.executable, "-c", script], env=env, cwd=shell.folder, capture_output=True)
    assert 9 == ran.returncode, ran.stderr


def _file_in_place(shell: Shell) -> None:
    shutil.rmtree(shell.data)
    shell.data.write_text("a file")


def _killed_push(shell: Shell) -> None:
    shell.sandbox.faults.add(Fault(operation="batch", delay_ms=20_000))
    process, began = shell.start(("push", "run", "vips")), time.monotonic()
    seen = shell.sandbox.stats.by_operation.get("batch", 0)
    while shell.sandbox.stats.by_operation.get("batch", 0) == seen:
        assert time.monotonic() - began < 120
        time.sleep(0.05)
    process.kill()
    assert -signal.SIGKILL == ended(process, began).code
    shell.sandbox.faults.clear()


def _killed_sync(shell: Shell) -> None:
    shell.sandbox.faults.add(Fault(operation="listCampaigns", delay_ms=20_000, times=None))
    seen = shell.sandbox.stats.by_operation.get("listCampaigns", 0)
    process, began = shell.start(("sync", "campaigns")), time.monotonic()
    while shell.sandbox.stats.by_operation.get("listCampaigns", 0) < seen + 1:
        assert time.monotonic() - began < 120
        time.sleep(0.05)
    process.kill()
    ended(process, began)
    shell.sandbox.faults.clear()


def _aside(shell: Shell) -> None:
    settings = Settings.model_construct(cio_elt_data=shell.data)
    target = pipeline(read_settings(cio_elt_data=shell.data))
    (Path(target.working_dir) / "load" / "normalized" / "1792058400.5").mkdir(parents=True)
    set_aside(target, settings, duckdb.ConversionException("Could not convert"))


@pytest.mark.parametrize(
    ("name", "breaks", "state"),
    [
        ("published file", _published, "fail"),
        ("private file", _private, "fail"),
        ("run ledger", _ledger, "fail"),
        ("permissions", _readable, "warn"),
        ("packages", _waiting, "warn"),
        ("data folder", _file_in_place, "fail"),
        ("push journal", _killed_push, "warn"),
        ("runs", _killed_sync, "warn"),
        ("set-aside package", _aside, "warn"),
    ],
)
def test_a_fault_is_named_and_its_cure_works(
    ill: Shell, name: str, breaks: Callable[[Shell], None], state: str
) -> None:
    """The row says what is wrong; after its cure was typed, the row is ok or gone."""
    breaks(ill)
    found = _found(ill, name)

    assert state == found.state, found
    _typed(ill, found.cure)
    after = [row for row in ill.run("doctor", "--json").document["findings"] if row["name"] == name]
    left = [
        row for row in after if row["state"] == "fail" or (row["state"] == "warn" and name != "data folder")
    ]
    assert [] == left


@contextmanager
def _running(script: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """A process that has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


LOCK = """
import sys, time; from filelock import FileLock
lock = FileLock(sys.argv[1]); lock.acquire(); print("ready", flush=True); time.sleep(600)
"""
OPEN = """
import sys, time, duckdb
held = duckdb.connect(sys.argv[1]); print("ready", flush=True); time.sleep(600)
"""


@pytest.mark.parametrize(
    ("name", "script", "file"), [("locks", LOCK, "writer.lock"), ("private file", OPEN, "load.duckdb")]
)
def test_the_holder_of_a_lock_is_named(ill: Shell, name: str, script: str, file: str) -> None:
    """The process that holds a lock, or has the file open for writing, is named, and can be ended."""
    with _running(script, ill.data / file) as process:
        found = _found(ill, name)
        assert ("warn", True) == (found.state, f"process {process.pid}" in found.found), found
        _typed(ill, found.cure.partition(": ")[2] or found.cure)
        process.wait(timeout=30)
    assert "ok" == _found(ill, name).state


def test_a_wrong_key_is_named_and_replaced(ill: Shell) -> None:
    """A key that is not accepted, then none at all: `init`, given the right one, puts both right."""
    right = ill.env["CUSTOMERIO_APP_API_KEY"]
    (ill.folder / "key").write_text(right)
    ill.env["CUSTOMERIO_APP_API_KEY"] = "0" * 32
    wrong = _found(ill, "key")
    ill.env.pop("CUSTOMERIO_APP_API_KEY")
    missing = _found(ill, "settings")

    assert ("fail", "cio-elt init --replace") == (wrong.state, wrong.cure)
    assert ("fail", "cio-elt init") == (missing.state, missing.cure)
    _typed(ill, f"{missing.cure} --key-from key --region us --data data")
    assert ("ok", "ok") == (_found(ill, "settings").state, _found(ill, "key").state)


def test_keys_of_another_workspace_are_named(tmp_path: Path) -> None:
    """A key of another workspace of the account is a finding, and the right one cures it."""
    clock = Sandbox(scale="tiny").clock
    own, other = (Sandbox(scale="tiny", seed=seed, clock=clock) for seed in (1, 2))
    with Account([own, other]).serve() as served:
        shell = shell_for(own, served, tmp_path)
        assert 0 == shell.run("sync", "segments", "campaigns", "newsletters").code
        right = shell.env["CUSTOMERIO_APP_API_KEY"]
        shell.env["CUSTOMERIO_APP_API_KEY"] = other.app_api_key
        found = _found(shell, "workspace")
        (tmp_path / "key").write_text(right)
        shell.env.pop("CUSTOMERIO_APP_API_KEY")
        shell.env["PATH"] = f"{SCRIPT.parent}:{os.environ['PATH']}"

        assert "fail" == found.state
        _typed(shell, f"{found.cure} --key-from key --region us --data data")
        assert "ok" == _found(shell, "key").state


def test_servers_that_do_not_answer_are_named(
    ill: Shell, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Customer.io and Prefect: a port on which nothing listens, and the right one again."""
    url = ill.env["CUSTOMERIO_APP_URL"]
    ill.env |= {
        "CUSTOMERIO_APP_URL": f"http://127.0.0.1:{closed_port}",
        "PREFECT_API_URL": f"http://127.0.0.1:{closed_port}/api",
    }
    found = {row.name: row for row in examine(_settings(ill, monkeypatch))}
    monkeypatch.delenv("PREFECT_API_URL")
    ill.env.pop("PREFECT_API_URL")
    ill.env["CUSTOMERIO_APP_URL"] = url
    after = {row.name: row for row in examine(_settings(ill, monkeypatch))}

    assert ("fail", "fail") == (found["Customer.io"].state, found["Prefect"].state)
    assert "unset PREFECT_API_URL" in found["Prefect"].cure
    assert "Prefect" not in after
    assert "ok" == after["key"].state


def test_a_clock_that_is_wrong_is_named(ill: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers whose `Date` is hours away are a fault of a clock; once they agree, it is well."""
    settings = _settings(ill, monkeypatch)
    ill.sandbox.faults.add(Fault(date_off_s=4 * 3600, times=None))
    found = {row.name: row for row in examine(settings)}["clock"]
    ill.sandbox.faults.clear()

    assert ("fail", "sudo timedatectl set-ntp true") == (found.state, found.cure)
    assert "ok" == {row.name: row for row in examine(settings)}["clock"].state


def test_a_declaration_that_is_wrong_is_named(ill: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, the line and the column are named; the other declarations are checked all the same."""
    (ill.folder / "push" / "bad.yml").write_text("sync: bad\nobject: person\nmode: sometimes\n")
    found = [row for row in examine(_settings(ill, monkeypatch)) if row.name == "push declaration"]
    (ill.folder / "push" / "bad.yml").unlink()
    after = [row for row in examine(_settings(ill, monkeypatch)) if row.name == "push declaration"]

    assert ["fail"] == [row.state for row in found]
    assert "bad.yml, line 3" in found[0].found
    assert str(ill.folder / "push" / "bad.yml") in found[0].cure
    assert ["ok"] == [row.state for row in after]


def test_a_setting_that_is_wrong_is_named(ill: Shell) -> None:
    """With settings that cannot be read, that is the one finding."""
    ill.env["CIO_ELT_TARGET_LAG"] = "soon"
    ran = ill.run("doctor", "--json")

    assert 1 == ran.code
    assert ["settings"] == [row["name"] for row in ran.document["findings"]]
    assert "CIO_ELT_TARGET_LAG" in ran.document["findings"][0]["found"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs the right to give a folder to another user")
def test_files_of_another_user_are_named(ill: Shell) -> None:
    """A folder of rate limits and a file that belong to another user; the cure of each works."""
    (ill.folder / "limits").mkdir(exist_ok=True)
    os.chown(ill.folder / "limits", STRANGER, STRANGER)
    os.chown(ill.data / "load.duckdb", STRANGER, STRANGER)
    limits, files = _found(ill, "rate limits"), _found(ill, "permissions")
    assert ("fail", "fail") == (limits.state, files.state)
    _typed(ill, files.cure.removeprefix("sudo "))
    name, _, value = limits.cure.removeprefix("export ").partition("=")
    ill.env[name] = value.replace("$HOME", str(ill.folder / "elsewhere"))

    assert ("ok", "ok") == (_found(ill, "rate limits").state, _found(ill, "permissions").state)


def test_a_disk_that_is_full_is_named(ill: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk of 4 MB; when it has room, it is well."""
    small = ill.folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        ill.env["CIO_ELT_DATA"] = str(small / "data")
        found = {row.name: row for row in examine(_settings(ill, monkeypatch))}["disk"]
        subprocess.run(["mount", "-o", "remount,size=900m", str(small)], check=True)
        after = {row.name: row for row in examine(_settings(ill, monkeypatch))}["disk"]
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)

    assert ("fail", "ok") == (found.state, after.state)
    assert "Free " in found.cure


def test_a_bundle_has_no_data_of_people(ill: Shell) -> None:
    """The zip has findings, settings, schemas, runs and the log; no key, no address, no name of a person."""
    ran = ill.run("doctor", "--bundle", str(ill.folder / "support.zip"))
    assert ran.code in (0, 1, 4), ran.err
    with ZipFile(ill.folder / "support.zip") as packed:
        parts = {name: packed.read(name).decode() for name in packed.namelist()}
    with duckdb.connect(ill.published, read_only=True) as connection:
        people = connection.execute(
            "SELECT identifiers->>'email', attributes FROM customerio_raw.people"
        ).fetchall()
    values = {str(email) for email, _ in people if email}
    values |= {
        value
        for _, attributes in people
        for value in json.loads(attributes or "{}").values()
        if isinstance(value, str) and len(value) > 12
    }
    whole = "".join(parts.values())

    assert {"findings.json", "settings.json", "schemas.json", "runs.json", "log.txt"} == parts.keys()
    assert len(values) > 20
    assert [] == [value for value in values if value in whole]
    for secret in (ill.sandbox.app_api_key, ill.sandbox.track_api_key, ill.sandbox.track_site_id):
        assert secret not in whole
    assert 0o600 == (ill.folder / "support.zip").stat().st_mode & 0o777
    assert any("people" in column for column in json.loads(parts["schemas.json"]))
    assert "sync" == json.loads(parts["runs.json"])[0]["command"]
    kinds: list[Any] = [json.loads(line)["level"] for line in parts["log.txt"].splitlines()]
    assert "info" in kinds
