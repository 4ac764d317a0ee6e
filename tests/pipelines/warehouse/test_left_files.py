"""Facts that a run saw in the files hold for the next one, as long as nothing else has written them."""

from pathlib import Path

import pytest

from pipelines.warehouse.duckdb_file import log_of
from pipelines.warehouse.left_files import FILE, LeftFiles, left_files, note_files
from pipelines.warehouse.publish import publish
from tests.pipelines.warehouse.conftest import numbers, write_numbers

SEEN = LeftFiles(without_doubles=True, in_step=True)
NOTHING = LeftFiles()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A private file, and its copy for readers."""
    private, published = tmp_path / "load.duckdb", tmp_path / "customerio.duckdb"
    write_numbers(private, 1)
    publish(private, published, without_doubles=True)
    return private, published


def test_facts_hold_while_nothing_is_written(files: tuple[Path, Path]) -> None:
    """Publishing notes them; to open and to read the files changes nothing."""
    assert SEEN == left_files(*files)
    assert [[1], [1]] == [numbers(file) for file in files]
    assert SEEN == left_files(*files)


def test_a_write_into_the_private_file_ends_all(files: tuple[Path, Path]) -> None:
    """Rows that another program wrote, in the file or in its log, were seen by no run."""
    log_of(files[0]).write_bytes(b"of a program that died")
    assert NOTHING == left_files(*files)
    log_of(files[0]).unlink()
    assert SEEN == left_files(*files)
    write_numbers(files[0], 2)
    assert NOTHING == left_files(*files)


def test_a_published_file_that_was_changed_is_not_in_step(files: tuple[Path, Path]) -> None:
    """Facts of the private file still hold, though the published one is another or missing."""
    write_numbers(files[1], 2)
    assert LeftFiles(without_doubles=True) == left_files(*files)
    files[1].unlink()
    assert LeftFiles(without_doubles=True) == left_files(*files)


def test_a_publication_of_others_notes_no_more_than_it_saw(files: tuple[Path, Path]) -> None:
    """A writer that did not look for doubles says nothing of them."""
    publish(*files)

    assert LeftFiles(in_step=True) == left_files(*files)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"private": null}'])
def test_notes_that_cannot_be_read_say_nothing(files: tuple[Path, Path], content: bytes) -> None:
    """A file of another form, or of a later release, leaves all to be seen anew."""
    (files[0].parent / FILE).write_bytes(content)
    assert NOTHING == left_files(*files)
    note_files(*files, SEEN)
    assert SEEN == left_files(*files)
