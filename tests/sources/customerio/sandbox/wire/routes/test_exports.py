"""Exports: their states, links and files."""

import csv
import gzip
import io
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from sources.customerio.catalogue import operation
from sources.customerio.sandbox import DEFAULT_START, Fault, Knobs, Sandbox
from sources.customerio.sandbox.state.store.export_file import ExportFile, PeopleSnapshot
from sources.customerio.sandbox.state.store.people import People, Person
from sources.customerio.sandbox.state.workspace import Workspace
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.routes.exports import list_exports

ALL_PEOPLE = {"filters": {"attribute": {"field": "cio_id", "operator": "exists"}}}


def _file(api: httpx.Client, export_id: int) -> httpx.Response:
    url = api.get(f"/v1/exports/{export_id}/download").json()["url"]
    return httpx.get(url, trust_env=False)


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_the_world_has_three_exports(tiny: Sandbox, api: httpx.Client) -> None:
    """People, deliveries and a failed one; the list is the truth, and their files are too."""
    exports = api.get("/v1/exports").json()["exports"]

    assert exports == list(tiny.rows("exports"))
    assert [(row["type"], row["status"], row["failed"]) for row in exports] == [
        ("customers", "done", False), ("deliveries", "done", False), ("customers", "failed", True),
    ]  # fmt: skip
    people = list(tiny.rows("exported_people"))
    assert people[0]["row_number"] == 1
    assert _rows(_file(api, exports[0]["id"]).content) == [row["row"] for row in people]
    assert _rows(_file(api, exports[1]["id"]).content) == [
        row["row"] for row in tiny.rows("exported_deliveries")
    ]


def test_an_export_takes_its_time(small: Sandbox, small_api: httpx.Client) -> None:
    """Pending with total 0 and an errors-array for a link, then done with its total."""
    made = small_api.post("/v1/exports/customers", json=ALL_PEOPLE).json()["export"]
    assert (made["status"], made["total"], made["failed"]) == ("pending", 0, False)
    early = small_api.get(f"/v1/exports/{made['id']}/download")
    assert early.status_code == 422
    assert early.json()["errors"]

    small.clock.advance(30)

    done = small_api.get(f"/v1/exports/{made['id']}").json()["export"]
    assert (done["status"], done["total"]) == ("done", len(list(small.rows("people"))))
    assert done["updated_at"] > made["updated_at"]
    assert done["deduplicate_id"] != made["deduplicate_id"]


def test_a_file_is_from_when_it_was_ordered(small: Sandbox, small_api: httpx.Client) -> None:
    """Changes after the request are not in the file; every attribute is a column, verbatim."""
    small.add("people", id="ann", bio='Says "hi", twice\nand more', **{"Shoe size": 42})
    made = small_api.post("/v1/exports/customers", json=ALL_PEOPLE).json()["export"]
    small.delete("people", "ann")
    small.clock.advance(60)

    rows = _rows(_file(small_api, made["id"]).content)

    ann = next(row for row in rows if row["id"] == "ann")
    assert ann["bio"] == 'Says "hi", twice\nand more'
    assert ann["Shoe size"] == "42"
    assert ann["country"] == ""
    assert {"Name", "name", "favorite color"} <= set(ann)


def test_chosen_attributes(small: Sandbox, small_api: httpx.Client) -> None:
    """`attributes` chooses the columns beside the identifiers."""
    made = small_api.post("/v1/exports/customers", json={**ALL_PEOPLE, "attributes": ["plan"]}).json()[
        "export"
    ]
    small.clock.advance(60)

    assert list(_rows(_file(small_api, made["id"]).content)[0]) == ["cio_id", "id", "email", "plan"]


def test_downloads_count_links(small_api: httpx.Client) -> None:
    """Every link counts as a download."""
    for _ in range(2):
        small_api.get("/v1/exports/101/download")

    assert small_api.get("/v1/exports/101").json()["export"]["downloads"] == 2


def test_a_link_lives_fifteen_minutes(small: Sandbox, small_api: httpx.Client) -> None:
    """It works without a key, expires into the storage's XML, and a fresh one works again."""
    url = small_api.get("/v1/exports/101/download").json()["url"]
    small.clock.advance(900)
    assert httpx.get(url, trust_env=False).status_code == 200

    small.clock.advance(1)

    expired = httpx.get(url, trust_env=False)
    assert expired.status_code == 403
    assert "<Code>ExpiredToken</Code>" in expired.text
    assert _file(small_api, 101).status_code == 200


