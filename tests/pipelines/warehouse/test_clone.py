"""A clone equals its source, on a file system that shares blocks and on one that cannot."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.warehouse.clone import clone
from pipelines.warehouse.publish import publish
from tests.pipelines.warehouse.conftest import numbers, write_numbers

MB = 1024 * 1024
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - another file system than that of the tests' folders
MKFS, IMAGE_MB = "mkfs.xfs", 320
"""The program that makes a file system whose files can share blocks, and the smallest one that it makes."""


@pytest.fixture
def sharing(tmp_path: Path) -> Iterator[Path]:
    """A folder of a file system whose files can share blocks."""
    if shutil.which(MKFS) is None:
        pytest.skip(f"there is no {MKFS}; `apt-get install xfsprogs` brings it")
    image, folder = tmp_path / "image", tmp_path / "mounted"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(IMAGE_MB * MB)
    subprocess.run([MKFS, "-q", "-m", "reflink=1", image], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"this user or system cannot mount a file system: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def _free_mb(folder: Path) -> float:
    os.sync()
    found = os.statvfs(folder)
    return found.f_bfree * found.f_bsize / MB


def test_a_clone_takes_no_space(sharing: Path) -> None:
    """The clone of 64 MB has the same bytes in less than 1 MB, and a write to it leaves its source alone."""
    source, target = sharing / "source", sharing / "target"
    content = os.urandom(64 * MB)
    source.write_bytes(content)
    before = _free_mb(sharing)

    clone(source, target)

    assert content == target.read_bytes()
    assert before - _free_mb(sharing) < 1
    with target.open("r+b") as file:
        file.write(b"other")
    assert content == source.read_bytes()


@pytest.mark.proof
def test_a_published_file_shares_the_blocks_of_the_private_one(sharing: Path) -> None:
    """Publishing a file of 64 MB and more, twice, takes less than 2 MB, and the second state is whole."""
    private, published = sharing / "load.duckdb", sharing / "customerio.duckdb"
    write_numbers(private, 1, 2)
    with duckdb.connect(private) as connection:
        connection.execute("CREATE TABLE contents (content BLOB)")
        connection.executemany("INSERT INTO contents VALUES (?)", [[os.urandom(MB)] for _ in range(64)])
    before = _free_mb(sharing)

    publish(private, published)
    write_numbers(private, 3)
    publish(private, published)

    assert published.stat().st_size > 64 * MB
    assert before - _free_mb(sharing) < 2
    assert [1, 2, 3] == numbers(published)


def test_without_shared_blocks_it_is_a_copy(tmp_path: Path) -> None:
    """Between two file systems no block can be shared: all bytes are copied, over a longer file too."""
    source, target = IN_MEMORY / f"{tmp_path.name}.source", tmp_path / "target"
    content = os.urandom(3 * MB)
    target.write_bytes(b"longer" * MB)
    source.write_bytes(content)
    try:
        clone(source, target)
    finally:
        source.unlink()

    assert content == target.read_bytes()


def test_a_clone_of_nothing_is_an_error(tmp_path: Path) -> None:
    """A source that does not exist is named, and no target is made."""
    with pytest.raises(FileNotFoundError, match="source"):
        clone(tmp_path / "source", tmp_path / "target")
    assert [] == list(tmp_path.iterdir())
