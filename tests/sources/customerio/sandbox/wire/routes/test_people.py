"""People: search, look-ups, profiles, and the effects of deletion and suppression."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

ALL_PEOPLE = {"and": [{"attribute": {"field": "cio_id", "operator": "exists"}}]}


def _search(api: httpx.Client, given: object, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    start: dict[str, str] = {}
    while True:
        body = (
            api.post("/v1/customers", json={"filter": given}, params={**params, **start})
            .raise_for_status()
            .json()
        )
        assert [row["id"] or "" for row in body["identifiers"] or []] == (body["ids"] or [])
        rows += body["identifiers"] or []
        if not body["next"]:
            return rows
        start = {"start": body["next"]}


def _is(field: str, value: object) -> dict[str, Any]:
    return {"attribute": {"field": field, "operator": "eq", "value": value}}


def test_all_people_are_found_page_by_page(tiny: Sandbox, api: httpx.Client) -> None:
    """The search for all people returns each of them once, for every page size."""
    wanted = [row["identifiers"] for row in tiny.rows("people")]

    assert _search(api, ALL_PEOPLE, limit=7) == wanted
    assert _search(api, ALL_PEOPLE) == wanted


def test_no_match_is_null(api: httpx.Client) -> None:
    """An empty search has null lists, not empty ones."""
    body = api.post("/v1/customers", json={"filter": {"not": ALL_PEOPLE}}).json()

    assert body == {"identifiers": None, "ids": None, "next": ""}


def test_the_filter_grammar(tiny: Sandbox, api: httpx.Client) -> None:
    """and, or, not, segment, eq and exists combine; values are compared as text."""
    people = list(tiny.rows("people"))

    def cio_ids(*rows: dict[str, Any]) -> list[str]:
        return [row["identifiers"]["cio_id"] for row in rows]

    def found(given: object) -> list[str]:
        return [row["cio_id"] for row in _search(api, given)]

    admins = cio_ids(*(row for row in people if row["attributes"]["is_admin"] == "true"))
    germans = cio_ids(*(row for row in people if row["attributes"]["country"] == "DE"))
    assert found(_is("is_admin", True)) == admins
    assert found({"or": [_is("is_admin", "true"), {"segment": {"id": 3}}]}) == [
        cio_id for cio_id in cio_ids(*people) if cio_id in admins or cio_id in germans
    ]
    assert found(
        {"and": [{"not": _is("country", "DE")}, {"attribute": {"field": "id", "operator": "exists"}}]}
    ) == [
        row["identifiers"]["cio_id"] for row in people if row["id"] and row["attributes"]["country"] != "DE"
    ]
    assert found({"segment": {"id": 999}}) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filter": {}},
        {"filter": {"and": [ALL_PEOPLE], "or": [ALL_PEOPLE]}},
        {"filter": {"and": []}},
        {"filter": {"attribute": {"field": "plan", "operator": "contains", "value": "x"}}},
        {"filter": {"attribute": {"field": "plan", "operator": "eq"}}},
        {"filter": {"segment": {"id": "three"}}},
        {"filters": ALL_PEOPLE},
    ],
)
def test_a_malformed_filter_is_400(api: httpx.Client, body: dict[str, Any]) -> None:
    """There are exactly two operators, one key a level, and the key is `filter` here."""
    assert api.post("/v1/customers", json=body).status_code == 400


def test_email_is_found_in_any_case(tiny: Sandbox, api: httpx.Client) -> None:
    """The look-up and the filter ignore the case of an email; no match is [], no email is 400."""
    email = next(row["identifiers"]["email"] for row in tiny.rows("people") if row["identifiers"]["email"])

    (found,) = api.get("/v1/customers", params={"email": email.upper()}).json()["results"]
    assert found["email"] == email
    assert _search(api, _is("email", email.upper())) == [found]
    assert api.get("/v1/customers", params={"email": "nobody@example.com"}).json() == {"results": []}
    assert api.get("/v1/customers").status_code == 400


def test_hydrating_is_unwrapped_and_leaves_unknown_ids_out(tiny: Sandbox, api: httpx.Client) -> None:
    """Items are unwrapped profiles; unknown ids and prefixed cio_ids are left out."""
    wanted = list(tiny.rows("people"))[:3]
    ids = [row["identifiers"]["cio_id"] for row in wanted]

    def ask(given: list[str]) -> Any:
        return api.post("/v1/customers/attributes", params={"id_type": "cio_id"}, json={"ids": given}).json()

    assert ask([*ids, "ffffffff"]) == {"customers": wanted}
    assert ask(["cio_" + cio_id for cio_id in ids]) == {"customers": []}


def test_at_most_a_hundred_ids(api: httpx.Client) -> None:
    """101 ids are refused, and so is a body without a list of them."""
    assert api.post("/v1/customers/attributes", json={"ids": ["x"] * 101}).status_code == 400
    assert api.post("/v1/customers/attributes", json={"ids": "x"}).status_code == 400
    assert api.post("/v1/customers/attributes", json={"ids": ["x"] * 100}).json() == {"customers": []}


def test_one_profile_is_wrapped(tiny: Sandbox, api: httpx.Client) -> None:
    """`/customers/{id}/attributes` wraps in `customer` and takes three types of identifier."""
    person = next(row for row in tiny.rows("people") if row["id"] and row["identifiers"]["email"])
    who = person["identifiers"]

    for value, id_type in ((who["id"], "id"), (who["email"], "email"), (who["cio_id"], "cio_id")):
        url = f"/v1/customers/{value}/attributes"
        assert api.get(url, params={"id_type": id_type}).json() == {"customer": person}
    assert api.get(f"/v1/customers/{who['id']}/attributes").json() == {"customer": person}
    assert api.get("/v1/customers/nobody/attributes").status_code == 404
    assert api.get("/v1/customers/1/attributes", params={"id_type": "phone"}).status_code == 400


def test_awkward_ids_are_found_if_encoded(small: Sandbox, small_api: httpx.Client) -> None:
    """Slashes, plus signs and percent signs of an id belong to it when they are encoded in the path."""
    for person_id in ("a/b", "a+b", "100%", "å b?&"):
        small.add("people", id=person_id)
        path = f"/v1/customers/{quote(person_id, safe='')}/attributes"

        assert small_api.get(path).json()["customer"]["id"] == person_id
    assert small_api.get("/v1/customers/a/b/attributes").status_code == 404


def test_attributes_are_text_and_identifiers_may_lack(tiny: Sandbox) -> None:
    """Every attribute is text; some people have only an email, some only an id; cio_ids look like numbers."""
    people = list(tiny.rows("people"))

    assert all(isinstance(value, str) for row in people for value in row["attributes"].values())
    assert any(row["identifiers"]["id"] is None for row in people)
    assert any(row["identifiers"]["email"] is None for row in people)
    assert any(row["identifiers"]["cio_id"].startswith("30e0") for row in people)
    assert any(row["identifiers"]["cio_id"].startswith("0") for row in people)
    names = {name for row in people for name in row["attributes"]}
    assert {"Name", "name", "favorite color"} <= names


def test_a_deleted_person_leaves_a_cio_id(small: Sandbox, small_api: httpx.Client) -> None:
    """Deliveries and activities keep only the cio_id, segments lose the member, and no more is sent."""
    row = next(row for row in small.rows("messages") if row["customer_id"])
    who = row["customer_identifiers"]
    before = sum(found["customer_identifiers"] == who for found in small.rows("messages"))

    small.delete("people", who["cio_id"])
    small.clock.advance(20 * 86_400)

    left = {"cio_id": who["cio_id"], "email": None, "id": None}
    mine = [found for found in small.rows("messages") if found["customer_identifiers"] == left]
    assert len(mine) == before
    assert {found["customer_id"] for found in mine} == {None}
    acts = [found for found in small.rows("activities") if found["customer_identifiers"] == left]
    assert "profile_delete" in {found["type"] for found in acts}
    assert who["cio_id"] not in {found["cio_id"] for found in small.rows("segment_memberships")}
    assert small_api.get(f"/v1/customers/{who['id']}/attributes").status_code == 404


def test_a_suppressed_person_becomes_anonymous(small: Sandbox) -> None:
    """Deliveries lose person and recipient, activities person and data."""
    row = next(row for row in small.rows("messages") if row["type"] == "email" and row["customer_id"])
    acts = [
        a["id"] for a in small.rows("activities") if a["customer_identifiers"] == row["customer_identifiers"]
    ]

    small.suppress(row["customer_id"])

    after = next(found for found in small.rows("messages") if found["id"] == row["id"])
    assert (after["customer_identifiers"], after["customer_id"], after["recipient"]) == (None, None, None)
    redacted = [found for found in small.rows("activities") if found["id"] in acts]
    assert acts
    assert all(found["customer_identifiers"] is None and found["data"] == {} for found in redacted)


def test_a_person_who_comes_back_is_a_new_person(small: Sandbox) -> None:
    """The same id after a deletion gets a new cio_id."""
    first = small.add("people", id="ann", email="Ann@example.com", plan="pro", age=41, vip=True)
    person = next(row for row in small.rows("people") if row["id"] == "ann")
    assert person["attributes"] == {
        "cio_id": first, "id": "ann", "email": "Ann@example.com", "plan": "pro", "age": "41", "vip": "true",
    }  # fmt: skip

    small.delete("people", "ann")

    assert small.add("people", id="ann") != first


def test_old_deliveries_keep_the_address_they_went_to(small: Sandbox) -> None:
    """Changing an email changes the person, not the recipient of what was sent before."""
    row = next(row for row in small.rows("messages") if row["type"] == "email" and row["customer_id"])

    small.edit("people", row["customer_id"], email="new@example.com")

    after = next(found for found in small.rows("messages") if found["id"] == row["id"])
    assert after["recipient"] == row["recipient"]
    assert after["customer_identifiers"]["email"] == "new@example.com"
