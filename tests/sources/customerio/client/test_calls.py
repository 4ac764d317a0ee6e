"""Calls are checked against the catalogue before any request."""

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from sources.customerio.catalogue import OPERATIONS, Operation, operation
from sources.customerio.client import WrongCall
from sources.customerio.client.calls import call_of, operation_named

VALUES = {"string": "a b+c/d=é@f&g%2F?", "integer": 7, "boolean": True}
SENT = VALUES | {"integer": "7", "boolean": "true"}


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.id)
def test_every_operation_round_trips_its_parameters(row: Operation) -> None:
    """A value in any path or query of the catalogue is decoded unchanged."""
    path = {parameter.name: VALUES[parameter.type] for parameter in row.path_parameters}
    query = {parameter.name: VALUES[parameter.type] for parameter in row.query}
    sent = urlsplit(call_of(row, path, query, None).target)
    assert [unquote(part) for part in sent.path.split("/")] == [
        SENT[{p.name: p.type for p in row.path_parameters}[part[1:-1]]] if part.startswith("{") else part
        for part in row.path.split("/")
    ]
    assert dict(parse_qsl(sent.query)) == {p.name: SENT[p.type] for p in row.query}


def test_a_delivery_id_is_encoded() -> None:
    """The equals signs of delivery ids are encoded in a path, as Customer.io demands."""
    row = operation("getArchivedMessage")
    assert call_of(row, {"message_id": "dgOq6Q=="}, None, None).target == (
        "/v1/messages/dgOq6Q%3D%3D/archived_message"
    )


def test_none_counts_as_not_given() -> None:
    """Optional parameters may be passed on as None."""
    assert call_of(operation("listMessages"), None, {"start": None}, None).target == "/v1/messages"


def test_text_is_taken_where_it_reads_as_the_type() -> None:
    """Numbers and booleans may come as text, as they do from a command line."""
    query = {"limit": "5", "drafts": "True"}
    assert call_of(operation("listMessages"), None, query, None).target == "/v1/messages?limit=5&drafts=true"


def test_bytes_are_sent_as_they_are() -> None:
    """A body that is bytes is JSON already and is not encoded again."""
    row = operation("batch")
    assert call_of(row, None, None, b'{"batch":[]}').body == b'{"batch":[]}'
    assert call_of(row, None, None, {"batch": []}).body == b'{"batch":[]}'


@pytest.mark.parametrize(
    ("operation_id", "path", "query", "body", "says"),
    [
        ("getSegment", {"segment_id": 1, "id": 2}, None, None, "no path parameter id; it takes segment_id"),
        ("getSegment", {}, None, None, "needs the path parameter segment_id"),
        (
            "getSegment",
            {"segment_id": "abc"},
            None,
            None,
            "segment_id of `getSegment` is of type integer, not str",
        ),
        (
            "getSegment",
            {"segment_id": True},
            None,
            None,
            "segment_id of `getSegment` is of type integer, not bool",
        ),
        ("getMessage", {"message_id": ".."}, None, None, "would name another path"),
        ("getMessage", {"message_id": ""}, None, None, "would name another path"),
        (
            "getMessage",
            {"message_id": ["a"]},
            None,
            None,
            "message_id of `getMessage` is of type string, not list",
        ),
        (
            "listCampaigns",
            None,
            {"updated_since": 1},
            None,
            "no query parameter updated_since; it takes none",
        ),
        ("getPeopleEmail", None, None, None, "needs the query parameter email"),
        (
            "listMessages",
            None,
            {"drafts": "yes"},
            None,
            "drafts of `listMessages` is of type boolean, not str",
        ),
        ("listCampaigns", None, None, {"a": 1}, "takes no body"),
        ("batch", None, None, {"a": object()}, "is not JSON"),
    ],
)
def test_what_the_catalogue_does_not_know_is_refused(
    operation_id: str, path: dict[str, object], query: dict[str, object], body: object, says: str
) -> None:
    """Unknown, missing and mistyped parameters are errors of the calling code, with their names."""
    with pytest.raises(WrongCall, match=says) as caught:
        call_of(operation(operation_id), path, query, body)
    assert isinstance(caught.value, TypeError)
    assert caught.value.operation == operation_id


def test_an_unknown_operation_is_refused() -> None:
    """A misspelt operation id is an error of the calling code."""
    with pytest.raises(WrongCall, match="no operation 'listCampaign'"):
        operation_named("listCampaign")
