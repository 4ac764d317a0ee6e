"""Every operation as a method: its parameters, the checks before a request, and signatures for editors."""

from collections.abc import Callable
from inspect import signature
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest

from sources.customerio.catalogue import OPERATIONS, Operation, operation
from sources.customerio.catalogue.openapi import FOLDER, schema_of
from sources.customerio.client import Answer, Client, RateLimits, Unavailable, WrongCall
from sources.customerio.client.api import Method, method_name
from sources.customerio.client.bodies import MOST_BYTES, check_body, needs_body
from sources.customerio.client.bodies import schema_of as schema_in_use
from sources.customerio.client.examples import example_of
from sources.customerio.client.methods import App, Track
from sources.customerio.client.signatures import FILE, stub
from sources.customerio.sandbox import Sandbox

ClientOf = Callable[..., Client]
UNDESCRIBED = {"sendInApp", "sendInboxMessage", "createSnippet"}
WITH_BODY = [
    row
    for row in OPERATIONS
    if row.body != "none" and row.stability == "stable" and row.id not in UNDESCRIBED
]


def _id(row: Operation) -> str:
    return row.id


class Outside:
    """Answers every request with one page of nothing, and keeps the request."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        return httpx.Response(self.status, json={})


def method(client: Client, row: Operation) -> Any:
    """The method of that operation, as a user reaches it."""
    found = getattr(App(client) if row.api == "app" else Track(client), method_name(row))
    assert isinstance(found, Method)
    return found


def given_for(row: Operation) -> dict[str, Any]:
    """Values for the parameters that the operation needs, and a body that fits."""
    values = {"string": "a/b+c@d=e", "integer": 7, "boolean": True}
    needed = [item for item in (*row.path_parameters, *row.query) if item.required]
    body = {"body": example_of(row) or {}} if row.body != "none" else {}
    return {item.name: values[item.type] for item in needed} | body


@pytest.mark.parametrize("row", OPERATIONS, ids=_id)
def test_every_operation_is_a_method(client_of: ClientOf, row: Operation) -> None:
    """Called with what it needs, each makes its one request, with its values encoded."""
    outside = Outside()

    answer = method(client_of(outside), row)(**given_for(row))

    (request,) = outside.requests
    assert (row.id, 200) == (answer.operation, answer.status)
    path = row.path
    for item in row.path_parameters:
        path = path.replace(f"{{{item.name}}}", "7" if item.type == "integer" else "a%2Fb%2Bc%40d%3De")
    assert (row.method, path) == (request.method, request.url.raw_path.decode().partition("?")[0])
    assert bool(request.content) == (row.body != "none")
    media = {"none": "", "json": "application/json", "multipart": "multipart/form-data"}[row.body]
    assert media == request.headers.get("content-type", "").partition(";")[0]


@pytest.mark.parametrize("row", OPERATIONS, ids=_id)
def test_what_is_missing_or_unknown_is_refused_before_any_request(
    client_of: ClientOf, row: Operation
) -> None:
    """With a required parameter missing, or an unknown one given, no operation makes a request."""
    outside = Outside()
    given, call = given_for(row), method(client_of(outside), row)
    needed = [name for name in given if name != "body" or needs_body(row)]

    for name in needed:
        with pytest.raises(WrongCall, match=f"`{row.id}` needs (the parameter {name}|a body)"):
            call(**{other: value for other, value in given.items() if other != name})
    with pytest.raises(WrongCall, match=f"`{row.id}` has no parameter colour"):
        call(**given, colour="red")

    assert [] == outside.requests


def test_method_names_are_unique_and_python() -> None:
    """No two operations of an API share a name, and each can be written after a dot."""
    for api in ("app", "track"):
        names = [method_name(row) for row in OPERATIONS if row.api == api]
        assert len(names) == len(set(names))
        assert all(name.isidentifier() and name == name.lower() for name in names)
    assert ["get_cio_allowlist", "import_", "list_campaigns"] == [
        method_name(operation(name)) for name in ("getCioAllowlist", "import", "listCampaigns")
    ]


def test_editors_know_the_parameters_of_the_catalogue(client_of: ClientOf) -> None:
    """`methods.pyi` is what `make docs` writes, and completion in a shell has the same names."""
    assert FILE.read_text() == stub()
    app = App(client_of(Outside()))
    assert dir(app) == sorted(method_name(row) for row in OPERATIONS if row.api == "app")
    assert "listCampaigns" in str(app.list_campaigns.__doc__)
    assert "(*, segment_id, start=None, limit=None)" == str(signature(app.get_segment_membership))


def test_a_misspelt_operation_or_parameter_gets_suggestions(client_of: ClientOf) -> None:
    """The error of a mistyped name suggests the right one."""
    outside = Outside()
    app: Any = App(client_of(outside))
    with pytest.raises(AttributeError, match=r"no operation 'list_campaign'\. Did you mean list_campaigns"):
        app.list_campaign()
    with pytest.raises(WrongCall, match=r"no parameter limt; it takes .*\. Did you mean limit\?"):
        app.list_activities(limt=3)
    with pytest.raises(WrongCall, match=r"export_id of `getExport` is of type integer"):
        app.get_export(export_id="seven")
    with pytest.raises(WrongCall, match="answers with one thing and no list"):
        app.get_export.pages(export_id=7)
    assert not hasattr(app, "identify")
    assert [] == outside.requests


@pytest.mark.parametrize("identifier", ["..", ".", ""])
def test_an_id_that_would_climb_out_of_its_path_is_refused(client_of: ClientOf, identifier: str) -> None:
    """Dots name another path, and nothing names a list: neither is sent."""
    outside = Outside()
    with pytest.raises(WrongCall, match="would name another path"):
        Track(client_of(outside)).identify(identifier=identifier, body={})
    assert [] == outside.requests


@pytest.mark.parametrize(
    ("name", "body", "pointer", "said"),
    [
        ("createManSegment", {"segment": {}}, "/segment/name", "is missing"),
        ("createManSegment", {"segment": []}, "/segment", "is an array, and must be of type object"),
        ("createManSegment", b'{"segment": 1}', "/segment", "is an integer"),
        ("add_to_segment", {"ids": []}, "/ids", "has 0 items, and needs 1"),
        ("add_to_segment", {"ids": ["1"] * 1001}, "/ids", "has 1,001 items, and may have 1,000"),
        ("getPeopleById", {"ids": ["1", 2]}, "/ids/1", "is an integer, and must be of type string"),
        ("triggerBroadcast", {"emails": "ann@example.com"}, "/emails", "must be of type array"),
        (
            "updateAttributeMetadata",
            {"attributes": [{"name": "a", "privacy_level": 7}]},
            None,
            "none of 0, 1",
        ),
        (
            "getPeopleFilter",
            {"filter": {"and": [{"not": {"attribute": {"field": "a/b", "operator": "like"}}}]}},
            "/filter/and/0/not/attribute/operator",
            "none of eq, exists",
        ),
        (
            "batch",
            {"batch": [{"type": "person", "action": "event", "identifiers": {"id": "ann@example.com"}}]},
            "/batch/0/name",
            "is missing",
        ),
        (
            "entity",
            {"type": "object", "action": "identify", "identifiers": {"object_type_id": "1"}},
            "/identifiers/object_id",
            "is missing",
        ),
        ("exportDeliveriesData", {"start": 1}, "/newsletter_id", "missing; other choices need campaign_id"),
        ("sendEmail", {"to": "ann@example.com"}, None, "is missing"),
        ("track", [], "", "as a whole: it is an array"),
        ("createManSegment", {"segment": {"name": None}}, "/segment/name", "is null"),
        (
            "updateEventMetadata",
            {"events": [{"name": "a", "description": "x" * 256}]},
            None,
            "256 characters",
        ),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_its_place(
    client_of: ClientOf, name: str, body: object, pointer: str | None, said: str
) -> None:
    """The error names the JSON pointer and what would be right; no value of the body is in it."""
    outside, row = Outside(), operation(name)
    given = {**given_for(row), "body": body}

    with pytest.raises(WrongCall) as caught:
        method(client_of(outside), row)(**given)

    message = str(caught.value)
    assert f"The body of `{name}` does not fit" in message
    assert said in message
    assert "ann@example.com" not in message
    assert pointer is None or (pointer == caught.value.pointer and pointer in message)
    assert [] == outside.requests


def test_a_body_over_its_limit_is_refused_with_its_bytes(client_of: ClientOf) -> None:
    """A body over Customer.io's size limit is not sent."""
    outside = Outside()
    one = {
        "type": "person",
        "action": "identify",
        "identifiers": {"id": "1"},
        "attributes": {"a": "x" * 40_000},
    }
    track = Track(client_of(outside))
    with pytest.raises(WrongCall, match=r"has 40,\d+ bytes, and Customer.io takes 32,768"):
        track.entity(body=one)
    with pytest.raises(WrongCall, match=r"takes 512,000"):
        track.batch(body={"batch": [one] * 13})
    assert [] == outside.requests
    assert MOST_BYTES.keys() <= {row.id for row in OPERATIONS}


