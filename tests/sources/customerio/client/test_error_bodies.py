"""Every envelope of an error answer is read, and nothing personal comes out of it."""

import pytest

from sources.customerio.client.error_bodies import LONGEST, ErrorBody, read_error_body, redacted

NOTHING = ErrorBody()
NO_JSON = ErrorBody(is_json=False)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'{"errors":[{"detail":"rate limited to 10 requests per 1s (reference a1b2c3)","status":"429"}]}',
            ErrorBody("rate limited to 10 requests per 1s", None, "a1b2c3"),
        ),
        (
            b'{"errors":[{"detail":"bad","source":{"pointer":"/data/attributes/email"},"status":"422"}]}',
            ErrorBody("bad", "/data/attributes/email"),
        ),
        (b'{"meta":{"error":"Unauthorized request"}}', ErrorBody("Unauthorized request")),
        (b'{"meta":{"errors":["one","two"]}}', ErrorBody("one; two")),
        (
            b'{"errors":[{"reason":"invalid","field":"identifiers","message":"must have one"}]}',
            ErrorBody("invalid: must have one", "identifiers"),
        ),
        (b'{"errors":[{"batch_index":3,"reason":"required","field":"name"}]}', ErrorBody("required", "name")),
        (b'{"errors":["plain text"]}', ErrorBody("plain text")),
        (b'{"errors":null}', NOTHING),
        (b'{"errors":[{"source":null}]}', NOTHING),
        (b'{"meta":[]}', NOTHING),
        (b"[]", NO_JSON),
        (b"", NO_JSON),
        (b"<html>502 Bad Gateway</html>", NO_JSON),
        (b"\xff\xfe", NO_JSON),
    ],
)
def test_each_envelope_is_read(body: bytes, said: ErrorBody) -> None:
    """The App API, sends, Track v1, Track v2 and proxies each have an envelope of their own."""
    assert read_error_body(body) == said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no person jo.do+x@example.com here", "no person <email> here"),
        ("path /customers/jo%40example.com", "path <email>"),
        ("see https://store.example/a?X-Signature=abc.", "see <url>"),
        ("call +49 (170) 123-4567 now", "call <phone> now"),
        ("Authorization: Basic YjExOTk4OjQ2Mw== x", "Authorization: <key> x"),
        ("header BEARER 5a135f4d96b9ff2d was sent", "header <key> was sent"),
        ("basic authentication is needed", "basic authentication is needed"),
        ("campaign 123456789 at 1700000000", "campaign 123456789 at 1700000000"),
    ],
)
def test_people_and_links_are_not_shown(text: str, shown: str) -> None:
    """Addresses, phone numbers and links are replaced, ids and times stay."""
    assert redacted(text) == shown


def test_a_key_is_replaced_in_capitals_too() -> None:
    """A server may repeat what was sent in another case."""
    assert "the key <key>, or <key>" == redacted("the key 5A135F4D, or 5a135f4d", ["5a135f4d", None])


def test_a_key_that_is_not_known_is_replaced_in_answers() -> None:
    """A person's record may hold another service's key, and an answer repeats it."""
    body = b'{"errors":[{"detail":"no c0ffee0123456789C0FFEE0123456789 in campaign 1234567890123"}]}'
    assert "no <key> in campaign 1234567890123" == read_error_body(body).detail


def test_a_long_detail_is_cut() -> None:
    """A detail that repeats a whole payload is cut to what is readable."""
    assert len(redacted("word " * 1000)) == LONGEST


def test_a_repeated_key_is_not_shown() -> None:
    """A server that repeats the key in its answer does not get it into our message."""
    body = b'{"meta":{"error":"unknown key abc123"}}'
    assert read_error_body(body, ("abc123", None)).detail == "unknown key <key>"
