"""Collections and their contents, with Customer.io's limits."""

import http.server
import threading
from collections.abc import Iterator

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

ROWS = [{"name": "a", "price": 1}, {"name": "b", "tags": ["x"]}]


def _add(api: httpx.Client, name: str = "made", **what: object) -> httpx.Response:
    return api.post("/v1/collections", json={"name": name, **(what or {"data": ROWS})})


def test_the_list_is_the_truth(tiny: Sandbox, api: httpx.Client) -> None:
    """The list and the single collections are the workspace's, without contents."""
    listed = api.get("/v1/collections").json()["collections"]

    assert list(tiny.rows("collections")) == listed
    assert listed[0] == api.get("/v1/collections/1").json()["collection"]
    assert {"id", "name", "schema", "rows", "bytes", "created_at", "updated_at"} == set(listed[0])


def test_contents_are_what_was_stored(tiny: Sandbox, api: httpx.Client) -> None:
    """An array comes as an array, one object as one object, nothing as []."""
    stored = {(row["collection_id"], row["row_number"]): row["row"] for row in tiny.rows("collection_rows")}

    assert [row for (collection, _), row in stored.items() if collection == 1] == (
        api.get("/v1/collections/1/content").json()
    )
    assert stored[3, 1] == api.get("/v1/collections/3/content").json()
    assert [] == api.get("/v1/collections/4/content").json()


def test_a_collection_from_its_making_to_its_end(small: Sandbox, small_api: httpx.Client) -> None:
    """It is created, read, renamed and deleted; its schema has the keys of all rows."""
    made = _add(small_api).json()["collection"]
    path = f"/v1/collections/{made['id']}"
    assert (["name", "price", "tags"], 2) == (made["schema"], made["rows"])
    assert ROWS == small_api.get(f"{path}/content").json()
    small.clock.advance(60)

    renamed = small_api.put(path, json={"name": "renamed"}).json()["collection"]

    assert {**made, "name": "renamed", "updated_at": made["updated_at"] + 60} == renamed
    assert 204 == small_api.delete(path).status_code
    for call in (small_api.get(path), small_api.get(f"{path}/content"), small_api.delete(path)):
        assert 404 == call.status_code


def test_new_contents_do_not_move_updated_at(small: Sandbox, small_api: httpx.Client) -> None:
    """With an array or a single object, rows, bytes and schema change, `updated_at` does not."""
    made = _add(small_api).json()["collection"]
    path = f"/v1/collections/{made['id']}"
    small.clock.advance(60)

    replaced = small_api.put(f"{path}/content", json={"only": True}).json()["collection"]

    assert (1, ["only"], made["updated_at"]) == (
        replaced["rows"], replaced["schema"], replaced["updated_at"]
    )  # fmt: skip
    assert {"only": True} == small_api.get(f"{path}/content").json()


def test_there_are_fifty_at_most(small_api: httpx.Client) -> None:
    """The fifty-first is refused."""
    there = len(small_api.get("/v1/collections").json()["collections"])
    for number in range(50 - there):
        assert 200 == _add(small_api, f"c{number}").status_code

    assert 400 == _add(small_api, "one too many").status_code


def test_rows_and_collections_have_a_size(small_api: httpx.Client) -> None:
    """A row of more than 10 KB and a collection of more than 10 MB are refused, with the size that it has."""
    row = {"text": "x" * (10 * 1024 - len('{"text":""}'))}
    assert 200 == _add(small_api, data=[row]).status_code

    long = _add(small_api, data=[{}, {"text": row["text"] + "x"}])
    large = _add(small_api, data=[row] * 1025)

    assert (400, 400) == (long.status_code, large.status_code)
    assert "row 2 has 10241" in long.text
    assert "10485760 bytes" in large.text


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "x"}, {"data": []}, {"name": "x", "data": {}}, {"name": "x", "data": [1]},
     {"name": "x", "url": "file:///etc/passwd"}, {"name": "x", "url": "http://127.0.0.1:1/gone.json"}],
)  # fmt: skip
def test_what_is_no_collection_is_refused(api: httpx.Client, body: dict[str, object]) -> None:
    """Without a name, or without rows of objects."""
    assert 400 == api.post("/v1/collections", json=body).status_code


@pytest.fixture
def files() -> Iterator[str]:
    """The URL of a server with a JSON and a CSV file."""
    held = {"/rows.json": b'[{"a": 1}, {"a": 2}]', "/rows.csv": b"a,b\n1,x\n2,y\n"}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(held[self.path])

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_customer_io_fetches_rows_itself(small_api: httpx.Client, files: str) -> None:
    """A URL's file is JSON or CSV, by its Content-Type or else by its ending."""
    for name, rows in (
        ("rows.json", [{"a": 1}, {"a": 2}]),
        ("rows.csv", [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]),
    ):
        made = _add(small_api, name, url=f"{files}/{name}").json()["collection"]
        assert rows == small_api.get(f"/v1/collections/{made['id']}/content").json()
