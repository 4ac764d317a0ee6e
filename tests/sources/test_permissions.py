"""Files and folders of one user: made private, found where they are not, and closed."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.errors import ConfigError
from sources.permissions import close_to_others, make_private_file, make_private_folder, open_to_others

NEEDS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs the right to give a file to another user")
STRANGER = 12_345


@pytest.fixture(autouse=True)
def _no_umask() -> Iterator[None]:
    """The process lets others use all that it makes."""
    before = os.umask(0)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_private(tmp_path: Path) -> None:
    """The umask does not matter; a file that exists keeps its content."""
    folder = tmp_path / "above" / "own"
    make_private_folder(folder)
    make_private_file(folder / "file")
    (folder / "file").write_text("kept")
    make_private_file(folder / "file")

    assert 0o700 == _mode(folder)
    assert 0o600 == _mode(folder / "file")
    assert "kept" == (folder / "file").read_text()


def test_an_own_folder_is_closed(tmp_path: Path) -> None:
    """A folder that exists is closed to others."""
    (tmp_path / "own").mkdir()
    make_private_folder(tmp_path / "own")

    assert 0o700 == _mode(tmp_path / "own")


@NEEDS_ROOT
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """Another user could change the files in it; the message names the folder and the user."""
    folder = tmp_path / "planted"
    folder.mkdir()
    os.chown(folder, STRANGER, STRANGER)

    with pytest.raises(ConfigError, match=rf"planted belongs to another user \(uid {STRANGER}\)"):
        make_private_folder(folder)
    assert 0o777 == _mode(folder)


def test_a_shared_folder_is_refused_and_stays_open(tmp_path: Path) -> None:
    """A folder such as /tmp is not closed to the other users of the machine."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)

    with pytest.raises(ConfigError, match="Users of this machine share the folder"):
        make_private_folder(folder)
    assert 0o1777 == _mode(folder)


@NEEDS_ROOT
def test_what_is_open_is_found_and_closed(tmp_path: Path) -> None:
    """Everything below the folder is closed, but for allowed modes, links, and files of others."""
    own, inner = tmp_path / "own", tmp_path / "own" / "inner"
    inner.mkdir(parents=True)
    for name in ("plain", "published", "strangers"):
        (inner / name).touch()
    (inner / "program").touch(0o755)
    outside = tmp_path / "outside"
    outside.touch()
    (inner / "link").symlink_to(outside)
    os.chown(inner / "strangers", STRANGER, STRANGER)
    allowed = {inner / "published": 0o640, own: 0o710}
    found = dict(open_to_others(own, allowed))

    assert {
        own: 0o710,
        inner: 0o700,
        inner / "plain": 0o600,
        inner / "published": 0o640,
        inner / "program": 0o700,
    } == found
    assert len(found) == close_to_others(own, allowed)
    assert found == {path: _mode(path) for path in found}
    assert {} == dict(open_to_others(own, allowed))
    assert 0o666 == _mode(outside) == _mode(inner / "strangers")