@pytest.mark.parametrize("row", WITH_BODY, ids=_id)
def test_a_schema_is_sound_and_takes_its_examples(row: Operation) -> None:
    """Each schema is one, and what it shows as an example fits; the client asks nothing more."""
    schema = schema_in_use(row)
    jsonschema.Draft202012Validator.check_schema(schema)

    check_body(row, orjson.dumps(example_of(row)))

    assert isinstance(example_of(row), dict)


def test_each_described_body_has_its_schema_and_nothing_else_lies_there() -> None:
    """The folder holds a file for each body that Customer.io describes, and stays small."""
    files = list(FOLDER.iterdir())
    assert {row.id for row in WITH_BODY} == {file.stem for file in files}
    assert sum(file.stat().st_size for file in files) < 400_000


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("identify", {"score": 1.5, "tags": ["a"], "address": {"city": "Ulm"}, "plan": None}),
        ("merge", {"primary": {"id": "1"}, "secondary": {"cio_id": "a1"}}),
        ("exportPeopleData", {"filters": {"attribute": {"field": "id", "operator": "exists"}}}),
        ("getPeopleFilter", {"filter": {"attribute": {"field": "vip", "operator": "eq", "value": True}}}),
        ("sendPush", {"transactional_message_id": "x", "identifiers": {"id": 1}, "to": "a-device-token"}),
        ("triggerBroadcast", {"recipients": {"segment": {"id": 3}}, "data": {"a": [1]}}),
        ("updateCollection", {"name": "events"}),
        ("add_to_segment", {"ids": ("1", "2")}),
        ("batch", {"batch": [{"type": "person", "action": "delete", "identifiers": {"id": "1"}}]}),
    ],
)
def test_bodies_that_customer_io_takes_fit(name: str, body: object) -> None:
    """Bodies that the documents would refuse and the API accepts are sent."""
    check_body(operation(name), orjson.dumps(body))


