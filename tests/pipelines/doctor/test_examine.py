"""The doctor names each fault and its cure, and the cure, typed as it stands, puts it right.

One cure is not typed here: `sudo timedatectl set-ntp true`, for a clock of this machine that is wrong. Tests
cannot set the machine's clock; the other clock, that of a server of one's own, they can.
"""

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pytest

from pipelines.doctor import Finding
from pipelines.settings import Settings, read_settings
from pipelines.warehouse.pipeline import pipeline
from pipelines.warehouse.set_aside import set_aside
from sources.customerio.sandbox import Account, Fault, Sandbox
from tests.pipelines.conftest import PATIENCE_S, SCRIPT, VIPS, Shell, ended, shell_for

pytestmark = pytest.mark.proof

STRANGER = 12_345


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell whose warehouse is synced; tests work on copies of its folder."""
    folder = tmp_path_factory.mktemp("well")
    sandbox = Sandbox(scale="tiny")
    other = Sandbox(scale="tiny", seed=2, clock=sandbox.clock)
    with Account([sandbox, other]).serve() as served:
        shell = shell_for(sandbox, served, folder)
        shell.env |= {
            "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}",
            "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
            "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
            "CIO_ELT_PUSH": str(folder / "push"),
            "KEY_OF_ANOTHER_WORKSPACE": other.app_api_key,
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


def _found(shell: Shell, name: str) -> Finding:
    """The worst finding of that name, as the command prints it."""
    ran = shell.run("doctor", "--json")
    assert "Traceback" not in ran.err, ran.err
    rows = [Finding(**row) for row in ran.document["findings"] if row["name"] == name]
    assert rows, (name, ran.document)
    worst = sorted(rows, key=lambda row: ("fail", "warn", "ok").index(row.state))[0]
    assert ran.code in {"fail": (1,), "warn": (1, 4), "ok": (0, 1, 4)}[worst.state]
    return worst


def _typed(shell: Shell, lines: Sequence[str], answers: Sequence[tuple[str, str]] = ()) -> None:
    """Type the lines into a shell on a terminal, and each answer once its question is there."""
    leader, follower = pty.openpty()
    typing = subprocess.Popen(
        ["setsid", "--ctty", "--wait", "bash", "-ec", "\n".join(lines)],
        stdin=follower, stdout=follower, stderr=follower, cwd=shell.folder, env=shell.env,
    )  # fmt: skip
    os.close(follower)
    shown, waiting, seen = b"", list(answers), 0
    with suppress(OSError):
        # The terminal's end, once its last process has gone, is an error.
        while part := os.read(leader, 65_536):
            shown += part
            while waiting and (place := shown.find(waiting[0][0].encode(), seen)) >= 0:
                seen = place + len(waiting[0][0])
                os.write(leader, f"{waiting.pop(0)[1]}\n".encode())
    os.close(leader)
    assert 0 == typing.wait(PATIENCE_S), (lines, shown.decode(errors="replace"))
    assert [] == waiting, shown.decode(errors="replace")


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


def _ends_early(shell: Shell, script: str, code: int) -> None:
    """Run a script of Python in the shell; it ends with that code."""
    env = {**shell.env, "PYTHONPATH": str(Path(__file__).parents[3])}
    ran = subprocess.run([sys.executable, "-c", script], env=env, cwd=shell.folder, capture_output=True)
    assert code == ran.returncode, ran.stderr


def _waiting(shell: Shell) -> None:
    """A run ended between reading and loading."""
    script = (
        "import dlt, os, sys; from pipelines.settings import read_settings\n"
        "from pipelines.warehouse.pipeline import pipeline, file_format\n"
        "target = pipeline(read_settings())\n"
        "rows = dlt.resource([{'id': 1}], name='segments', primary_key='id', write_disposition='merge')\n"
        "target.extract(rows, loader_file_format=file_format(target)); os._exit(9)\n"
    )
    _ends_early(shell, script, 9)


def _file_in_place(shell: Shell) -> None:
    shutil.rmtree(shell.data)
    shell.data.write_text("a file")


def _killed_push(shell: Shell) -> None:
    shell.sandbox.faults.add(Fault(operation="batch", delay_ms=20_000))
    process, began = shell.start(("push", "run", "vips")), time.monotonic()
    seen = shell.sandbox.stats.by_operation.get("batch", 0)
    while shell.sandbox.stats.by_operation.get("batch", 0) == seen:
        assert time.monotonic() - began < PATIENCE_S
        time.sleep(0.05)
    process.kill()
    assert -signal.SIGKILL == ended(process, began).code
    shell.sandbox.faults.clear()


def _killed_sync(shell: Shell) -> None:
    shell.sandbox.faults.add(Fault(operation="listCampaigns", delay_ms=20_000, times=None))
    seen = shell.sandbox.stats.by_operation.get("listCampaigns", 0)
    process, began = shell.start(("sync", "campaigns")), time.monotonic()
    while shell.sandbox.stats.by_operation.get("listCampaigns", 0) < seen + 1:
        assert time.monotonic() - began < PATIENCE_S
        time.sleep(0.05)
    process.kill()
    ended(process, began)
    shell.sandbox.faults.clear()


def _aside(shell: Shell) -> None:
    settings = Settings.model_construct(cio_elt_data=shell.data)
    target = pipeline(read_settings(cio_elt_data=shell.data))
    (Path(target.working_dir) / "load" / "normalized" / "1792058400.5").mkdir(parents=True)
    set_aside(target, settings, duckdb.ConversionException("Could not convert"))


class _Broken:
    """The things that a fault leaves to the test: a stack to be closed, answers to questions of a cure."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.answers: list[tuple[str, str]] = []


