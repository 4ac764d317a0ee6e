"""Every GET's answer against the schema of Customer.io's documents; `deviations.tsv` lists what differs."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import (  # type: ignore[import-untyped]
    Draft202012Validator,
    ValidationError,
)

from sources import customerio
from sources.customerio.catalogue import OPERATIONS, Operation
from sources.customerio.sandbox import Sandbox
from tests.sources.customerio.sandbox.contract.documents import FILE, converted
from tests.sources.customerio.sandbox.contract.newer import RESPONSES
from tests.sources.customerio.sandbox.wire.test_every_operation import GIVEN, PATHS, csv_file

_OWN = re.compile(r"(\.activities\[\]\.data\.(?!opened)|\.timestamps\.|\.metrics\.).*")
"""Names that each workspace has of its own: those of an event's data, of attributes, and of metrics."""

Found = set[tuple[str, str]]

DOCUMENTED = json.loads(FILE.read_text())
UNDESCRIBED = {"checkCredentials"}
"""GETs whose answer nothing describes."""
READS = [
    row
    for row in OPERATIONS
    if row.method == "GET" and row.stability == "stable" and row.id not in UNDESCRIBED
]
with (Path(__file__).parent / "deviations.tsv").open(encoding="utf-8", newline="") as _rows:
    DEVIATIONS = list(csv.DictReader(_rows, delimiter="\t"))
FACTS = Path(customerio.__file__).parent / "FACTS.md"
_LONG = (
    "listMessages",
    "getCampaignMessages",
    "getNewsletterMsgMeta",
    "transactionalMessages",
    "broadcastMessages",
)
"""Lists of which a page is asked that has rows of every kind."""