def test_a_schema_only_loosens_what_the_documents_say() -> None:
    """Choices overlap, answers' fields and prose go, placeholders and contradicted types give way."""
    part = {
        "type": "object",
        "description": "prose",
        "required": ["id", "to"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "to": {"type": "string", "enum": ["all", "$token"]},
            "count": {"$ref": "#/components/count"},
        },
    }
    other = {"type": "object", "properties": {"note": {"type": "string", "nullable": True}}}
    content = {"application/json": {"schema": {"oneOf": [part, other]}}}
    row = operation("createManSegment")
    document = {
        "paths": {row.path: {"post": {"requestBody": {"content": content}}}},
        "components": {"count": {"type": "string", "example": 5}},
    }
    count = {"type": ["string", "integer"], "example": 5}
    note = {"type": ["string", "null"]}
    properties = {"to": {"type": "string"}, "count": count, "note": note}

    assert {
        "anyOf": [
            {"type": "object", "required": ["to"], "properties": properties},
            {"type": "object", "properties": properties},
        ]
    } == schema_of(row, document)
    assert schema_of(operation("createSnippet"), document) is None


@pytest.mark.parametrize("row", [row for row in OPERATIONS if row.effect in ("send", "destroy")], ids=_id)
def test_what_sends_or_destroys_is_not_repeated_when_in_doubt(client_of: ClientOf, row: Operation) -> None:
    """A failure that may have taken effect ends the call after one request, and says so."""
    outside = Outside(status=503)
    with pytest.raises(Unavailable, match="may have taken effect all the same") as caught:
        method(client_of(outside), row)(**given_for(row))
    assert caught.value.ambiguous
    assert 1 == len(outside.requests)


def test_lists_are_read_by_page_and_by_row(sandbox: Sandbox, unlimited: RateLimits) -> None:
    """`pages` and `all` return the rows of single calls, also with small pages."""
    with (
        sandbox.serve() as served,
        Client(app_api_key=sandbox.app_api_key, app_url=served.app_url, limits=unlimited) as client,
    ):
        app = App(client)
        answer = app.list_campaigns()
        assert isinstance(answer, Answer)
        campaigns = answer.json()["campaigns"]
        assert campaigns and campaigns == list(app.list_campaigns.all())
        pages = list(app.list_activities.pages(limit=50))
        rows = list(app.list_activities.all(limit=100))
        assert len(pages) > 1
        assert rows == [record for page in pages for record in page.records]
        assert campaigns[0] == app.get_campaigns(campaign_id=campaigns[0]["id"]).json()["campaign"]
