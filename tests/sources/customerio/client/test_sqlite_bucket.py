"""The file of slots: what is stored in it, and what happens to one that is broken, old or unwritable."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from sources.customerio.client.rolling_window import Window
from sources.customerio.client.sqlite_bucket import FILE, SqliteSlots

WINDOWS = [Window(1, 2), Window(10, 110)]


def _rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / FILE)) as connection:
        return connection.execute(query).fetchall()


def test_a_file_with_slots_is_continued(tmp_path: Path) -> None:
    """Slots in a file that has only its table, without the index, still count."""
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("CREATE TABLE 'app_w' (name VARCHAR, item_timestamp INTEGER)")
        ahead = time.time_ns() // 1_000_000 + 500
        connection.executemany("INSERT INTO 'app_w' VALUES (?, ?)", [("a", ahead)] * 10)
    slots = SqliteSlots(tmp_path)
    assert 400 < slots.bucket("app_w", WINDOWS).take("mine") <= 611
    slots.close()


def test_a_slot_is_stored_once_and_moves(tmp_path: Path) -> None:
    """A grant adds one row, a refusal none; a move changes the date of that row alone."""
    slots = SqliteSlots(tmp_path)
    bucket = slots.bucket("app_w", [Window(1, 60_000)])
    assert bucket.take("first") == 0
    ((before,),) = _rows(tmp_path, "SELECT item_timestamp FROM app_w")
    assert 0 < bucket.take("second") <= 60_001
    bucket.move("second")
    assert _rows(tmp_path, "SELECT name, item_timestamp FROM app_w") == [("first", before)]
    bucket.move("first")
    ((name, after),) = _rows(tmp_path, "SELECT name, item_timestamp FROM app_w")
    slots.close()
    assert name == "first"
    assert isinstance(after, int)
    assert isinstance(before, int)
    assert after >= before


def test_slots_in_memory_are_their_own() -> None:
    """Two stores in memory share nothing."""
    ours, others = SqliteSlots(None), SqliteSlots(None)
    window = [Window(1, 60_000)]
    assert ours.bucket("app_w", window).take("a") == 0
    assert others.bucket("app_w", window).take("a") == 0
    assert ours.bucket("app_w", window).take("b") > 0
    ours.close()
    others.close()


def test_a_broken_file_is_replaced(tmp_path: Path) -> None:
    """A file that a power cut broke is deleted; the new one has the slots granted from then on."""
    (tmp_path / FILE).write_bytes(b"this is no database" * 100)
    slots = SqliteSlots(tmp_path)
    assert slots.bucket("app_w", WINDOWS).take("a") == 0
    slots.close()
    assert _rows(tmp_path, "SELECT name FROM app_w") == [("a",)]


def test_a_locked_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another process writes for too long is an error, not a broken file."""
    slots = SqliteSlots(tmp_path)
    bucket = slots.bucket("app_w", WINDOWS)
    bucket.take("a")
    monkeypatch.setattr("sources.customerio.client.sqlite_bucket.BUSY_S", 0.05)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        late = SqliteSlots(tmp_path)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            late.bucket("app_w", WINDOWS)
        late.close()
        other.execute("ROLLBACK")
    slots.close()
    assert _rows(tmp_path, "SELECT name FROM app_w") == [("a",)]