def test_a_link_takes_no_credentials_and_no_changes(small_api: httpx.Client) -> None:
    """A link with an Authorization header or with another export's id is refused."""
    url = small_api.get("/v1/exports/101/download").json()["url"]

    assert small_api.get(url).status_code == 400
    assert httpx.get(url.replace("101.csv", "102.csv"), trust_env=False).status_code == 403
    assert httpx.get(url + "0", trust_env=False).status_code == 403


def test_ranges(small_api: httpx.Client) -> None:
    """A cut download resumes where it stopped."""
    url = small_api.get("/v1/exports/101/download").json()["url"]
    whole = httpx.get(url, trust_env=False)

    rest = httpx.get(url, headers={"Range": "bytes=100-"}, trust_env=False)
    tail = httpx.get(url, headers={"Range": "bytes=-7"}, trust_env=False)

    assert whole.headers["accept-ranges"] == "bytes"
    assert (rest.status_code, rest.content) == (206, whole.content[100:])
    assert rest.headers["content-range"] == f"bytes 100-{len(whole.content) - 1}/{len(whole.content)}"
    assert rest.headers["etag"] == whole.headers["etag"]
    assert tail.content == whole.content[-7:]
    assert httpx.get(url, headers={"Range": "bytes=9999999-"}, trust_env=False).status_code == 416


def test_files_may_be_gzip(small: Sandbox, small_api: httpx.Client) -> None:
    """The knob makes gzip files without a Content-Encoding."""
    small.knobs.export_gzip = True
    made = small_api.post("/v1/exports/customers", json=ALL_PEOPLE).json()["export"]
    small.clock.advance(60)

    response = _file(small_api, made["id"])

    assert response.content[:2] == b"\x1f\x8b"
    assert "content-encoding" not in response.headers
    assert len(_rows(gzip.decompress(response.content))) == len(list(small.rows("people")))


def test_exports_can_fail(small: Sandbox, small_api: httpx.Client) -> None:
    """A failed export stays without a file."""
    small.knobs.export_fails = True
    made = small_api.post("/v1/exports/customers", json=ALL_PEOPLE).json()["export"]
    small.clock.advance(60)

    failed = small_api.get(f"/v1/exports/{made['id']}").json()["export"]
    assert (failed["status"], failed["failed"], failed["total"]) == ("failed", True, 0)
    assert small_api.get(f"/v1/exports/{made['id']}/download").status_code == 422


def test_deliveries_of_one_parent_with_drafts(small: Sandbox, small_api: httpx.Client) -> None:
    """Exactly one parent is needed; `drafts` adds the drafts; columns can be chosen."""
    small.knobs.delivery_columns = (("Delivery", "id"), ("Opened at", "metrics.opened"))
    sent = [row["id"] for row in small.rows("messages") if row["campaign_id"] == 2]
    drafts = small_api.get("/v1/campaigns/2/messages", params={"drafts": "true"}).json()["messages"]
    body = {"campaign_id": 2, "drafts": True, "attributes": ["plan"]}
    made = small_api.post("/v1/exports/deliveries", json=body).json()["export"]
    small.clock.advance(60)

    rows = _rows(_file(small_api, made["id"]).content)

    assert drafts
    assert {row["Delivery"] for row in rows} == {*sent, *(row["id"] for row in drafts)}
    assert list(rows[0]) == ["Delivery", "Opened at", "plan"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("customers", {}),
        ("customers", {"filter": ALL_PEOPLE["filters"]}),
        ("customers", {**ALL_PEOPLE, "attributes": "plan"}),
        ("deliveries", {}),
        ("deliveries", {"campaign_id": 1, "newsletter_id": 2}),
        ("deliveries", {"campaign_id": 1, "start": "monday"}),
    ],
)
def test_malformed_orders_are_400(api: httpx.Client, path: str, body: dict[str, Any]) -> None:
    """The key is `filters` here, and a deliveries export has one parent."""
    assert api.post(f"/v1/exports/{path}", json=body).status_code == 400


def test_a_sixth_pending_export_is_refused(small: Sandbox, small_api: httpx.Client) -> None:
    """People and deliveries share the five places; one that is ready leaves its place."""
    deliveries = {"campaign_id": 1}
    for _ in range(2):
        assert 200 == small_api.post("/v1/exports/customers", json=ALL_PEOPLE).status_code
    small.clock.advance(10)
    for _ in range(3):
        assert 200 == small_api.post("/v1/exports/deliveries", json=deliveries).status_code

    refused = small_api.post("/v1/exports/deliveries", json=deliveries)

    assert 400 == refused.status_code
    assert "Cannot have more than 5 exports queued" in refused.json()["errors"][0]["detail"]
    small.clock.advance(20)
    assert 200 == small_api.post("/v1/exports/deliveries", json=deliveries).status_code


