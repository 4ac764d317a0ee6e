"""The judgement: the published warehouse beside the truth, and exit codes beside both."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.warehouse.run_notes import add_notes
from sources.customerio.catalogue import Resource
from tests.conftest import TOLD_FOR_DAYS, Warehouse
from tests.pipelines.conftest import Ran
from tests.torture.truth import Key, Rows, Truth

DONE, FAILED, MISUSED, PARTLY = 0, 1, 2, 4
KILLED = -9
_DAY = 86_400
# Readers that take a delivery or an activity up again for some time only, or a file once.
_AGING = ("windows", "feed", "exported_rows", "counts")
_TIMED = ("windows", "feed")
_CLAIMS = """
SELECT resource, start_at, end_at, read_at FROM customerio_raw.coverage
WHERE _dlt_load_id IN (SELECT load_id FROM customerio_raw._dlt_loads WHERE status = 0)
"""


class Violation(AssertionError):
    """The warehouse, the ledger, a tombstone, an exit code or a message does not tell the truth."""


@dataclass(frozen=True)
class Judge:
    """Judges one warehouse by the truth; `partial` are tables that lack fields, as exports of people do."""

    warehouse: Warehouse
    truth: Truth
    partial: Collection[str] = ()

    def sound(self) -> None:
        """Check the published file at any time: no double row, no false tombstone, no false coverage."""
        if not self.warehouse.settings.published_file.exists():
            return
        with duckdb.connect(self.warehouse.settings.published_file, read_only=True) as connection:
            add_notes(connection, self.warehouse.settings.published_file)
            present = {name for (name,) in connection.execute(_TABLES).fetchall()}
            for row in self.truth.tables:
                if row.table in present:
                    self._check_rows(connection, row)
            if {"coverage", "_dlt_loads"} <= present:
                self._check_claims(connection)

    def message(self, ran: Ran) -> None:
        """Check what a command printed: no traceback, nobody's data, no secret."""
        if "Traceback" in ran.err or "A bug" in ran.out:
            msg = f"a traceback: {ran.err}"
            raise Violation(msg)
        for text in self.truth.personal():
            if text in ran.err or text in ran.out:
                msg = f"a message has {text!r}: {ran.err} {ran.out}"
                raise Violation(msg)

    def code(self, ran: Ran, allowed: Collection[int]) -> None:
        """Check that the code is explained by the step, and by what the command says of it."""
        failures = list(_failures(ran))
        if ran.code == DONE and failures:
            msg = f"exit code 0, and {failures}"
            raise Violation(msg)
        if ran.code in (FAILED, PARTLY) and not failures:
            msg = f"exit code {ran.code} without a reason: {ran.out} {ran.err}"
            raise Violation(msg)
        held = ran.code == PARTLY and all("--accept-deletions" in text for text in failures)
        if ran.code not in {DONE, *allowed} and not held:
            msg = f"exit code {ran.code}, with nothing that explains it: {failures} {ran.err}"
            raise Violation(msg)

    def landed(self, tables: Collection[Resource], *, altered: bool) -> None:
        """Check after an exit code of 0: the tables equal the workspace, as far as it stood still."""
        for row in tables:
            found, must = self.warehouse.rows(row), self.truth.throughout(row.table)
            told = self._set_aside(row.table) if row.reader in _TIMED else 0
            self._check_keys(
                row, found, self.truth.keys_throughout(row.table), self.truth.keys_within(row.table), told
            )
            if not altered and row.reader not in _AGING and row.table not in ("exports", *self.partial):
                _check_fields(row, must, found)

    def equal(self, *, aged: bool) -> None:
        """Check at the end: every table equals the workspace, row by row and field by field.

        With `aged`, what is read again for some days only counts too; without, deliveries are there, but for
        those that were set aside.
        """
        for row in self.truth.tables:
            found, truth = self.warehouse.rows(row), self.warehouse.truth(row)
            if row.reader == "windows" and not aged:
                self._check_keys(row, found, set(truth), set(truth), self._set_aside(row.table))
            elif row.reader != "feed" or aged:
                self._check_keys(row, found, set(truth), set(truth))
                if row.reader not in ("exported_rows", "counts") and row.table not in self.partial:
                    _check_fields(row, truth, found)

    def _check_keys(self, row: Resource, found: Rows, must: set[Key], may: set[Key], told: int = 0) -> None:
        if row.reader == "exported_rows":
            self._check_files(row, found)
            return
        if row.reader == "counts":
            self._check_counts(row, found)
            return
        lost = [key for key in must if key not in found]
        if len(lost) > told:
            msg = f"{row.table} lacks {len(lost)} of {len(must)} rows: {lost[:3]}"
            raise Violation(msg)
        if extra := [key for key in found if key not in may and not self._may_stay(row, key, found[key])]:
            msg = f"{row.table} has {len(extra)} rows that are not there: {extra[:3]}"
            raise Violation(msg)

    def _check_files(self, row: Resource, found: Rows) -> None:
        """An export's file is there whole or not at all: one that cannot be fetched is set aside."""
        truth = self.warehouse.truth(row)
        read = {key[0] for key in found}
        if missing := [key for key in truth if key[0] in read and key not in found]:
            msg = f"{row.table} lacks rows of files that it has: {missing[:3]}"
            raise Violation(msg)

    def _check_counts(self, row: Resource, found: Rows) -> None:
        """A count is a row when it changes: the newest one of each segment was true during the step."""
        newest = {key[0]: found[key]["count"] for key in sorted(found)}
        seen = [snapshot.rows[row.table] for snapshot in self.truth.snapshots]
        for segment, _ in self.truth.keys_within(row.table):
            true = {cells["count"] for rows in seen for key, cells in rows.items() if key[0] == segment}
            if newest.get(segment) not in true and all(any(k[0] == segment for k in rows) for rows in seen):
                msg = f"segment {segment} counts {true}, its newest row {newest.get(segment)}"
                raise Violation(msg)

    def _may_stay(self, row: Resource, key: Key, cells: dict[str, Any]) -> bool:
        """Checks if a row may stay that is not there any more."""
        if key not in self.truth.ever[row.table]:
            return False
        if row.reader in TOLD_FOR_DAYS:
            oldest = self.warehouse.sandbox.clock.now() - TOLD_FOR_DAYS[row.reader] * _DAY
            return int(cells[str(row.cursor)]) < oldest
        return not row.tombstones

    def _check_rows(self, connection: duckdb.DuckDBPyConnection, row: Resource) -> None:
        keys = ", ".join(f'"{name}"' for name in row.key)
        doubled = connection.execute(
            f"SELECT {keys} FROM customerio_raw.{row.table} GROUP BY ALL HAVING count(*) > 1"
        ).fetchall()
        if doubled:
            msg = f"{row.table} has {len(doubled)} rows twice: {doubled[:3]}"
            raise Violation(msg)
        if not row.tombstones:
            return
        deleted = connection.execute(
            f"SELECT {keys} FROM customerio_raw.{row.table} WHERE deleted_at IS NOT NULL"
        ).fetchall()
        there, gone = self.truth.snapshots[-1].rows[row.table], self.truth.gone[row.table]
        if false := [key for key in deleted if key in there and key not in gone]:
            msg = f"{row.table} has {len(false)} false tombstones: {false[:3]}"
            raise Violation(msg)

    def _check_claims(self, connection: duckdb.DuckDBPyConnection) -> None:
        now = self.truth.snapshots[-1].rows
        held: dict[str, set[Key]] = {}
        cursors = {row.table: str(row.cursor) for row in self.truth.tables}
        for table, start, end, read_at in connection.execute(_CLAIMS).fetchall():
            if table not in cursors:
                continue
            if table not in held:
                held[table] = set(connection.execute(f"SELECT id FROM customerio_raw.{table}").fetchall())
            was = self.truth.at_begin_of(read_at).rows[table]
            lost = [
                key
                for key, row in was.items()
                if start <= row[cursors[table]] <= end and key in now[table] and key not in held[table]
            ]
            if len(lost) > self._set_aside(table):
                msg = f"{table} claims {start}..{end}, read at {read_at}, and lacks {lost[:3]}"
                raise Violation(msg)

    def _set_aside(self, table: str) -> int:
        """The number of records of that table in `rejected_records`: they are told, and kept there."""
        with duckdb.connect(self.warehouse.settings.published_file, read_only=True) as connection:
            if ("rejected_records",) not in connection.execute(_TABLES).fetchall():
                return 0
            sql = f"SELECT count(*) FROM customerio_raw.rejected_records WHERE resource = '{table}'"
            return int(connection.execute(sql).fetchall()[0][0])


