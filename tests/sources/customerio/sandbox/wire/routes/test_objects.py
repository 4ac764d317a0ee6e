"""Objects, their types and relationships: reading them, and writing them through the Track API."""

from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox
from tests.sources.customerio.sandbox.wire.routes.track import (
    Row,
    acts,
    outcomes,
    person,
    profile,
    thing,
)


def _send(track: httpx.Client, *ops: Row) -> None:
    assert track.post("/api/v2/batch", json={"batch": ops}).status_code == 200


def _is(field: str, operator: str, type_id: str = "1", **more: Any) -> Row:
    return {"object_attribute": {"field": field, "operator": operator, "type_id": type_id, **more}}


def _pages(
    api: httpx.Client, method: str, path: str, key: str, body: object = None, **query: Any
) -> list[Any]:
    """Every page of a list."""
    found, start = [], ""
    while True:
        asked = {**query, **({"start": start} if start else {})}
        answer = api.request(method, path, json=body, params=asked).raise_for_status().json()
        found.append(answer[key])
        start = answer["next"]
        if not start:
            return found


def _ids(api: httpx.Client, given: Row, type_id: str = "1", **query: Any) -> list[str]:
    body = {"object_type_id": type_id, "filter": given}
    pages = _pages(api, "POST", "/v1/objects", "identifiers", body, **query)
    return [row["object_id"] for page in pages for row in page]


def test_types(api: httpx.Client) -> None:
    """Ids are numbers as text; one type is disabled."""
    types = api.get("/v1/object_types").json()["types"]

    assert [(row["id"], row["name"], row["enabled"]) for row in types] == [
        ("1", "Companies", True), ("2", "Courses", True), ("3", "Concerts", False),
    ]  # fmt: skip
    assert set(types[0]) == {"id", "name", "singular_name", "slug", "singular_slug", "enabled"}


def test_searching(tiny: Sandbox, api: httpx.Client) -> None:
    """Objects of one type by attribute; and, or, not combine; values are compared as text."""
    rows = [row for row in tiny.rows("objects") if row["object_type_id"] == "1"]
    everything = [row["object_id"] for row in rows]
    free = [row["object_id"] for row in rows if row["attributes"]["plan"] == "free"]
    trial = [row["object_id"] for row in rows if row["attributes"]["trial"]]

    assert _ids(api, _is("name", "exists")) == everything
    assert _ids(api, {"not": _is("nobody_has_this", "exists")}) == everything
    assert _ids(api, {"and": [_is("plan", "eq", value="free"), _is("trial", "eq", value=True)]}) == [
        name for name in free if name in trial
    ]
    assert _ids(api, {"or": [_is("plan", "eq", value="free"), _is("trial", "eq", value="true")]}) == [
        name for name in everything if name in {*free, *trial}
    ]
    assert free
    assert trial


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"filter": {"object_attribute": {"field": "x", "operator": "exists"}}}, 400),
        ({"object_type_id": "1"}, 400),
        ({"object_type_id": "1", "filter": {"attribute": {"field": "x", "operator": "exists"}}}, 400),
        ({"object_type_id": "1", "filter": {"object_attribute": {"field": "x", "operator": "gt"}}}, 400),
        ({"object_type_id": "9", "filter": {"object_attribute": {"field": "x", "operator": "exists"}}}, 404),
    ],
)
def test_wrong_searches(api: httpx.Client, body: Row, status: int) -> None:
    """An invalid body is a 400, an unknown type a 404."""
    assert api.post("/v1/objects", json=body).status_code == status


def test_rows_come_twice_across_pages(small: Sandbox, small_api: httpx.Client) -> None:
    """A page begins with the last row of the one before; a knob stops that."""
    everything = [row["object_id"] for row in small.rows("objects") if row["object_type_id"] == "1"]
    assert len(everything) > 4

    found = _ids(small_api, _is("name", "exists"), limit=2)
    assert list(dict.fromkeys(found)) == everything
    assert len(found) == 2 * len(everything) - 2
    assert _ids(small_api, _is("name", "exists"), limit=1) == everything

    small.knobs.duplicates_across_pages = False
    assert _ids(small_api, _is("name", "exists"), limit=2) == everything


