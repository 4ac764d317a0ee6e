"""Permissions of files and folders that only their owner may read."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from sources.errors import ConfigError

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
_OTHERS = 0o077


def make_process_private() -> None:
    """Let new files and folders of this process and its children be private, whatever the umask was.

    It is for programs: a library leaves the umask to the program that imports it.
    """
    os.umask(_OTHERS)


def make_private_folder(folder: Path) -> None:
    """Make a folder that only this user may use, or close one of theirs to all others.

    Raises:
        ConfigError: the folder belongs to another user, or is one that users share, such as /tmp.
        OSError: it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid():
        msg = (
            f"The folder {folder} belongs to another user (uid {found.st_uid}), who could read and change "
            "its files. Name a folder of your own."
        )
        raise ConfigError(msg)
    if found.st_mode & stat.S_ISVTX:
        msg = f"Users of this machine share the folder {folder}. Name a folder inside it, or one of your own."
        raise ConfigError(msg)
    if found.st_mode & _OTHERS:
        folder.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)


def make_private_file(file: Path) -> None:
    """Make an empty file that only this user may read, unless it exists."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))


def replace_file(file: Path, content: bytes) -> None:
    """Replace a small private file in one step: a process that dies leaves the one before.

    Raises:
        OSError: it cannot be written.
    """
    new = file.with_suffix(".new")
    # A process that was killed may have left it, with other permissions.
    new.unlink(missing_ok=True)
    make_private_file(new)
    new.write_bytes(content)
    new.replace(file)


def open_to_others(folder: Path, allowed: Mapping[Path, int]) -> Iterator[tuple[Path, int]]:
    """Files and folders that others may use although they are not to: each path with its right mode.

    The folder itself is one of them. `allowed` has other modes than the private ones, by path. Symbolic links
    are not followed, and what belongs to another user is left out.
    """
    for path in (folder, *_below(folder)):
        with suppress(FileNotFoundError):
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode) or found.st_uid != os.getuid():
                continue
            mode = stat.S_IMODE(found.st_mode)
            # The owner's own bits and the bit that gives new files the folder's group stay.
            right = (mode & ~_OTHERS) | (allowed.get(path, 0) & _OTHERS)
            if mode != right:
                yield path, right


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(parent, name)


def close_to_others(folder: Path, allowed: Mapping[Path, int]) -> int:
    """Give the right mode to everything that `open_to_others` finds; returns their number."""
    changed = 0
    for path, mode in open_to_others(folder, allowed):
        # Another run may remove its files meanwhile.
        with suppress(FileNotFoundError, PermissionError):
            path.chmod(mode)
            changed += 1
    return changed
