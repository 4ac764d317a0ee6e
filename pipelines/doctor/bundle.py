"""A file for support: findings, settings, schemas, runs, the end of the log; without people's data.

Every text passes the log's filter, and no row of a table of Customer.io is in it.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from pipelines.doctor.finding import Finding
from pipelines.errors import ConfigError, EltError
from pipelines.settings import Settings, settings_with_origins
from pipelines.trace import RunLedger, hide
from pipelines.trace.logs import FILE, FOLDER
from pipelines.warehouse.duckdb_file import reading
from sources.permissions import make_private_file

_RUNS, _LINES = 200, 2_000
_COLUMNS = """
    SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns ORDER BY ALL
"""


def write_bundle(file: Path, settings: Settings, findings: Sequence[Finding]) -> None:
    """Write the file, which only its owner may read; one that exists is replaced.

    Raises:
        ConfigError: the file cannot be written.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        make_private_file(draft)
        with ZipFile(draft, "w", ZIP_DEFLATED) as packed:
            for name, text in _parts(settings, findings):
                packed.writestr(name, text)
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        msg = f"{file} cannot be written ({error.strerror}). Name another file with --bundle."
        raise ConfigError(msg) from None


def _parts(settings: Settings, findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    yield "findings.json", _json([asdict(finding) for finding in findings])
    yield "settings.json", _json([{**asdict(row), "file": None} for row in settings_with_origins()])
    yield "schemas.json", _json(_schemas(settings))
    yield "runs.json", _json(_runs(settings))
    yield "log.txt", "\n".join(_log(settings))


def _schemas(settings: Settings) -> list[tuple[Any, ...]]:
    """Schema, table, column and type of each column of the published file."""
    with suppress(EltError):
        if settings.published_file.exists():
            with reading(settings.published_file) as connection:
                return connection.execute(_COLUMNS).fetchall()
    return []


def _runs(settings: Settings) -> list[dict[str, Any]]:
    with suppress(OSError, sqlite3.Error):
        return [asdict(run) for run in RunLedger(settings.cio_elt_data).runs()[:_RUNS]]
    return []


def _log(settings: Settings) -> list[str]:
    """The last lines of the log."""
    try:
        text = (settings.cio_elt_data / FOLDER / FILE).read_text("utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-_LINES:]


def _json(value: Any) -> str:
    return json.dumps(_hidden(value), indent=1, default=str)


def _hidden(value: Any) -> Any:
    """The value with every text in it filtered, and the user's own folder as ~."""
    if isinstance(value, dict):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(inner) for inner in value]
    if isinstance(value, str | Path):
        return hide(str(value).replace(str(Path.home()), "~"))
    return value
