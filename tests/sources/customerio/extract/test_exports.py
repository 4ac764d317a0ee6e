"""The rows of an export's file land once and completely, or not at all."""

import csv
import gzip
import io
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import BadAnswer, Client, LinkExpired
from sources.customerio.extract import RunSummary
from sources.customerio.extract.exports import fetch
from sources.customerio.sandbox import Sandbox
from tests.sources.customerio.extract.conftest import Project, Read, ReadTable

TABLES = ("exports", "exported_people", "exported_deliveries")
EVERYBODY = {"filters": {"attribute": {"field": "cio_id", "operator": "exists"}}}
ClientOf = Callable[..., Client]


def _downloads(sandbox: Sandbox) -> dict[int, int]:
    return {row["id"]: row["downloads"] for row in sandbox.rows("exports")}


@pytest.mark.proof
def test_each_file_is_loaded_once(project: Project, api: Client) -> None:
    """Rows, the list and its `downloads` are equal after a sync; a second sync downloads nothing."""
    project.run(*TABLES)
    downloads = _downloads(project.sandbox)
    failed = {row["id"] for row in project.sandbox.rows("exports") if row["status"] == "failed"}

    project.run(*TABLES)

    project.assert_equal(*TABLES)
    assert downloads == _downloads(project.sandbox)
    assert {0, 1} == set(downloads.values())
    assert failed
    assert all(downloads[export] == 0 for export in failed)

    export = api.call("exportPeopleData", body=EVERYBODY).json()["export"]["id"]
    project.run(*TABLES)
    project.assert_equal(*TABLES)
    assert [(0,)] == project.cells(f"SELECT count(*) FROM exported_people WHERE export_id = {export}")
    assert 0 == _downloads(project.sandbox)[export], "nobody asks for a file that is not there yet"

    project.sandbox.clock.advance(60)
    project.run(*TABLES)
    project.assert_equal(*TABLES)
    assert 1 == _downloads(project.sandbox)[export]


def test_a_gzipped_file_with_odd_headers(project: Project, api: Client) -> None:
    """A gzipped file needs no header that says so; `Name`, `name` and `first name` are three columns."""
    project.sandbox.knobs.set({"export_gzip": True})
    project.sandbox.add(
        "people", email="odd@example.com", **{"Name": "A", "name": "b", "first name": 'c, "d"\nzwei Zeilen'}
    )
    export = api.call("exportPeopleData", body=EVERYBODY).json()["export"]["id"]
    project.sandbox.clock.advance(60)

    project.run(*TABLES)

    project.assert_equal(*TABLES)
    rows = [row["row"] for key, row in project.rows(resource("exported_people")).items() if key[0] == export]
    odd = next(row for row in rows if row["email"] == "odd@example.com")
    assert ("A", "b", 'c, "d"\nzwei Zeilen') == (odd["Name"], odd["name"], odd["first name"])


def test_a_link_that_died_on_the_way_is_replaced(project: Project, api: Client) -> None:
    """Links are valid for 15 minutes; an expired one is replaced once, and both links count as requests."""
    export = next(row["id"] for row in project.sandbox.rows("exports") if row["status"] == "done")
    target = project.settings.cio_elt_data / "file.csv"
    tired = _Tired(api, project.sandbox, naps=1)

    fetch(tired, export, target)

    assert 2 == _downloads(project.sandbox)[export]
    assert target.read_bytes()
    with pytest.raises(LinkExpired):
        fetch(_Tired(api, project.sandbox, naps=2), export, target)


class _Tired(Client):
    """A client that sleeps for 20 minutes between some links and their downloads."""

    def __init__(self, api: Client, sandbox: Sandbox, naps: int) -> None:
        self.__dict__.update(api.__dict__)
        self._sandbox, self._naps = sandbox, naps

    def download(self, url: str, target: Any, through: Any = None) -> int:
        """Sleep, if a sleep is left, and download."""
        if self._naps:
            self._naps -= 1
            self._sandbox.clock.advance(1200)
        return super().download(url, target, through)


