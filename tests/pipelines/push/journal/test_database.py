"""The journal is a file that earlier versions wrote and later ones read."""

from pathlib import Path

import pytest

from pipelines.errors import WarehouseError
from pipelines.push.journal.database import FILE, Journal

_COLUMNS = {
    "runs": "run_id workspace sync object mode plan_id undoes approved fence lane started_at finished_at "
    "state folded target watched_since planned accepted rejected unknown confirmed dropped sampled "
    "share share_low share_high requests error keyed_by key_types "
    "trace_id",
    "log": "run_id seq key action entity payload item before digest happened_at verdict operation",
    "batches": "run_id batch operation first_seq last_seq bytes state status sent_at answered_at error",
    "outcomes": "run_id seq state reason field noted_at",
    "snapshot": "workspace sync object key digest payload assumed run_id accepted_at",
    "rejects": "workspace sync key action entity payload digest happened_at reason field attempts dead "
    "first_at last_at run_id",
    "drift": "workspace sync key difference attribute wanted found pending times first_at seen_at gone_at",
    "health": "workspace sync degraded reason silent_runs differing since told",
    "plans": "workspace sync plan_id made_at document",
    "leases": "workspace sync fence holder since",
    "rows": "run_id workspace sync seq key action batch status reason field sent_at answered_at state",
}


def test_the_tables_stay_as_they_are(tmp_path: Path) -> None:
    """A journal has the tables and columns of every earlier version, so that its file can be read."""
    journal = Journal(tmp_path)
    found = {
        table: " ".join(name for name, *_ in journal.query(f"DESCRIBE customerio_push.{table}"))
        for table in _COLUMNS
    }
    assert _COLUMNS == found


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Rows of a block that raised are not in the journal, and it can be opened again."""
    journal = Journal(tmp_path)
    with pytest.raises(ZeroDivisionError), journal.open() as connection:
        connection.execute("INSERT INTO customerio_push.outcomes VALUES ('r', 1, 'x', NULL, NULL, 0)")
        _ = 1 / 0
    assert [(0,)] == journal.query("SELECT count(*) FROM customerio_push.outcomes")


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    """The message names the file, and the next step."""
    (tmp_path / FILE).write_text("no database")
    with pytest.raises(WarehouseError, match=r"push\.duckdb is no DuckDB file.*push reset"):
        Journal(tmp_path)
