"""Checks of work under way and of work that did not end: locks, packages, pushes, runs."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from pipelines.doctor.finding import Finding
from pipelines.doctor.locks import holder
from pipelines.errors import EltError
from pipelines.ingest.status import failed, unfinished_erasure
from pipelines.push.journal.database import FILE as JOURNAL
from pipelines.push.journal.database import SCHEMA, Journal
from pipelines.push.journal.status import read_status
from pipelines.settings import Settings
from pipelines.trace import RunLedger
from pipelines.warehouse.set_aside import packages_set_aside

# Commands whose arguments the ledger does not have.
_AGAIN = {
    "erase": "erase --resume",
    **{name: f"{name} --help" for name in ("backfill", "push audit", "push undo", "push reset")},
}
_PENDING = ("normalize/extracted", "load/normalized")


def locks(settings: Settings) -> Iterator[Finding]:
    """The locks of the data folder that a process holds."""
    held = [
        (file, by)
        for file in (*settings.cio_elt_data.glob("*.lock"), *settings.cio_elt_data.glob("exports/*.lock"))
        if (by := holder(file)) is not None
    ]
    for file, by in held:
        yield Finding(
            name="locks",
            found=f"{file.name} is held by {by.text}. A run that works needs nothing: wait for it. The cure "
            "ends one that hangs.",
            state="warn",
            cure=f"kill {by.pid}",
        )
    if not held:
        yield Finding(name="locks", found="No run holds a lock of the data folder.")


def packages(settings: Settings) -> Iterator[Finding]:
    """Load packages that wait, and those that were set aside."""
    aside = packages_set_aside(settings)
    for package in aside:
        yield Finding(
            name="set-aside package",
            found=f"{package.folder}: {package.reason}",
            state="warn",
            cure=f"rm -r {quote(package.folder)}",
        )
    working = settings.cio_elt_data / "dlt" / "pipelines" / "customerio"
    pending = {path.name for part in _PENDING for path in working.glob(f"{part}/*/")}
    if pending and holder(settings.cio_elt_data / "writer.lock") is None:
        yield Finding(
            name="packages",
            found=f"{len(pending)} package(s) of a run that ended early wait to be loaded.",
            state="warn",
            cure="cio-elt sync",
        )
    elif not aside:
        yield Finding(name="packages", found="No package waits, and none was set aside.")


def pushes(settings: Settings) -> Iterator[Finding]:
    """Runs of pushes without an end, dead letters, and pushes that are degraded."""
    file = settings.cio_elt_data / JOURNAL
    if not file.exists():
        return
    try:
        rows = read_status(settings)
        open_runs = _open_runs(settings.cio_elt_data)
    except EltError:
        # The file itself is a finding.
        return
    for sync, run_id in open_runs:
        yield Finding(
            name="push journal",
            found=f"Run {run_id} of the push {sync} did not end; the next one resumes it.",
            state="warn",
            cure=f"cio-elt push run {quote(sync)}",
        )
    for row in rows:
        if row.dead:
            yield Finding(
                name="dead letters",
                found=f"{row.dead:,} row(s) of the push {row.sync} were rejected too often.",
                state="warn",
                cure=f"cio-elt push retry {quote(row.sync)}",
            )
        if row.degraded:
            yield Finding(
                name="push health",
                found=f"The push {row.sync} is degraded: {row.degraded}.",
                state="warn",
                cure="cio-elt push status",
            )
    if not open_runs:
        yield Finding(name="push journal", found="Every run of a push has its end.")


def _open_runs(data: Path) -> list[tuple[str, str]]:
    return [
        (str(sync), str(run_id))
        for sync, run_id in Journal(data).query(
            f"SELECT sync, run_id FROM {SCHEMA}.runs WHERE state = 'sending' ORDER BY started_at"
        )
    ]


def runs(settings: Settings) -> Iterator[Finding]:
    """The last runs of commands that failed or were killed."""
    try:
        failures = RunLedger(settings.cio_elt_data).failures()
    except (OSError, sqlite3.Error):
        # The file itself is a finding.
        return
    for run in failures:
        yield Finding(name="runs", found=failed(run), state="warn", cure=_again(run.command))
    if not failures:
        yield Finding(name="runs", found="The last run of each command did its work.")


def _again(command: str) -> str:
    """The command that does the work of one that failed."""
    kind, _, name = command.partition(" ")
    if kind == "flow":
        return f"prefect deployment run {quote(f'{name}/{name}')}"
    return f"cio-elt {_AGAIN.get(command, command)}"


def erasures(settings: Settings) -> Iterator[Finding]:
    """An erasure that did not end."""
    if sentence := unfinished_erasure(settings):
        yield Finding(name="erasure", found=sentence, state="fail", cure="cio-elt erase --resume")
