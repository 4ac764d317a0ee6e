"""Privacy rules: what is hashed, dropped or kept, in rows of all forms and in the cells of exports."""

from typing import Any

import msgspec
import pytest

from sources.customerio.catalogue import RESOURCES, resource
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.privacy import HASH, Privacy
from sources.customerio.extract.privacy_rules import REST, Action, PrivacyRules, fault_of_rule
from sources.customerio.extract.rows import typed

KEY = b"k" * 32
PERSON: dict[str, Any] = {
    "cio_id": "a1",
    "id": "7",
    "identifiers": {"cio_id": "a1", "email": "Jo@Example.com", "id": "7"},
    "attributes": {
        "email": "jo@example.com",
        "phone": "+1 555 010 0200",
        "plan": "free",
        "n": {"phone": "1"},
    },
    "timestamps": {"email": 1_700_000_000, "phone": 1_700_000_001},
    "devices": [],
}


def _privacy(**rules: Any) -> Privacy:
    return Privacy(KEY, PrivacyRules(**rules))


def _applied(privacy: Privacy, table: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row after the rules, as dict and as typed row, which have to be equal."""
    of = resource(table)
    (plain,) = privacy.applied(of, Batch(rows=[row])).rows
    (struct,) = privacy.applied(of, Batch(rows=typed(of, [row]))).rows
    (again,) = typed(of, [dict(plain)])  # type: ignore[arg-type]
    assert msgspec.json.encode(again) == msgspec.json.encode(struct)
    return dict(plain)  # type: ignore[arg-type]


def test_without_rules_nothing_changes() -> None:
    """No rule, and rules that keep, leave the batch itself."""
    batch = Batch(rows=[PERSON])
    assert not Privacy()
    assert not _privacy(identifiers={"email": "keep"}, tables={"people": {REST: "keep"}})
    assert batch is Privacy().applied(resource("people"), batch)


def test_an_address_has_one_hash_in_all_spellings_and_places() -> None:
    """In columns, identifiers, attributes, texts and URLs; times that are named as attributes stay."""
    privacy = _privacy(identifiers={"email": "hash"}, texts={"email": "hash"})
    row = _applied(privacy, "people", PERSON)
    whole = privacy.hashed("jo@example.com")
    assert row["identifiers"] == {"cio_id": "a1", "email": whole, "id": "7"}
    assert row["attributes"]["email"] == whole
    assert row["timestamps"] == PERSON["timestamps"]
    message = {"id": "m", "created": 1, "recipient": "JO@example.com", "subject": "For jo@example.com!"}
    assert [whole, f"For {whole}!"] == list(_applied(privacy, "messages", message).values())[2:]
    assert (
        privacy.text("x.io/?m=jo%40example.com&n=1, jo\\u0040example.com") == f"x.io/?m={whole}&n=1, {whole}"
    )
    assert whole == privacy.hashed(whole), "a hash is not hashed again"
    assert whole != Privacy(b"o" * 32, privacy.rules).hashed("jo@example.com")


def test_a_telephone_number_has_one_hash_in_all_spellings() -> None:
    """With spaces, brackets and hyphens, and escaped for a URL; versions and times are no numbers."""
    privacy = _privacy(texts={"phone": "hash"})
    one = privacy.text("+1 (555) 010-0200")
    assert [one, one] == [privacy.text("+15550100200"), privacy.text("%2B15550100200")]
    assert privacy.text("v+1, 2026-11-30T10:00:00+00:00, C++ 11") == "v+1, 2026-11-30T10:00:00+00:00, C++ 11"


def test_an_attribute_is_dropped_at_any_depth() -> None:
    """The members of that name go, in tables with data of people alone."""
    privacy = _privacy(attributes={"phone": "drop"})
    row = _applied(privacy, "people", PERSON)
    assert row["attributes"] == {"email": "jo@example.com", "plan": "free", "n": {}}
    event = {
        "id": "e",
        "timestamp": 1,
        "type": "event",
        "data": {"phone": "1", "items": [{"phone": "2", "n": 1}]},
    }
    assert _applied(privacy, "activities", event)["data"] == {"items": [{"n": 1}]}
    campaign = {"id": 1, "actions": [{"phone": "hotline"}]}
    assert _applied(privacy, "campaigns", campaign)["actions"] == campaign["actions"]


def test_json_in_a_text_is_looked_into() -> None:
    """An attribute, a cell of an export and a body may be JSON; a text that only begins like it stays."""
    privacy = _privacy(attributes={"phone": "drop"}, texts={"email": "hash"})
    nested = '{"phone":"+1 555 010 0200","of":["jo@example.com"]}'
    hidden = f'{{"of":["{privacy.hashed("jo@example.com")}"]}}'
    assert _applied(privacy, "people", {**PERSON, "attributes": {"home": nested}})["attributes"] == {
        "home": hidden
    }
    assert [hidden] == privacy.cells(resource("exported_people"), ["home"])([nested])
    body = {"id": "m", "body": nested, "subject": '{ "phone" '}
    assert [hidden, body["subject"]] == list(_applied(privacy, "archived_messages", body).values())[1:]


@pytest.mark.parametrize("name", ["email", "identifiers.email", "attributes.email"])
def test_a_rule_of_an_identifier_is_about_all_its_places_in_the_row(name: str) -> None:
    """So a person is the same row, whether it was read by pages or by an export, whose file has one cell."""
    privacy = _privacy(tables={"people": {name: "drop"}})
    row = _applied(privacy, "people", PERSON)
    assert "email" not in row["identifiers"]
    assert "email" not in row["attributes"]
    cells = privacy.cells(resource("exported_people"), ["cio_id", "email", "plan"])
    assert cells(["a1", "jo@example.com", "free"]) == ["a1", "", "free"]


def test_what_has_no_rule_can_be_dropped_whole() -> None:
    """`*` is about all that has no rule; keys, and members with a rule of their own, stay."""
    privacy = _privacy(tables={"people": {REST: "drop", "attributes.plan": "keep"}})
    row = _applied(privacy, "people", PERSON)
    assert row["cio_id"] == "a1"
    assert row["attributes"] == {"plan": "free"}
    assert not {"identifiers", "id"} & row.keys()


def test_kept_columns_are_free_of_the_rule_for_texts() -> None:
    """A table or column may be left out of it."""
    privacy = _privacy(texts={"email": "hash"}, tables={"sender_identities": {REST: "keep"}})
    sender = {"id": 1, "email": "hello@shop.example", "name": "Shop"}
    assert sender == _applied(privacy, "sender_identities", sender)


def test_a_key_is_hashed_where_it_would_be_dropped() -> None:
    """A suppressed address is the key of its row: without it the rows would be one."""
    privacy = _privacy(identifiers={"email": "drop"})
    row = {"suppression_type": "bounces", "domain": "d", "email": "jo@example.com", "created": 1}
    assert privacy.hashed("jo@example.com") == _applied(privacy, "esp_suppressions", row)["email"]


def test_an_address_in_the_place_of_an_id_is_an_address() -> None:
    """Some workspaces use it as id: the rule of addresses holds there too, other ids stay."""
    privacy = _privacy(identifiers={"email": "hash"})
    row = {
        "id": "m",
        "created": 1,
        "customer_id": "jo@example.com",
        "customer_identifiers": {"id": "jo@example.com"},
    }
    found = _applied(privacy, "messages", row)
    whole = privacy.hashed("jo@example.com")
    assert (whole, {"id": whole}) == (found["customer_id"], found["customer_identifiers"])
    assert _applied(privacy, "messages", {**row, "customer_id": "u7"})["customer_id"] == "u7"
    cells = privacy.cells(resource("exported_people"), ["id"])
    assert [[whole], ["u7"]] == [cells(["jo@example.com"]), cells(["u7"])]


def test_the_cells_of_a_deliveries_export() -> None:
    """Headers in other spellings are the same columns; a cell beyond the header is emptied."""
    privacy = _privacy(identifiers={"email": "hash"}, tables={"messages": {"subject": "drop"}})
    cells = privacy.cells(resource("exported_deliveries"), ["delivery_id", "Recipient", "to", "Subject"])
    whole = privacy.hashed("jo@example.com")
    assert cells(["d", "jo@example.com", "JO@example.com", "Hi", "more"]) == ["d", whole, whole, "", ""]


def test_a_rejected_record_has_the_rules_of_its_table() -> None:
    """A record of any shape, a text too."""
    privacy = _privacy(attributes={"phone": "drop"}, texts={"email": "hash"})
    record = {"cio_id": 5, "attributes": {"phone": "1", "bio": "jo@example.com"}}
    kept = privacy.record(resource("people"), record)
    assert {"bio": privacy.hashed("jo@example.com")} == kept["attributes"]
    assert privacy.hashed("jo@example.com") == privacy.record(resource("people"), "jo@example.com")


def test_json_that_cannot_be_read_is_left_out() -> None:
    """Nothing says what is in a text that is nested too deeply."""
    privacy = _privacy(attributes={"phone": "drop"})
    deep = msgspec.Raw(b'{"a":' * 5_000 + b"1" + b"}" * 5_000)
    assert privacy.value(resource("people"), "attributes", deep) is None


def test_a_long_text_without_an_address_is_read_once() -> None:
    """A megabyte without an `@` is returned as it is, in a time that a test can wait for."""
    text = "x" * (1 << 20)
    assert text == _privacy(texts={"email": "hash", "phone": "hash"}).text(text)


_FAULTS: list[tuple[str, str, Action, str]] = [
    ("people", "cio_id", "hash", "its rows are found by cio_id"),
    ("messages", "created", "drop", "its rows are found by created"),
    ("campaigns", "id", "hash", "its rows are known by id"),
    ("messages", "campaign_id", "hash", "campaign_id is no text"),
    ("esp_suppressions", "phone", "drop", "it has no column phone"),
    ("messages", "subject.x", "drop", "its column subject is no JSON"),
    ("esp_suppressions", "email", "drop", "its rows are known by email"),
]


@pytest.mark.parametrize(("table", "name", "action", "said"), _FAULTS)
def test_rules_that_a_table_cannot_have(table: str, name: str, action: Action, said: str) -> None:
    """Keys, times and numbers: the reason says what can be had instead."""
    assert said in (fault_of_rule(resource(table), name, action) or "")


def test_every_table_keeps_its_keys_under_the_hardest_rules() -> None:
    """With all dropped that can be, the key and the cursor of each table stay or are hashed."""
    privacy = _privacy(
        tables={row.table: {REST: "drop"} for row in RESOURCES},
        identifiers={"email": "drop", "id": "drop"},
        attributes={"email": "drop", "id": "drop", "name": "drop"},
    )
    for row in RESOURCES:
        of = privacy.rules_of(row)
        for name in (*row.key, *(column for column in row.columns if column == row.cursor)):
            assert of.at((name,)) in ("keep", "hash", None), (row.table, name)
    assert HASH
