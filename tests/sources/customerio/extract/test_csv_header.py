"""A header is read within bounds, and every column has a name of its own."""

import gzip
from pathlib import Path

import pytest

from sources.customerio.extract.csv_header import LONGEST, HeaderBroken, different, read_header


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("packed", [False, True])
def test_names_line_end_and_packing_are_found(tmp_path: Path, end: str, *, packed: bool) -> None:
    """The byte order mark is no part of a name; a name may hold a line end of its own."""
    text = b"\xef\xbb\xbf" + f'id,"a\n{end}b",id{end}1,2,3{end}'.encode()
    (file := tmp_path / "file.csv").write_bytes(gzip.compress(text) if packed else text)

    header = read_header(file)

    assert ("id", f"a\n{end}b", "id (2)") == header.names
    assert (end, packed) == (header.line_end, header.gzipped)


def test_ten_thousand_columns_are_a_header(tmp_path: Path) -> None:
    """A wide header is within the bounds."""
    names = tuple(f"attribute {number}" for number in range(10_000))
    (file := tmp_path / "file.csv").write_text(",".join(names) + "\n")

    assert names == read_header(file).names


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"a" * (LONGEST + 1), id="one name"),
        pytest.param(b'"a\n' * LONGEST, id="a quote that never ends"),
        pytest.param(gzip.compress(b"a," * (32 << 20)), id="gzip that unpacks to 64 MB"),
    ],
)
def test_a_header_without_an_end_is_refused(tmp_path: Path, body: bytes) -> None:
    """No more of the file is unpacked than a header may have."""
    (file := tmp_path / "file.csv").write_bytes(body)

    with pytest.raises(HeaderBroken, match="without an end within 4 MB"):
        read_header(file)


@pytest.mark.parametrize("body", [b"\xff\xfe\n1\n", b'a,"b', gzip.compress(b"a,b\n1,2\n", mtime=0)[:12]])
def test_a_header_that_cannot_be_read_is_refused(tmp_path: Path, body: bytes) -> None:
    """Other encodings, an open quote and a cut file are named by their kind."""
    (file := tmp_path / "file.csv").write_bytes(body)

    with pytest.raises(HeaderBroken, match="no header that can be read"):
        read_header(file)


def test_headers_are_made_different() -> None:
    """A number that another header has already is not given."""
    assert ["a", "a (3)", "a (2)", "", " (2)"] == list(different(["a", "a", "a (2)", "", ""]))
