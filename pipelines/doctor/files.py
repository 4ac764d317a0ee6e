"""Checks of files: every byte of the DuckDB files, the run ledger, the registry of exports, declarations."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shlex import quote

import duckdb

from pipelines.doctor.finding import Finding, edit
from pipelines.doctor.locks import holder
from pipelines.errors import ConfigError, EltError
from pipelines.export.registry import FILE as REGISTRY
from pipelines.export.registry import folder as exports_folder
from pipelines.privacy import is_outdated, privacy_of
from pipelines.push.journal.database import FILE as JOURNAL
from pipelines.push.spec.loader import load_spec
from pipelines.settings import Settings
from pipelines.trace.ledger import FILE as LEDGER
from pipelines.warehouse.duckdb_file import OLDEST_READER, oldest_reader, open_file
from pipelines.warehouse.failures import file_failure
from pipelines.warehouse.sql import quoted


def warehouse_files(settings: Settings) -> Iterator[Finding]:
    """The DuckDB files: each is read to its end, whose blocks have checksums."""
    for name, file, then in (
        ("published file", settings.published_file, "cio-elt publish"),
        ("private file", settings.load_file, "cio-elt sync"),
        ("journal of pushes", settings.cio_elt_data / JOURNAL, _resets(settings)),
    ):
        if file.exists():
            yield _read(name, file, then)


def _resets(settings: Settings) -> str:
    """The commands after which the rows of every push count as sent, as the lost journal had them."""
    names = [quote(file.stem) for file in sorted(settings.cio_elt_push.glob("*.yml"))]
    return " && ".join(f"cio-elt push reset --without-sending {name}" for name in names) or "cio-elt status"


def _read(name: str, file: Path, then: str) -> Finding:
    try:
        with open_file(file, read_only=True) as connection:
            connection.execute("SET memory_limit = '400MB'; SET enable_progress_bar = false")
            tables = connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
            ).fetchall()
            for schema, table in tables:
                connection.execute(f"SELECT count(COLUMNS(*)) FROM {quoted(schema)}.{quoted(table)}")
    except duckdb.Error as error:
        if (held := holder(file)) is not None:
            return Finding(
                name=name, found=f"{file} is open in {held.text}.", state="warn", cure=f"kill {held.pid}"
            )
        return Finding(
            name=name,
            found=f"{file} is damaged ({type(file_failure(error)).__name__}, {type(error).__name__}).",
            state="fail",
            cure=f"{_moved(file)} && {then}",
        )
    return Finding(name=name, found=f"All {len(tables)} tables of {file} can be read.")


def readers(settings: Settings) -> Iterator[Finding]:
    """The oldest DuckDB that can read the published file."""
    file = settings.published_file
    if not file.exists():
        return
    try:
        oldest = oldest_reader(file)
    except EltError:
        # The file itself is a finding.
        return
    version = ".".join(map(str, oldest))
    if oldest > OLDEST_READER:
        yield Finding(
            name="readers",
            found=f"{file} was made by an earlier release, and only DuckDB {version} and later can read it.",
            state="warn",
            cure='"How to open it" in warehouse/README.md has the commands that make it anew for older ones.',
        )
    else:
        yield Finding(name="readers", found=f"DuckDB {version} and later can read the published file.")


def small_files(settings: Settings) -> Iterator[Finding]:
    """The run ledger and the registry of exports, two SQLite files."""
    for name, file in (
        ("run ledger", settings.cio_elt_data / LEDGER),
        ("registry of exports", exports_folder(settings) / REGISTRY),
    ):
        if not file.exists():
            continue
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
                ((verdict,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
        except sqlite3.Error as error:
            verdict = str(error)
        if verdict == "ok":
            yield Finding(name=name, found=f"{file} can be read.")
        else:
            yield Finding(name=name, found=f"{file} is damaged: {verdict}.", state="fail", cure=_moved(file))


def _moved(file: Path) -> str:
    """The command that moves a damaged file away."""
    return f"mv {quote(str(file))} {quote(f'{file}.damaged')}"


def declarations(settings: Settings) -> Iterator[Finding]:
    """The declarations of pushes, each by itself."""
    files = sorted(settings.cio_elt_push.glob("*.yml"))
    wrong = False
    for file in files:
        try:
            load_spec(file)
        except EltError as error:
            wrong = True
            yield Finding(name="push declaration", found=str(error), state="fail", cure=edit(file))
    if not wrong:
        yield Finding(name="push declaration", found=f"{len(files)} declaration(s) can be used.")


def privacy_file(settings: Settings) -> Iterator[Finding]:
    """The privacy file, and stored rows that lack its rules."""
    name = "privacy file"
    try:
        outdated = is_outdated(settings)
        privacy_of(settings)
    except ConfigError as error:
        yield Finding(name=name, found=str(error), state="fail", cure=edit(settings.cio_elt_privacy))
        return
    if outdated:
        found = f"Rows are stored that lack the rules of {settings.cio_elt_privacy}."
        yield Finding(name=name, found=found, state="warn", cure="cio-elt privacy --apply")
    else:
        yield Finding(name=name, found="Stored rows have its rules; without a file, all data are kept.")