_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'customerio_raw'"


def _check_fields(row: Resource, truth: Rows, found: Rows) -> None:
    for key, cells in truth.items():
        for name in {*row.columns, *cells, *found[key]}:
            if cells.get(name) != found[key].get(name):
                msg = f"{row.table} {key}: {name} is {found[key].get(name)!r}, right is {cells.get(name)!r}"
                raise Violation(msg)


def _failures(ran: Ran) -> Iterator[str]:
    """The reasons that a command gives for its exit code."""
    document = _document(ran)
    if "error" in document:
        yield str(document["error"]["message"])
    for part in (document, *document.get("chunks", ())):
        for tally in part.get("resources", ()):
            if tally["error"]:
                yield f"{tally['resource']}: {tally['error']}"
            elif tally["rejected"]:
                yield f"{tally['resource']}: {tally['rejected']} rejected"
    if document.get("held"):
        yield str(document["held"])


def _document(ran: Ran) -> dict[str, Any]:
    try:
        found = json.loads(ran.out)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def skipped(ran: Ran) -> set[str]:
    """The tables that a sync left out by name."""
    return {tally["resource"] for tally in _document(ran).get("resources", ()) if tally["skipped"]}


def held(ran: Ran) -> list[str]:
    """The tables whose deletions a sync held back."""
    return [
        tally["resource"]
        for tally in _document(ran).get("resources", ())
        if tally["error"] and "--accept-deletions" in tally["error"]
    ]