def _unfinished_erasure(shell: Shell) -> None:
    """An erasure was killed once it had its record; `status` tells of it."""
    script = (
        "import os, signal\nfrom pipelines.erase import erase, run\n"
        "from pipelines.settings import read_settings\n"
        "run.erase_files = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "erase(read_settings(), [('id', 'user-1')], really=True)\n"
    )
    _ends_early(shell, script, -signal.SIGKILL)
    assert shell.run("status", "--json").document["unfinished_erasure"]
    assert "cio-elt erase --resume" in shell.run("status").out


def _journal(shell: Shell) -> None:
    assert 0 == shell.run("push", "run", "vips").code
    _overwrite(shell.data / "push.duckdb")


LOCK = """
import sys, time; from filelock import FileLock
lock = FileLock(sys.argv[1]); lock.acquire(); print("ready", flush=True); time.sleep(600)
"""
OPEN = """
import sys, time, duckdb
held = duckdb.connect(sys.argv[1]); print("ready", flush=True); time.sleep(600)
"""


def _held(shell: Shell, broken: _Broken, script: str, file: str) -> None:
    """A process that does not end holds the file; the finding names it."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(shell.data / file)], stdout=subprocess.PIPE, text=True
    )
    broken.stack.callback(process.communicate)
    broken.stack.callback(process.kill)
    assert process.stdout is not None
    assert "ready\n" == process.stdout.readline()


def _locked(shell: Shell, broken: _Broken) -> None:
    _held(shell, broken, LOCK, "writer.lock")


def _opened(shell: Shell, broken: _Broken) -> None:
    _held(shell, broken, OPEN, "load.duckdb")


def _asked(shell: Shell, broken: _Broken) -> None:
    """`init` asks for the key; its other questions have the present values as defaults."""
    key = shell.sandbox.app_api_key
    broken.answers = [("App API key: ", key), ("Region", ""), ("Data folder", "")]


def _wrong_key(shell: Shell, broken: _Broken) -> None:
    _asked(shell, broken)
    shell.env["CUSTOMERIO_APP_API_KEY"] = "0" * 32


def _foreign_key(shell: Shell, broken: _Broken) -> None:
    _asked(shell, broken)
    shell.env["CUSTOMERIO_APP_API_KEY"] = shell.env["KEY_OF_ANOTHER_WORKSPACE"]


def _no_key(shell: Shell, broken: _Broken) -> None:
    _asked(shell, broken)
    shell.env.pop("CUSTOMERIO_APP_API_KEY")


def _closed_port(broken: _Broken) -> str:
    closed = broken.stack.enter_context(socket.socket())
    closed.bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{closed.getsockname()[1]}"


def _wrong_url(shell: Shell, broken: _Broken) -> None:
    """The environment has a URL that does not answer, before the right one of `.env`."""
    (shell.folder / ".env").write_text(f"CUSTOMERIO_APP_URL={shell.env['CUSTOMERIO_APP_URL']}\n")
    shell.env["CUSTOMERIO_APP_URL"] = _closed_port(broken)


def _no_prefect(shell: Shell, broken: _Broken) -> None:
    shell.env["PREFECT_API_URL"] = f"{_closed_port(broken)}/api"


def _other_clock(shell: Shell) -> None:
    shell.sandbox.faults.add(Fault(date_off_s=4 * 3600, times=None))


def _wrong_declaration(shell: Shell) -> None:
    """The user's editor corrects the line that the finding names."""
    (shell.folder / "push" / "bad.yml").write_text(VIPS.replace("update_only", "sometimes"))
    shell.env["EDITOR"] = "sed -i -e s/sometimes/update_only/ -e s/vips/bad/"