def test_one_object(tiny: Sandbox, api: httpx.Client) -> None:
    """It is found by either id, a slash in it included; values keep their types."""
    row = next(row for row in tiny.rows("objects") if "/" in row["object_id"])
    path = f"/v1/objects/2/{row['object_id'].replace('/', '%2F')}/attributes"
    shown = api.get(path).json()["object"]

    assert shown["attributes"] == row["attributes"]
    assert isinstance(shown["attributes"]["free"], bool)
    assert set(shown["timestamps"]) == set(shown["attributes"])
    assert shown["identifiers"] == {name: row[name] for name in ("object_id", "cio_object_id")}
    by_cio_id = api.get(
        f"/v1/objects/2/{row['cio_object_id']}/attributes", params={"id_type": "cio_object_id"}
    )
    assert by_cio_id.json()["object"] == shown
    assert api.get("/v1/objects/1/nothing/attributes").status_code == 404


def test_both_sides_of_a_relationship(tiny: Sandbox, api: httpx.Client) -> None:
    """The object's side names people, without attributes; the person's side names objects, with them."""
    rows = [row for row in tiny.rows("relationships") if row["object_id"] == "acme"]
    pages = _pages(api, "GET", "/v1/objects/1/acme/relationships", "cio_relationships")
    assert len(pages) > 1
    people = {item["identifiers"]["cio_id"] for page in pages for item in page}
    assert people == {row["cio_id"] for row in rows}
    assert pages[0][0]["object_type_id"] == "1"
    assert pages[0][0]["object_type_disabled"] is False

    who = next(row for row in rows if row["id"])
    found = _pages(api, "GET", f"/v1/customers/{who['id']}/relationships", "cio_relationships", limit=50)
    (acme,) = [item for page in found for item in page if item["identifiers"]["object_id"] == "acme"]
    assert acme["object_type_id"] == 1
    assert acme["attributes"]["role"] in ("admin", "member")
    assert set(acme["timestamps"]) == set(acme["attributes"])
    assert api.get("/v1/customers/nobody/relationships").status_code == 404
    concert = api.get("/v1/objects/3/summer-night/relationships").json()["cio_relationships"]
    assert concert[0]["object_type_disabled"] is True


def test_objects_are_written(small: Sandbox, track: httpx.Client, small_api: httpx.Client) -> None:
    """Attributes are added, changed and removed; the times are those of the changes."""
    _send(track, thing("identify", "1", "x/1", attributes={"seats": 5, "plan": "pro", "eu": True}))
    small.clock.advance(60)
    _send(track, thing("identify", "1", "x/1", attributes={"seats": 6, "plan": None, "eu": True}))

    shown = small_api.get("/v1/objects/1/x%2F1/attributes").json()["object"]
    now = small.clock.now()
    assert shown["attributes"] == {"seats": 6, "eu": True}
    assert shown["timestamps"] == {"seats": now, "eu": now - 60}
    again = {"type": "object", "action": "identify", "attributes": {"eu": ""}}
    named = {"cio_object_id": shown["identifiers"]["cio_object_id"]}
    _send(track, {**again, "identifiers": named})
    assert small_api.get("/v1/objects/1/x%2F1/attributes").json()["object"]["attributes"] == {"seats": 6}
    assert [row["type"] for row in acts(small, "_o:1:create", "_o:1:attribute_change")][-1] == "_o:1:create"


def test_an_unknown_type_is_told_in_an_activity(small: Sandbox, track: httpx.Client) -> None:
    """A write cannot create a type: it is accepted and dropped."""
    _send(track, thing("identify", "9", "x"), {**thing("delete", "1", "none")})
    named = {"cio_object_id": "ob0000000000"}
    _send(track, {"type": "object", "action": "identify", "identifiers": named})

    assert [outcome for outcome, _ in outcomes(small)] == ["dropped"] * 3
    (failed,) = acts(small, "_o:9:failed_attribute_change")
    assert failed["data"]["reason"] == "The specified Object Type does not exist."
    assert failed["customer_identifiers"] is None


