"""The permissions of this product's files: private, but for the published file where a setting opens it."""

import stat
from pathlib import Path

from pipelines.settings import Settings, env_file
from sources.permissions import PRIVATE_FOLDER, close_to_others, open_to_others

_READ_BITS = 0o044
_READ_TO_TRAVERSE = 2
"""Bits between the right to read a file and the right to pass through a folder, for one class of users."""


def close_data_folder(settings: Settings) -> str:
    """Close the data folder and `.env` to other users; returns a sentence, empty if they were closed.

    The published file has the mode of its setting, and the data folder lets its readers pass.
    """
    changed = sum(close_to_others(path, _allowed(settings)) for path in _places(settings))
    if not changed:
        return ""
    return (
        f"{changed:,} file(s) and folder(s) of {settings.cio_elt_data} had other permissions than they are "
        "to have; they are put right, so that other users cannot read them."
    )


def open_paths(settings: Settings) -> list[Path]:
    """The files and folders of the product that other users may use although they are not to."""
    return [path for place in _places(settings) for path, _ in open_to_others(place, _allowed(settings))]


def make_data_folder(folder: Path) -> None:
    """Make the data folder if it is missing, closed to other users.

    Raises:
        OSError: it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def let_readers_pass(folder: Path, published: int) -> None:
    """Let those who may read a file of that mode pass through its folder, which they may not list."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode | _passing(published) != mode:
        folder.chmod(mode | _passing(published))


def _passing(published: int) -> int:
    return (published & _READ_BITS) >> _READ_TO_TRAVERSE


def _places(settings: Settings) -> list[Path]:
    return [path for path in (settings.cio_elt_data, *_own_env_file()) if path.exists()]


def _own_env_file() -> list[Path]:
    """`.env`, if it has a setting of this product: another program's file keeps its permissions."""
    try:
        return [env_file()] if b"CUSTOMERIO_" in env_file().read_bytes() else []
    except OSError:
        return []


def _allowed(settings: Settings) -> dict[Path, int]:
    published = settings.published_mode
    return {settings.published_file: published, settings.cio_elt_data: PRIVATE_FOLDER | _passing(published)}