class World:
    """A served workspace with a row in every list, and calls of its GETs."""

    def __init__(self, sandbox: Sandbox, client: httpx.Client, csv_url: str) -> None:
        self._client, self._key = client, (sandbox.track_site_id, sandbox.track_api_key)
        self._bearer = {"Authorization": f"Bearer {sandbox.app_api_key}"}
        message = next(row["id"] for row in sandbox.rows("messages") if row["type"] == "email")
        export = next(row["id"] for row in sandbox.rows("exports") if row["status"] == "done")
        self._named = PATHS | {"message_id": message, "export_id": export}
        self._given = GIVEN | self._furnished(sandbox, csv_url)

    def answer(self, row: Operation) -> Any:
        """The document that a call of the operation returns."""
        given = self._given.get(row.id, {})
        query = {item.name: given[item.name] for item in row.query if item.name in given}
        return self._read(row.path.format_map(self._named | given), row.api, **query)

    def _read(self, path: str, api: str = "app", **query: Any) -> Any:
        sent: dict[str, Any] = {"headers": self._bearer} if api == "app" else {"auth": self._key}
        return self._client.get(path, params=query, **sent).raise_for_status().json()

    def _furnished(self, sandbox: Sandbox, csv_url: str) -> dict[str, dict[str, Any]]:
        """Things that the world has none of, or not for the person of `PATHS`."""
        order = {"name": "Some", "data_file_url": csv_url, "type": "people", "identifier": "id"}
        imported = self._client.post("/v1/imports", json={"import": order}, headers=self._bearer).json()
        self._client.post("/v1/campaigns/501/triggers", json={"ids": ["stranger"]}, headers=self._bearer)
        triggers = self._read("/v1/broadcasts/501/triggers")["triggers"]
        opted_out = self._read("/v1/optouts")["optouts"][0]["cio_id"]
        seen = {
            row["customer_identifiers"]["cio_id"] for row in sandbox.rows("messages") if row["customer_id"]
        }
        active = next(
            row["customer_identifiers"]["cio_id"]
            for row in sandbox.rows("activities")
            if row["delivery_id"] and row["customer_identifiers"]["cio_id"] in seen
        )
        bounced = next(row["email"] for row in sandbox.rows("esp_suppressions"))
        return {
            "broadcastErrors": {"trigger_id": max(row["id"] for row in triggers)},
            "getImport": {"import_id": imported["import"]["id"]},
            "getPersonMessages": {"customer_id": active, "id_type": "cio_id", "limit": 1000},
            "getPersonOptouts": {"customer_id": opted_out, "id_type": "cio_id"},
            "getSuppression": {"email_address": bounced},
            "getPersonActivities": {"customer_id": active, "id_type": "cio_id", "limit": 100},
            "listActivities": {"limit": 100},
            **{name: {"limit": 1000} for name in _LONG},
        }


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The workspace that all GETs read."""
    sandbox = Sandbox(scale="tiny")
    with (
        sandbox.serve() as served,
        csv_file() as csv_url,
        httpx.Client(base_url=served.app_url, trust_env=False) as client,
    ):
        yield World(sandbox, client, csv_url)


def _schema(operation: str) -> dict[str, Any]:
    if operation in RESPONSES:
        return RESPONSES[operation]
    return {"$defs": DOCUMENTED["$defs"], **DOCUMENTED["schemas"][operation]}


def deviations(answer: Any, schema: dict[str, Any]) -> Found:
    """Paths of an answer that its schema does not allow, each with the rule that is broken."""
    return {found for error in Draft202012Validator(schema).iter_errors(answer) for found in _told(error)}


@pytest.mark.parametrize("row", READS, ids=lambda row: str(row.id))
def test_an_answer_fits_its_schema(world: World, row: Operation) -> None:
    """The answer deviates where a row says so and why, and nowhere else; its list has rows."""
    answer = world.answer(row)

    declared = {(one["path"], one["deviation"]) for one in DEVIATIONS if row.id in one["operations"].split()}
    assert deviations(answer, _schema(row.id)) == declared
    assert row.records is None or answer[row.records]


def test_every_read_has_a_schema() -> None:
    """A schema comes from the documents or is written by hand, never both; one answer has none."""
    by_hand, documented = set(RESPONSES), set(DOCUMENTED["schemas"])

    assert not by_hand & documented
    assert {row.id for row in OPERATIONS if row.method == "GET" and row.stability == "stable"} == (
        by_hand | documented | UNDESCRIBED
    )


def test_every_deviation_has_a_reason_and_a_source() -> None:
    """The tag is one of FACTS.md, or `unverified`; the operations exist."""
    tags = set(re.findall(r"^\| `([^`]+)` \|", FACTS.read_text("utf-8"), re.MULTILINE)) | {"unverified"}

    for one in DEVIATIONS:
        assert one["tag"] in tags, one
        assert one["reason"].endswith("."), one
        assert set(one["operations"].split()) <= {row.id for row in READS}, one


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"rows": [{"id": 1, "kind": "a"}]}, set()),
        ({"rows": [{"id": "1", "kind": None}]}, {("$.rows[].id", "is string")}),
        ({"rows": [{"id": 1, "kind": "b"}]}, {("$.rows[].kind", 'is "b"')}),
        ({"rows": [{"kind": "a"}], "more": 1}, {("$.rows[].id", "left out"), ("$.more", "not documented")}),
    ],
)
def test_a_deviation_is_found(answer: Any, found: Found) -> None:
    """A wrong type, a value out of a list, a field too many and one too few are told by their path."""
    kind = {"type": "string", "enum": ["a"], "nullable": True}
    row = {"type": "object", "properties": {"id": {"type": "integer"}, "kind": kind}, "required": ["id"]}
    rows = {"oneOf": [{"type": "object", "properties": {"rows": {"type": "array", "items": row}}}]}

    assert deviations(answer, converted(rows)) == found


def _told(error: ValidationError) -> Iterator[tuple[str, str]]:
    if error.validator == "anyOf":
        choices: dict[Any, list[ValidationError]] = {}
        for inner in error.context:
            choices.setdefault(inner.schema_path[0], []).append(inner)
        nearest = min(choices.values(), key=len)
        for inner in nearest:
            yield from _told(inner)
        return
    path = _path(error.absolute_path)
    if error.validator == "additionalProperties":
        for name in error.instance.keys() - error.schema["properties"].keys():
            yield _path([*error.absolute_path, name]), "not documented"
    elif error.validator == "required":
        for name in set(error.validator_value) - error.instance.keys():
            yield f"{path}.{name}", "left out"
    else:
        yield (
            path,
            f"is {json.dumps(error.instance)}"
            if error.validator == "enum"
            else f"is {_type(error.instance)}",
        )


def _path(parts: Iterable[str | int]) -> str:
    """The path with `[]` for any place in a list, and `*` for a name of the workspace's own."""
    path = "$" + "".join("[]" if isinstance(part, int) else f".{part}" for part in parts)
    return _OWN.sub(r"\1*", path)


def _type(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")
