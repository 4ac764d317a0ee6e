"""A file is read by position, under any headers; its faults are reported without a cell."""

import gzip
import time
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from pipelines.errors import FileBroken
from pipelines.export.columns import delivery_columns, person_columns
from pipelines.export.csvfile import CsvFile, file_errors, open_csv, scanner
from sources.customerio.client import MB


def _file(tmp_path: Path, content: bytes) -> CsvFile:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    return open_csv(path, export_id=7)


def _rows(file: CsvFile) -> list[dict[str, Any]]:
    with duckdb.connect() as connection, file_errors(7):
        found = connection.sql(f"SELECT {file.row} FROM {file.scan}").fetchall()
    return [orjson.loads(row) for (row,) in found]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"id,x\n1,2\n", [{"id": "1", "x": "2"}]),
        (b"\xef\xbb\xbfid,x\r\n1,\r\n", [{"id": "1", "x": ""}]),
        (
            b'id,"two\nlines","q""q","it\'s"\n1,2,"3\n3",4',
            [{"id": "1", "two\nlines": "2", 'q"q': "3\n3", "it's": "4"}],
        ),
        (b"Name,name,NAME\na,b,c\n", [{"Name": "a", "name": "b", "NAME": "c"}]),
        (b"a,a,a (2),a\n1,2,3,4\n", [{"a": "1", "a (3)": "2", "a (2)": "3", "a (4)": "4"}]),
        (b"1,2\n3,4\n", [{"1": "3", "2": "4"}]),
        (b'id,x\n1,"' + b"x" * 3_000_000 + b'"\n', [{"id": "1", "x": "x" * 3_000_000}]),
        (b"id,x\n", []),
    ],
    ids=["plain", "BOM and CRLF", "quoted", "case twins", "twice", "numbers", "3 MB in a cell", "no rows"],
)
def test_every_cell_comes_by_its_header(tmp_path: Path, content: bytes, rows: list[dict[str, str]]) -> None:
    """Headers are data: names that DuckDB refuses as columns are read too."""
    assert rows == _rows(_file(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"id,x\n1,secret\n2\n", "has 1 cells in line 3, its header has 2"),
        (b"id,x\n1,secret,3\n", "has 3 cells in line 2, its header has 2"),
        (b'id,x\n1,2\n3,"secret', "ends within a quoted cell that begins in line 3"),
        (b"id,x\n1,secret\xff\xfe\n", "is not UTF-8 in line 2"),
        (b"", "is empty"),
        (b"\xff\xfe\xfa", "no header that can be read"),
        (b"\x1f\x8b\x08secret", "no header that can be read"),
    ],
)
def test_what_is_wrong_is_told_without_a_cell(tmp_path: Path, content: bytes, says: str) -> None:
    """The message has the export, the line and the fault, and no cell."""
    with pytest.raises(FileBroken, match=r"^The file of export 7 ") as caught:
        _rows(_file(tmp_path, content))
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_header_as_written_comes_before_one_that_is_like_it(tmp_path: Path) -> None:
    """Of `ID`, `id` and `Id`, the column with Customer.io's own spelling is read."""
    file = _file(tmp_path, b"ID,id,Delivery Id\n1,2,3\n")
    assert ("c1", "c2", None) == (
        file.column(["id"]), file.column(["delivery_id", "id"]), file.column(["cio_id"]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "created"),
    [
        ("1767225600", 1767225600),
        ("2026-01-01T00:00:00Z", 1767225600),
        ("2026-01-01 02:00:00+02:00", 1767225600),
        ("", None),
        ("soon", None),
    ],
)
def test_times_are_unix_seconds(tmp_path: Path, cell: str, created: int | None) -> None:
    """Exports may have times in two formats; a value that is no time becomes null."""
    columns = delivery_columns(_file(tmp_path, f"delivery_id,created,sent\na,{cell},{cell}\n".encode()))
    file = open_csv(tmp_path / "file.csv", export_id=7)
    with duckdb.connect() as connection:
        found = connection.sql(
            f"SELECT {columns['created']}, {columns['metrics']} FROM {file.scan}"
        ).fetchall()
    assert [(created, {} if created is None else {"sent": created})] == [
        (at, orjson.loads(metrics)) for at, metrics in found
    ]


