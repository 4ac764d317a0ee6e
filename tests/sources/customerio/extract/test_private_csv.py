"""An export's bytes with privacy rules applied on their way to the disk."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator

import pytest

from sources.customerio.catalogue import resource
from sources.customerio.extract.privacy import Privacy
from sources.customerio.extract.privacy_rules import PrivacyRules
from sources.customerio.extract.private_csv import through

PEOPLE = resource("exported_people")
PRIVACY = Privacy(b"k", PrivacyRules(identifiers={"email": "hash"}, attributes={"phone": "drop"}))
FILE = (
    '\ufeffcio_id,email,phone,bio\r\na1,jo@example.com,+1,"two\r\nlines, and ""quotes"""\r\n\r\na2,,,\r\n'
).encode()


def _written(body: bytes, size: int = 7) -> bytes:
    change = through(PRIVACY, PEOPLE)
    assert change is not None
    return b"".join(change(_pieces(body, size)))


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    yield from (body[start : start + size] for start in range(0, len(body), size))


def _rows(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8", "surrogateescape"), newline="")))


def test_without_rules_nothing_stands_in_the_way() -> None:
    """The bytes go to the disk as they are."""
    assert through(Privacy(), PEOPLE) is None


@pytest.mark.parametrize("packed", [False, True])
def test_the_cells_are_changed_and_the_rows_stay(packed: bool) -> None:
    """In any pieces, packed or not: lines within quotes stay one cell, empty lines are left out."""
    for size in (1, 7, 1000):
        rows = _rows(_written(gzip.compress(FILE) if packed else FILE, size))
        assert rows == [
            ["cio_id", "email", "phone", "bio"],
            ["a1", PRIVACY.hashed("jo@example.com"), "", 'two\r\nlines, and "quotes"'],
            ["a2", "", "", ""],
        ]


def test_faults_of_the_file_stay_for_its_reader() -> None:
    """Bytes that are no UTF-8, ragged lines and an empty file come out as such."""
    assert b"cio_id,bio\na1,\xff\xfe\n" == _written(b"cio_id,bio\na1,\xff\xfe\n")
    assert [["cio_id"], ["a1", ""], ["a2"]] == _rows(_written(b"cio_id\na1,jo@example.com\na2\n"))
    assert b"" == _written(b"")


def test_damaged_gzip_is_told() -> None:
    """A cut stream ends with an error, and not with fewer rows."""
    packed = gzip.compress(FILE * 50)
    with pytest.raises((EOFError, zlib.error)):
        _written(packed[: len(packed) // 2])
