"""Erases people from files of the data folder: what killed runs left, packages, exports.

what can be made anew    removed: dbt's target and logs, drafts and spills of runs that were killed
set-aside packages, logs removed if a trace is in them: a later sync has read their rows again
files of exports         removed if a trace is in them: they are downloaded again
registry of exports      words are replaced in what was asked for
run ledger               words are replaced in messages
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from pipelines.erase.tables import Found
from pipelines.erase.traces import Suspects
from pipelines.export.registry import folder as exports_folder
from pipelines.settings import Settings
from pipelines.trace.ledger import FILE as LEDGER
from pipelines.transform.documentation import FILE as DOCUMENTATION
from pipelines.warehouse.left_rows import DERIVED, STAGED, matching, remove
from sources.customerio.extract.erased import Erased, redacted_json

_WITH_TRACES = (*STAGED, "logs/*", "report.html", DOCUMENTATION)
"""Patterns of what is removed if there is a trace in it."""
Columns = tuple[tuple[str, str], ...]
"""Columns with texts, each with its table."""
_REGISTRY: Columns = (("tickets", "body"), ("tickets", "result"), ("counted", "body"))
_LEDGER: Columns = (("runs", "message"),)


def erase_files(settings: Settings, suspects: Suspects, erased: Erased, *, really: bool) -> Iterator[Found]:
    """Find what files have of the people; with `really` it is removed or replaced."""
    data = settings.cio_elt_data
    yield from _counted("files that can be made anew", _removed(matching(data, DERIVED), really=really))
    for pattern in _WITH_TRACES:
        found = [path for path in data.glob(pattern) if suspects.in_path(path)]
        yield from _counted(pattern.partition("/")[0], _removed(found, really=really))
    for place, file, columns in (
        ("registry of exports", exports_folder(settings) / "tickets.sqlite", _REGISTRY),
        ("run ledger", data / LEDGER, _LEDGER),
    ):
        yield from _sqlite(place, file, columns, erased, really=really)


def _removed(paths: Iterable[Path], *, really: bool) -> int:
    number = 0
    for path in sorted(paths):
        if really and not remove(path):
            continue
        number += 1
    return number


def _counted(place: str, number: int) -> Iterator[Found]:
    if number:
        yield Found(place=place, gone=number)


def _sqlite(place: str, file: Path, columns: Columns, erased: Erased, *, really: bool) -> Iterator[Found]:
    """The texts in a SQLite file: a filter of an export, or a message of an error, may name a person."""
    if not file.exists():
        return
    cells = 0
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        for table, column in columns:
            rows = connection.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
            for row_id, text in rows:
                new = text and redacted_json(text, erased.redacted)
                if new == text:
                    continue
                cells += 1
                if really:
                    connection.execute(
                        f"UPDATE OR REPLACE {table} SET {column} = ? WHERE rowid = ?", (new, row_id)
                    )
        if really and cells:
            connection.execute("VACUUM")
    if cells:
        yield Found(place=place, cells=cells)
