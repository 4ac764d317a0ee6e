"""No file of the product can be read by another user, whatever the umask is and was."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.permissions import close_data_folder, open_paths
from pipelines.settings import read_settings
from tests.pipelines.conftest import VIPS, Shell


@pytest.fixture
def _no_umask() -> Iterator[None]:
    """The children of this process begin with a umask of 0."""
    before = os.umask(0)
    yield
    os.umask(before)


def _open(folder: Path) -> list[str]:
    """The files and folders below that have a bit for the group or for others."""
    return [
        f"{path.relative_to(folder)} {stat.S_IMODE(path.lstat().st_mode):o}"
        for path in folder.rglob("*")
        if not path.is_symlink() and not stat.S_ISSOCK(path.lstat().st_mode) and path.lstat().st_mode & 0o077
    ]


@pytest.mark.proof
@pytest.mark.usefixtures("_no_umask")
def test_no_file_of_a_run_can_be_read_by_others(shell: Shell) -> None:
    """With a umask of 0, no command leaves a file with a bit for others, nor one that has a key."""
    shell.sandbox.knobs.export_takes_s = 0
    specs = shell.folder / "push"
    specs.mkdir(mode=0o700)
    (specs / "vips.yml").touch(0o600)
    (specs / "vips.yml").write_text(VIPS)
    (shell.folder / "home").chmod(0o700)
    keys = {
        "CUSTOMERIO_TRACK_SITE_ID": shell.sandbox.track_site_id,
        "CUSTOMERIO_TRACK_API_KEY": shell.sandbox.track_api_key,
        "CIO_ELT_PUSH": str(specs),
    }
    for arguments in (
        ("demo", "--scale", "tiny"),
        ("sync",),
        ("export", "people"),
        ("transform",),
        ("push", "run", "vips"),
        ("report", "--out", str(shell.folder / "report.html")),
    ):
        ran = shell.run(*arguments, **keys)
        assert 0 == ran.code, (arguments, ran.err)

    assert shell.published.exists()
    assert (shell.data / "push.duckdb").exists()
    assert (shell.data / "dbt" / "target").exists()
    assert (shell.folder / "limits" / "limits.sqlite").exists()
    assert [] == _open(shell.folder)
    # No key is in a file either: not in dlt's state, dbt's artefacts, the journal, the log or the report.
    keys_planted = (shell.sandbox.app_api_key, shell.sandbox.track_api_key)
    held = [path for path in shell.folder.rglob("*") if path.is_file() and _has(path, keys_planted)]
    assert [] == held


def _has(file: Path, secrets: tuple[str, ...]) -> bool:
    content = file.read_bytes()
    return any(secret.encode() in content for secret in secrets)


@pytest.mark.usefixtures("_no_umask")
def test_an_open_data_folder_is_closed_once(shell: Shell) -> None:
    """The next command closes what an earlier release left open, and tells it once; `.env` is closed too."""
    shell.data.mkdir()
    (shell.data / "dlt").mkdir(mode=0o755)
    (shell.data / "load.duckdb").touch(0o644)
    (shell.folder / ".env").write_text("CUSTOMERIO_REGION=us\n")
    (shell.folder / ".env").chmod(0o644)
    first, second = shell.run("config"), shell.run("config")

    assert (0, 0) == (first.code, second.code)
    assert "4 file(s) and folder(s) of" in first.err
    assert "" == second.err
    assert 0o700 == stat.S_IMODE(shell.data.stat().st_mode)
    assert 0o600 == stat.S_IMODE((shell.folder / ".env").stat().st_mode)


def test_a_setting_opens_the_published_file_alone(shell: Shell) -> None:
    """Its readers may read it and pass through the folder, which they may not list; all else stays closed."""
    for _ in range(2):
        ran = shell.run("sync", "segments", CIO_ELT_PUBLISHED_MODE="0640")
        assert (0, "") == (ran.code, ran.err)
    assert 0 == shell.run("publish", CIO_ELT_PUBLISHED_MODE="0640").code

    assert 0o640 == stat.S_IMODE(shell.published.stat().st_mode)
    assert 0o710 == stat.S_IMODE(shell.data.stat().st_mode)
    assert ["customerio.duckdb 640"] == _open(shell.data)


@pytest.mark.parametrize("mode", ["0666", "0777", "0620", "rw"])
def test_a_published_file_that_others_write_is_refused(shell: Shell, mode: str) -> None:
    """The message names the setting and the modes that there are."""
    shell.refused(shell.run("sync", CIO_ELT_PUBLISHED_MODE=mode), 2, "CIO_ELT_PUBLISHED_MODE", "0640")


def test_a_library_leaves_the_umask(tmp_path: Path) -> None:
    """Looking for open files, and closing them, changes nothing of the process."""
    before = os.umask(0o022)
    (tmp_path / "data").mkdir()
    settings = read_settings(cio_elt_data=tmp_path / "data")
    found = open_paths(settings)
    close_data_folder(settings)

    assert 0o022 == os.umask(before)
    assert [tmp_path / "data"] == found
    assert [] == open_paths(settings)


@pytest.mark.skipif(os.getuid() != 0, reason="needs the right to give a folder to another user")
def test_limits_in_a_folder_of_another_user_are_refused(shell: Shell) -> None:
    """A folder that another user has planted in /tmp ends the run with a sentence."""
    limits = shell.folder / "limits"
    limits.mkdir()
    os.chown(limits, 12_345, 12_345)

    shell.refused(shell.run("sync", "segments"), 2, "another user (uid 12345)", "CIO_ELT_LIMITS")


def test_no_socket_is_open_to_other_machines(shell: Shell) -> None:
    """The sockets on which this process listens while the sandbox is served are on loopback alone."""
    with socket.socket() as every:
        # The check itself finds a socket that is open to others.
        every.bind(("", 0))
        every.listen()
        assert [every.getsockname()[1]] == open_ports()

    assert shell.served.app_url
    assert [] == open_ports()


def open_ports() -> list[int]:
    """The ports on which this process listens on other addresses than loopback."""
    mine = {str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
    found = []
    for table, loopback in (("tcp", "0100007F"), ("tcp6", "0" * 24 + "01000000")):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in mine and address != loopback:
                found.append(int(port, 16))
    return found