def test_an_older_update_of_an_object_is_ignored(small: Sandbox, track: httpx.Client) -> None:
    """A write older than the object's latest edit is dropped, as with people."""
    now = small.clock.now()
    _send(track, thing("identify", "1", "x", attributes={"n": 2}, timestamp=now - 10))
    _send(track, thing("identify", "1", "x", attributes={"n": 1}, timestamp=now - 20))

    (row,) = [row for row in small.rows("objects") if row["object_id"] == "x"]
    assert (row["attributes"], row["timestamps"]) == ({"n": 2}, {"n": now - 10})
    assert outcomes(small)[-1][0] == "dropped"


def test_relationships_are_written(small: Sandbox, track: httpx.Client) -> None:
    """They are written from both sides; unknown people are left out; deleting the object removes them."""

    def related() -> set[str]:
        return {row["id"] for row in small.rows("relationships") if row["object_id"] == "x"}

    entries = [
        {"identifiers": {"id": "ann"}, "relationship_attributes": {"role": "admin"}},
        {"identifiers": {"email": "nobody@example.com"}},
    ]
    _send(track, person("identify", {"id": "ann"}), person("identify", {"id": "bob"}))
    _send(track, thing("identify", "1", "x", cio_relationships=entries))
    _send(track, person("add_relationships", {"id": "bob"}, cio_relationships=[{"identifiers": _named("x")}]))
    assert related() == {"ann", "bob"}
    assert outcomes(small)[2] == ("applied", "1 of 2 people are not there")
    (failed,) = acts(small, "relationship_failed_attribute_change")
    assert failed["data"]["identifiers"] == {"email": "nobody@example.com"}
    assert len(acts(small, "add_relationship")) == 2

    _send(track, thing("delete_relationships", "1", "x", cio_relationships=[{"identifiers": {"id": "ann"}}]))
    assert related() == {"bob"}
    _send(track, thing("delete", "1", "x"))
    assert related() == set()
    assert not [row for row in small.rows("objects") if row["object_id"] == "x"]


def test_version_1_relates_too(small: Sandbox, track: httpx.Client) -> None:
    """`cio_relationships` of an identify adds or deletes, as its action says."""
    for action, expected in (("add_relationships", ["x"]), ("delete_relationships", [])):
        given = {"action": action, "relationships": [{"identifiers": _named("x")}]}
        track.put("/api/v1/customers/ann", json={"cio_relationships": given})
        assert [row["object_id"] for row in small.rows("relationships") if row["id"] == "ann"] == expected


def test_an_anonymous_relationship_finds_its_person(small: Sandbox, track: httpx.Client) -> None:
    """A person who gets the id later is related."""
    entry = {"identifiers": {"anonymous_id": "cookie"}, "relationship_attributes": {"role": "guest"}}
    _send(track, thing("identify_anonymous", "1", "x", cio_relationships=[entry]))
    assert not [row for row in small.rows("relationships") if row["object_id"] == "x"]
    _send(track, person("identify", {"id": "ann"}, attributes={"anonymous_id": "cookie"}))

    assert [row["id"] for row in small.rows("relationships") if row["object_id"] == "x"] == ["ann"]


def test_leaving_ends_relationships(small: Sandbox) -> None:
    """A deleted person has no relationships."""
    row = next(row for row in small.rows("relationships") if row["id"])
    small.delete("people", row["cio_id"])

    assert row["cio_id"] not in {found["cio_id"] for found in small.rows("relationships")}
    assert profile(small, cio_id=row["cio_id"]) is None


def test_workspaces_count_objects_late(small: Sandbox, track: httpx.Client) -> None:
    """The number of objects is as of the last full two hours, like that of people."""
    small.clock.advance(60)
    before = next(small.rows("workspaces"))
    assert (before["object_types"], before["objects"]) == (3, len(list(small.rows("objects"))))

    _send(track, thing("identify", "1", "x"), thing("identify", "1", "y"), thing("delete", "1", "y"))
    assert next(small.rows("workspaces"))["objects"] == before["objects"]
    small.clock.advance(7200)
    assert next(small.rows("workspaces"))["objects"] == before["objects"] + 1


def _named(object_id: str) -> Row:
    return {"object_type_id": "1", "object_id": object_id}