def _wrong_setting(shell: Shell) -> None:
    shell.env["CIO_ELT_TARGET_LAG"] = "soon"


def _wrong_line(shell: Shell) -> None:
    (shell.folder / ".env").write_text("CIO_ELT_TARGET_LAG=soon\n")
    shell.env["EDITOR"] = "sed -i s/soon/7200/"


def _privacy_file(shell: Shell, text: str) -> None:
    shell.env["CIO_ELT_PRIVACY"] = str(shell.folder / "privacy.yml")
    (shell.folder / "privacy.yml").write_text(text)


def _wrong_rule(shell: Shell) -> None:
    _privacy_file(shell, "version: 1\nattributes: {phone: remove}\n")
    shell.env["EDITOR"] = "sed -i s/remove/keep/"


def _new_rule(shell: Shell) -> None:
    _privacy_file(shell, "version: 1\nidentifiers: {email: hash}\n")


def _foreign_file(shell: Shell) -> None:
    if os.getuid() != 0:
        pytest.skip("needs the right to give a file to another user")
    os.chown(shell.data / "load.duckdb", STRANGER, STRANGER)


def _foreign_limits(shell: Shell) -> None:
    if os.getuid() != 0:
        pytest.skip("needs the right to give a folder to another user")
    (shell.folder / "limits").mkdir(exist_ok=True)
    os.chown(shell.folder / "limits", STRANGER, STRANGER)


def _full_disk(shell: Shell, broken: _Broken) -> None:
    """The data folder is on a disk of 40 MB."""
    small = shell.folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    broken.stack.callback(subprocess.run, ["umount", "-l", str(small)], check=True)
    shutil.copytree(shell.data, small / "data", symlinks=True)
    shell.env["CIO_ELT_DATA"] = str(small / "data")


_FAULTS: dict[str, tuple[str, str, Callable[..., None]]] = {
    "published": ("published file", "fail", _published),
    "private": ("private file", "fail", _private),
    "opened": ("private file", "warn", _opened),
    "locked": ("locks", "warn", _locked),
    "ledger": ("run ledger", "fail", _ledger),
    "readable": ("permissions", "warn", _readable),
    "foreign file": ("permissions", "fail", _foreign_file),
    "foreign limits": ("rate limits", "fail", _foreign_limits),
    "waiting package": ("packages", "warn", _waiting),
    "set aside": ("set-aside package", "warn", _aside),
    "file in place": ("data folder", "fail", _file_in_place),
    "full disk": ("disk", "fail", _full_disk),
    "killed push": ("push journal", "warn", _killed_push),
    "journal": ("journal of pushes", "fail", _journal),
    "killed sync": ("runs", "warn", _killed_sync),
    "killed erasure": ("erasure", "fail", _unfinished_erasure),
    "wrong key": ("key", "fail", _wrong_key),
    "no key": ("settings", "fail", _no_key),
    "foreign key": ("workspace", "fail", _foreign_key),
    "wrong setting": ("settings", "fail", _wrong_setting),
    "wrong line": ("settings", "fail", _wrong_line),
    "privacy rule": ("privacy file", "fail", _wrong_rule),
    "new privacy rule": ("privacy file", "warn", _new_rule),
    "declaration": ("push declaration", "fail", _wrong_declaration),
    "url": ("Customer.io", "fail", _wrong_url),
    "prefect": ("Prefect", "fail", _no_prefect),
    "clock": ("clock", "fail", _other_clock),
}
"""Faults: the finding's name, its state, and what makes it."""


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_fault_is_named_and_its_cure_works(ill: Shell, fault: str) -> None:
    """Its cure is typed as it is printed; then nothing of that name is found, and a sync does its work."""
    name, state, breaks = _FAULTS[fault]
    with ExitStack() as stack:
        broken = _Broken(stack)
        breaks(*(ill, broken)[: breaks.__code__.co_argcount])
        found = _found(ill, name)

        assert state == found.state, found
        after = ["cio-elt doctor --json > after.json || true", "cio-elt sync segments campaigns"]
        _typed(ill, [found.cure, *after], broken.answers)
    document = json.loads((ill.folder / "after.json").read_text())
    assert [] == [row for row in document["findings"] if row["name"] == name and row["state"] != "ok"]


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
