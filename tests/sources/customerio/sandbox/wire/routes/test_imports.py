"""Imports: the file is downloaded, rows are imported, and reports list the errors and warnings."""

import csv
import http.server
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox
from tests.sources.customerio.sandbox.wire.routes.track import Row, acts, attributes, profile

Publish = Callable[[str], str]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder that is served over HTTP, and its URL."""
    folder = tmp_path_factory.mktemp("shelf")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def publish(shelf: tuple[Path, str]) -> Publish:
    """Writes a CSV into the served folder; returns its URL."""
    folder, root = shelf

    def put(text: str) -> str:
        (folder / "rows.csv").write_text(text, encoding="utf-8")
        return f"{root}/rows.csv"

    return put


def _order(sandbox: Sandbox, api: httpx.Client, url: str, **given: Any) -> Row:
    """A finished import, as the API shows it."""
    body = {"import": {"name": "mine", "data_file_url": url, **given}}
    made: Row = api.post("/v1/imports", json=body).raise_for_status().json()["import"]
    assert made["state"] == "preprocessing"
    with sandbox._engine.workspace() as workspace:
        file = workspace.imports.get(made["id"]).file
    assert file.wait(10)
    sandbox.clock.advance(sandbox.knobs.import_takes_s)
    shown: Row = api.get(f"/v1/imports/{made['id']}").json()["import"]
    return shown


def _report(api: httpx.Client, shown: Row, kind: str) -> list[Row]:
    """The rows of a report, by its download route."""
    link = api.get(shown[f"{kind}_download_url"]).json()["url"]
    text = httpx.get(link, trust_env=False).raise_for_status().text
    return list(csv.DictReader(io.StringIO(text)))


def test_people(small: Sandbox, small_api: httpx.Client, publish: Publish) -> None:
    """Rows are identified; an empty cell changes nothing; a row without an identifier is an error."""
    small.add("people", id="bob", city="Rome", plan="pro")
    url = publish("id,email,plan,city\nann,ann@example.com,free,Oslo\nbob,,team,\n,x@example.com,free,\n")
    shown = _order(small, small_api, url, type="people", identifier="id")

    assert (shown["state"], shown["rows_to_import"], shown["rows_imported"]) == ("imported", 2, 2)
    assert attributes(small, id="ann") == {"plan": "free", "city": "Oslo"}
    assert attributes(small, id="bob") == {"plan": "team", "city": "Rome"}
    (error,) = _report(small_api, shown, "error")
    assert error == {
        "row_number": "3",
        "reason": "id is required",
        "id": "",
        "email": "x@example.com",
        "plan": "free",
        "city": "",
    }
    assert "warning_export_id" not in shown
    assert [row["call"] for row in small.writes()] == ["import", "import"]


def test_conflicts_are_errors(small: Sandbox, small_api: httpx.Client, publish: Publish) -> None:
    """Rows that the Track API would drop silently are in the report too."""
    small.add("people", id="ann", email="ann@example.com")
    small.add("people", id="bob", email="bob@example.com")
    shown = _order(
        small, small_api, publish("id,email\nann,bob@example.com\n"), type="people", identifier="id"
    )

    assert (shown["rows_to_import"], shown["rows_imported"]) == (1, 0)
    (error,) = _report(small_api, shown, "error")
    assert error["reason"] == "the email belongs to another person"
    assert acts(small, "failed_attribute_change")[0]["customer_id"] == "ann"


@pytest.mark.parametrize(
    ("amount", "there", "new"), [("all", "2", "2"), ("only_new", "1", "2"), ("only_existing", "2", None)]
)
def test_how_much(
    small: Sandbox, small_api: httpx.Client, publish: Publish, amount: str, there: str, new: str | None
) -> None:
    """Only new people, only existing ones, or all are imported; the others are warnings."""
    small.add("people", id="old", n=1)
    url = publish("id,n\nold,2\nnew,2\n")
    shown = _order(small, small_api, url, type="people", identifier="id", data_to_process=amount)

    assert attributes(small, id="old") == {"n": there}
    assert (profile(small, id="new") is None) == (new is None)
    assert ("warning_export_id" in shown) == (amount != "all")
    assert shown["people_to_process"] == amount


def test_events(small: Sandbox, small_api: httpx.Client, publish: Publish) -> None:
    """Events are recorded at their own time; they create no people."""
    small.add("people", email="ann@example.com")
    at = small.clock.now() - 900
    url = publish(f"email,name,timestamp,price\nANN@example.com,bought,{at},7\nbob@example.com,bought,,8\n")
    shown = _order(small, small_api, url, type="event", identifier="email")

    assert shown["rows_imported"] == 1
    (event,) = [row for row in acts(small, "event") if row["data"] == {"price": "7"}]
    assert (event["name"], event["timestamp"]) == ("bought", at)
    assert _report(small_api, shown, "error")[0]["reason"] == "there is no such person"


def test_objects_and_relationships(small: Sandbox, small_api: httpx.Client, publish: Publish) -> None:
    """Objects of one type; relationships name their type in each row, or once for all."""
    small.add("people", id="ann")
    shown = _order(
        small, small_api, publish("object_id,seats\nx,5\ny,6\n"), type="object", object_type_id="1"
    )
    assert shown["rows_imported"] == 2
    assert "identifier" not in shown
    url = publish("object_type_id,object_id,id,role\n1,x,ann,admin\n1,y,nobody,admin\n")
    shown = _order(small, small_api, url, type="relationship", identifier="id", object_type_id="1")

    assert shown["rows_imported"] == 1
    assert [row["object_id"] for row in small.rows("relationships") if row["id"] == "ann"] == ["x"]
    assert _report(small_api, shown, "error")[0]["row_number"] == "2"


def test_states_pass_with_the_clock(small: Sandbox, small_api: httpx.Client, publish: Publish) -> None:
    """Six states in thirty seconds, in this order."""
    body = {"name": "mine", "data_file_url": publish("id\nann\n"), "type": "people", "identifier": "id"}
    made = small_api.post("/v1/imports", json={"import": body}).json()["import"]
    with small._engine.workspace() as workspace:
        assert workspace.imports.get(made["id"]).file.wait(10)
    states = []
    for _ in range(31):
        states.append(small_api.get(f"/v1/imports/{made['id']}").json()["import"]["state"])
        small.clock.advance(1)

    assert list(dict.fromkeys(states)) == [
        "preprocessing", "preprocessed", "validating", "validated", "importing", "imported",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "given", "error"),
    [
        ("id\nx\n", {"type": "object", "object_type_id": "9"}, "no column object_id"),
        ("object_id\nx\n", {"type": "object", "object_type_id": "9"}, "Object Type does not exist"),
        ("email\nx\n", {"type": "people", "identifier": "id"}, "no column id"),
        (None, {"type": "people", "identifier": "id"}, "could not be read"),
        ("file:///etc/hostname", {"type": "people", "identifier": "id"}, "https URL"),
        ("http://example.com/x.csv", {"type": "people", "identifier": "id"}, "https URL"),
    ],
)
def test_imports_that_fail(
    small: Sandbox, small_api: httpx.Client, publish: Publish, url: str | None, given: Row, error: str
) -> None:
    """The state is `failed` and `error` says why; nothing is imported."""
    where = publish("").replace("rows", "none") if url is None else url if "//" in url else publish(url)
    shown = _order(small, small_api, where, **given)

    assert (shown["state"], shown["rows_imported"]) == ("failed", 0)
    assert error in shown["error"]


def test_a_knob_fails_imports(small: Sandbox, small_api: httpx.Client, publish: Publish) -> None:
    """A knob lets an import fail, as an internal error would."""
    small.knobs.import_fails = True
    shown = _order(small, small_api, publish("id\nann\n"), type="people", identifier="id")

    assert shown["state"] == "failed"
    assert profile(small, id="ann") is None


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        {"name": "n", "data_file_url": "u", "type": "people"},
        {"name": "n", "data_file_url": "u", "type": "object"},
        {"name": "n", "data_file_url": "u", "type": "planet", "identifier": "id"},
        {"name": "n", "data_file_url": "u", "type": "people", "identifier": "cio_id"},
        {
            "name": "n",
            "data_file_url": "u",
            "type": "event",
            "identifier": "id",
            "data_to_process": "only_new",
        },
    ],
)
def test_wrong_orders_are_refused(small_api: httpx.Client, given: object) -> None:
    """A request with a missing or unknown value is a 400."""
    assert small_api.post("/v1/imports", json={"import": given}).status_code == 400


def test_an_unknown_import_is_404(small_api: httpx.Client) -> None:
    """There is no list of imports, and an unknown id is a 404."""
    assert small_api.get("/v1/imports/999").status_code == 404