class Exports:
    """Stands for Customer.io and its file store, with the files and totals of a test."""

    def __init__(self, **files: tuple[int, bytes]) -> None:
        self.files = {int(name.strip("_")): file for name, file in files.items()}
        self.repaired: dict[int, tuple[int, bytes]] = {}
        self.downloaded: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        *_, last = request.url.path.split("/")
        if request.url.host == "files.example.com":
            self.downloaded.append(int(last))
            content = self.files[int(last)][1]
            self.files.update({int(last): self.repaired.pop(int(last))} if int(last) in self.repaired else {})
            return httpx.Response(200, content=content)
        if last == "download":
            export = request.url.path.split("/")[-2]
            return httpx.Response(200, json={"url": f"https://files.example.com/{export}"})
        exports = [
            {"id": export, "type": "customers", "status": "done", "failed": False, "total": total}
            for export, (total, _) in self.files.items()
        ]
        return httpx.Response(200, content=orjson.dumps({"exports": exports}))


def _csv(*lines: tuple[str, ...]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


TWO = _csv(("id", "email"), ("1", "a@example.com"), ("2", ""))


def _read(read: ReadTable, client_of: ClientOf, outside: Exports, state: dict[str, Any]) -> Read:
    return read(client_of(outside), "exported_people", state)


@pytest.mark.parametrize(
    ("total", "file", "says"),
    [
        pytest.param(3, TWO, ("3", "2"), id="cut"),
        pytest.param(1, TWO, ("1", "2"), id="too long"),
        pytest.param(2, gzip.compress(TWO)[:-12], ("EOFError",), id="a cut gzip file"),
        pytest.param(2, b"id\n\xff\xfe\n1\n", ("UnicodeDecodeError",), id="no text"),
        pytest.param(2, _csv(("id", "email"), ("1", "a", "secret"), ("2",)), ("1, 2, 3",), id="ragged"),
    ],
)
def test_a_file_that_is_not_whole_lands_nothing(
    client_of: ClientOf, read: ReadTable, total: int, file: bytes, says: tuple[str, ...]
) -> None:
    """The error names the fault without any cell, once; no later sync asks for the file, newer ones land."""
    state: dict[str, Any] = {}
    outside = Exports(_7=(total, file), _8=(2, TWO))

    with pytest.raises(BadAnswer) as raised:
        _read(read, client_of, outside, state)

    assert all(fact in str(raised.value) for fact in (*says, "7", "Nothing of it was loaded"))
    assert "secret" not in str(raised.value)
    assert {"loaded": [8], "set_aside": [7]} == state, "the one behind it is not held up"
    assert [7, 7, 8] == outside.downloaded
    outside.files[9] = (2, TWO)
    assert [9, 9] == [row["export_id"] for row in _read(read, client_of, outside, state).rows]
    assert {"loaded": [8, 9], "set_aside": [7]} == state
    assert [7, 7, 8, 9] == outside.downloaded


@pytest.mark.parametrize(
    "page",
    [b"<html>gateway</html>", b'<?xml version="1.0"?>\n<Error/>\n<x/>', b"\xef\xbb\xbf\n <!doctype html>"],
)
def test_a_page_in_place_of_a_file_is_fetched_again_by_the_next_sync(
    client_of: ClientOf, read: ReadTable, page: bytes
) -> None:
    """It tells nothing of the file, which is not set aside."""
    state: dict[str, Any] = {}
    outside = Exports(_7=(2, page), _8=(2, TWO))

    with pytest.raises(BadAnswer, match=r"is a page .* The next sync fetches it again"):
        _read(read, client_of, outside, state)

    assert {"loaded": [8]} == state
    outside.files[7] = (2, TWO)
    assert [7, 7] == [row["export_id"] for row in _read(read, client_of, outside, state).rows]


@pytest.mark.parametrize("document", [{"url": None}, {"url": 7}, {}, "<html>"])
def test_an_odd_answer_with_the_link_sets_no_file_aside(
    client_of: ClientOf, read: ReadTable, document: object
) -> None:
    """The table fails, and the next sync asks for the link again."""
    state: dict[str, Any] = {}
    outside = Exports(_7=(2, TWO))

    def odd(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/download"):
            return httpx.Response(200, content=orjson.dumps(document))
        return outside(request)

    with pytest.raises(BadAnswer, match="downloadExport"):
        read(client_of(odd), "exported_people", state)

    assert {"loaded": []} == state
    assert 2 == len(_read(read, client_of, outside, state).rows)


def test_a_full_reading_tries_a_file_again_that_was_set_aside(client_of: ClientOf, read: ReadTable) -> None:
    """Its rows land if it is whole by now."""
    state: dict[str, Any] = {"loaded": [], "set_aside": [7]}

    found = read(client_of(Exports(_7=(2, TWO))), "exported_people", state, full=True)

    assert 2 == len(found.rows)
    assert {"loaded": [7]} == state


def test_a_broken_file_beside_a_good_one(project: Project, client_of: ClientOf) -> None:
    """Through dlt, rows of the good file land, none of the broken one, and the failure is reported."""
    project.client = client_of(Exports(_7=(3, TWO), _8=(2, TWO)))
    summary = RunSummary()

    project.run("exported_people", summary=summary)

    assert [(8, 1), (8, 2)] == project.cells("SELECT export_id, row_number FROM exported_people ORDER BY 2")
    assert isinstance(summary.resources["exported_people"].error, BadAnswer)


def test_a_file_that_is_whole_the_second_time_lands(client_of: ClientOf, read: ReadTable) -> None:
    """A file that was cut on its way is fetched again at once."""
    outside = Exports(_7=(3, TWO))
    outside.repaired[7] = (2, _csv(("id",), ("1",), ("2",), ("3",)))

    state: dict[str, Any] = {}
    assert 3 == len(_read(read, client_of, outside, state).rows)
    assert {"loaded": [7]} == state


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        pytest.param(b"id,name\r1,a\r2,b\r", [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}], id="CR"),
        pytest.param(
            b"a,A,a\n1,2,3\n4,5,6\n",
            [{"a": "1", "A": "2", "a (2)": "3"}, {"a": "4", "A": "5", "a (2)": "6"}],
            id="twice",
        ),
    ],
)
def test_files_of_other_programs_are_read(
    client_of: ClientOf, read: ReadTable, file: bytes, rows: list[dict[str, str]]
) -> None:
    """Lines may end with CR alone, and of headers that come twice each keeps its cells."""
    assert rows == [row["row"] for row in _read(read, client_of, Exports(_7=(2, file)), {}).rows]


@pytest.mark.parametrize("file", [b"", b"id,email\n", b"\xef\xbb\xbfid,email\r\n\r\n"])
def test_an_export_of_nobody(client_of: ClientOf, read: ReadTable, file: bytes) -> None:
    """A file without rows is complete, with or without a header."""
    state: dict[str, Any] = {}

    assert [] == _read(read, client_of, Exports(_7=(0, file)), state).rows
    assert {"loaded": [7]} == state


def test_values_are_left_as_they_are(client_of: ClientOf, read: ReadTable) -> None:
    """Cells stay text, blank lines are no rows, and a byte order mark is no part of the first header."""
    file = b"\xef\xbb\xbfid,a b\n007,\n\n" + b"1," + b"x" * 200_000 + b"\n"

    found = _read(read, client_of, Exports(_7=(2, file)), {})

    assert [{"id": "007", "a b": ""}, {"id": "1", "a b": "x" * 200_000}] == [row["row"] for row in found.rows]
    assert [1, 2] == [row["row_number"] for row in found.rows]