def test_a_person_is_the_same_whatever_order_the_columns_have(tmp_path: Path) -> None:
    """Another order of columns, or a new empty one, changes no person."""
    texts = []
    for content in (b"cio_id,id,b,a\n1,2,x,y\n", b"a,new,b,id,cio_id\ny,,x,2,1\n"):
        file = _file(tmp_path, content)
        with duckdb.connect() as connection:
            texts += connection.sql(
                f"SELECT {person_columns(file)['attributes']} FROM {file.scan}"
            ).fetchall()
    assert texts[0] == texts[1] == ('{"a":"y","b":"x","cio_id":"1","id":"2"}',)


def test_lines_that_end_with_cr_alone_are_rows(tmp_path: Path) -> None:
    """A file of an old program has its rows and cells."""
    (path := tmp_path / "file.csv").write_bytes(b"id,name\r1,a\r2,b\r")
    file = open_csv(path, export_id=1)

    with scanner(file) as scan:
        rows = scan.sql(f"SELECT {file.row}::VARCHAR FROM {file.scan}").fetchall()

    assert [('{"id":"1","name":"a"}',), ('{"id":"2","name":"b"}',)] == rows


@pytest.mark.proof
def test_ten_thousand_columns_are_a_row(tmp_path: Path) -> None:
    """Each cell of a very wide file is in its row, and the attributes leave out the empty ones."""
    names = [f"a{number}" for number in range(10_000)]
    cells = [str(number) if number % 2 else "" for number in range(10_000)]
    (path := tmp_path / "file.csv").write_text(f"{','.join(names)}\n{','.join(cells)}\n")
    file = open_csv(path, export_id=1)

    with scanner(file) as scan:
        ((row, attributes),) = scan.sql(
            f"SELECT {file.row}::VARCHAR, {person_columns(file)['attributes']}::VARCHAR FROM {file.scan}"
        ).fetchall()

    assert dict(zip(names, cells, strict=True)) == orjson.loads(row)
    assert {name: cell for name, cell in zip(names, cells, strict=True) if cell} == orjson.loads(attributes)


def test_only_the_exact_columns_identify_a_person(tmp_path: Path) -> None:
    """`customer_id`, `Email` and `CIO_ID` are attributes of that name, whatever the columns' order."""
    (path := tmp_path / "file.csv").write_text("customer_id,Email,CIO_ID,id,cio_id,email\nc,E,C,1,2,3\n")
    file = open_csv(path, export_id=1)

    with scanner(file) as scan:
        columns = person_columns(file)
        ((id_, identifiers),) = scan.sql(
            f"SELECT {columns['id']}, {columns['identifiers']}::VARCHAR FROM {file.scan}"
        ).fetchall()

    assert "1" == id_
    assert {"cio_id": "2", "email": "3", "id": "1"} == orjson.loads(identifiers)


def test_a_time_without_a_zone_is_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone of the process does not matter, on the connection and on its cursors."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    (path := tmp_path / "file.csv").write_text("delivery_id,created\n1,2026-01-02 03:04:05\n")
    file = open_csv(path, export_id=1)
    sql = f"SELECT {delivery_columns(file)['created']} FROM {file.scan}"

    try:
        with scanner(file) as scan, scan.cursor() as cursor:
            assert [(1767323045,)] == scan.sql(sql).fetchall() == cursor.sql(sql).fetchall()
    finally:
        monkeypatch.undo()
        time.tzset()


def test_packed_files_are_checked_before_they_are_scanned(tmp_path: Path) -> None:
    """Gzip that holds more than an export may, or is cut behind its header, is refused by name."""
    packed = gzip.compress(b"id,note\n" + b"1,x\n" * 2_000_000, mtime=0)
    (path := tmp_path / "file.csv").write_bytes(packed)
    assert open_csv(path, export_id=7, most=9 * MB).names == ("id", "note")
    with pytest.raises(FileBroken, match=r"export 7 holds more than any export may \(the bound is 5 MB\)"):
        open_csv(path, export_id=7, most=5 * MB)
    path.write_bytes(packed[:-9])
    with pytest.raises(FileBroken, match="ends in the middle of its gzip stream"):
        open_csv(path, export_id=7)