def test_no_exports_are_null() -> None:
    """A workspace without exports answers null."""
    empty = Workspace(seed=1, region="us", now=DEFAULT_START)
    context = RequestContext(
        operation=operation("listExports"),
        workspace=empty,
        knobs=Knobs(),
        path={},
        query={},
        raw_body=b"",
        root="",
        link=lambda export_id, expires: f"{export_id}{expires}",
    )

    assert list_exports(context) == {"exports": None}


def test_exporting_an_unknown_segment_is_accepted(small: Sandbox, small_api: httpx.Client) -> None:
    """Submission is lenient: the export of a segment that does not exist is an empty file."""
    body = {"filters": {"or": [{"segment": {"id": 0}}]}}
    made = small_api.post("/v1/exports/customers", json=body).json()["export"]
    small.clock.advance(60)

    assert _file(small_api, made["id"]).text == "cio_id,id,email\n"


def test_a_range_is_of_the_content_that_it_names(small_api: httpx.Client) -> None:
    """`If-Range` with another ETag returns the whole file."""
    url = small_api.get("/v1/exports/101/download").json()["url"]
    whole = httpx.get(url, trust_env=False)
    wanted = {"Range": "bytes=100-"}

    same = httpx.get(url, headers={**wanted, "If-Range": whole.headers["etag"]}, trust_env=False)
    other = httpx.get(url, headers={**wanted, "If-Range": '"other"'}, trust_env=False)

    assert (206, whole.content[100:]) == (same.status_code, same.content)
    assert (200, whole.content) == (other.status_code, other.content)


def test_a_download_can_be_cut_and_its_link_expire(small: Sandbox, small_api: httpx.Client) -> None:
    """The connection is cut at a share of the file while the clock advances; the rest is not cut again."""
    url = small_api.get("/v1/exports/101/download").json()["url"]
    whole = httpx.get(url, trust_env=False).content
    small.faults.add(Fault(operation="storage", cut_at=0.5), Fault(operation="storage", advance_s=901))

    arrived = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("GET", url, trust_env=False) as response,
    ):
        for block in response.iter_raw():
            arrived += block

    assert whole[: len(whole) // 2] == arrived
    assert 403 == httpx.get(url, trust_env=False).status_code


def test_a_fault_for_every_call_spares_the_storage(small: Sandbox, small_api: httpx.Client) -> None:
    """Faults for all operations spare the storage host; it has its own name, and its errors are XML."""
    url = small_api.get("/v1/exports/101/download").json()["url"]
    small.faults.add(Fault(status=503, times=None))
    assert 200 == httpx.get(url, trust_env=False).status_code

    small.faults.add(Fault(operation="storage", status=503))

    failed = httpx.get(url, trust_env=False)
    assert (503, True) == (failed.status_code, failed.text.startswith("<?xml"))
    assert 200 == httpx.get(url, trust_env=False).status_code


def test_files_may_be_truncated_and_miscounted(small: Sandbox, small_api: httpx.Client) -> None:
    """A knob truncates the file without an error, another one makes `total` differ from its rows."""
    people = len(list(small.rows("people")))
    whole = len(_file(small_api, _made(small, small_api)).content)
    small.knobs.set({"export_keeps": 0.5, "export_miscounts": 2})

    export = _made(small, small_api)

    assert whole // 2 == len(_file(small_api, export).content)
    assert people + 2 == small_api.get(f"/v1/exports/{export}").json()["export"]["total"]


def _made(sandbox: Sandbox, api: httpx.Client) -> int:
    export_id = int(api.post("/v1/exports/customers", json=ALL_PEOPLE).json()["export"]["id"])
    sandbox.clock.advance(60)
    return export_id


def test_a_large_file_is_from_when_it_was_ordered(tmp_path: Path) -> None:
    """It is written in the background and has the values of the time of the request."""
    people = People()
    for number in range(30_000):
        people.add(Person(number=number, created_at=0, id=str(number), attributes={"plan": "free"}))
    file = ExportFile(PeopleSnapshot(people, None), tmp_path / "large.csv")
    for person in people:
        people.set_attributes(person, {"plan": "pro"}, at=1)

    while not file.is_written:
        time.sleep(0.01)

    rows = list(file.rows())
    assert 30_000 == len(rows)
    assert {"free"} == {row["plan"] for row in rows}
