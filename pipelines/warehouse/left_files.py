"""The state in which the last run left the private and the published file, noted in `last_run.json`.

A run that ends in order notes inode, size and time of the last write of both files. As long as a file is
still as it was noted, nothing has written it since: no run that was killed, no other program. So what the run
saw in it still holds, and the next run need not look again.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from pipelines.warehouse.duckdb_file import log_of
from sources.permissions import replace_file

FILE = "last_run.json"


@dataclass(frozen=True, kw_only=True)
class LeftFiles:
    """The facts that hold of the files as they are now.

    `without_doubles`: no table of the private file has two rows of one key. `in_step`: the published file has
    all rows of the private one, but for the notes of runs that found no change.
    """

    without_doubles: bool = False
    in_step: bool = False


def left_files(private: Path, published: Path) -> LeftFiles:
    """The facts that the last run noted, as far as the files are still those that it left."""
    try:
        noted = json.loads((private.parent / FILE).read_bytes())
        if _state(private) is None or noted["private"] != _state(private):
            return LeftFiles()
        same = _state(published) is not None and noted["published"] == _state(published)
        return LeftFiles(without_doubles=noted["without_doubles"], in_step=noted["in_step"] and same)
    except (OSError, ValueError, TypeError, KeyError):
        # There is no note, or it has the form of another release.
        return LeftFiles()


def note_files(private: Path, published: Path, facts: LeftFiles) -> None:
    """Note both files as they are now, and the facts that were seen to hold of them."""
    noted = {"private": _state(private), "published": _state(published), **vars(facts)}
    replace_file(private.parent / FILE, json.dumps(noted).encode())


def _state(file: Path) -> list[int] | None:
    """The inode, size and time of the last write; None if the file is missing or has changes in its log."""
    if log_of(file).exists() or not file.exists():
        return None
    found = file.stat()
    return [found.st_ino, found.st_size, found.st_mtime_ns]
