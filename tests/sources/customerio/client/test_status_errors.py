"""Every status that is not a success becomes the error that says what to do next."""

import pytest

from sources.customerio.catalogue import operation
from sources.customerio.client import (
    BadAnswer,
    BadRequest,
    CustomerioError,
    Forbidden,
    NotFound,
    NotServed,
    RateLimited,
    Unauthorized,
    Unavailable,
    WrongHost,
)
from sources.customerio.client.hosts import Host, host_of
from sources.customerio.client.status_errors import error_for, retry_after_s

APP = host_of("app", "us", None, ("app-key",))
TRACK = host_of("track", "eu", None, ("site", "track-key"))


def _refused(status: int, body: bytes = b"", operation_id: str = "listCampaigns") -> CustomerioError:
    row = operation(operation_id)
    host: Host = APP if row.api == "app" else TRACK
    return error_for(row, host, status, {}, body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, WrongHost),
        (400, BadRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (408, Unavailable),
        (409, BadRequest),
        (413, BadRequest),
        (422, BadRequest),
        (429, RateLimited),
        (500, Unavailable),
        (501, BadRequest),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (524, Unavailable),
        (600, BadAnswer),
    ],
)
def test_the_status_says_what_to_do(status: int, kind: type[CustomerioError]) -> None:
    """Stop, retry, skip or refuse is read from the status, which stays on the error."""
    error = _refused(status, b"{}")
    assert type(error) is kind
    assert error.status == status
    assert "listCampaigns" in str(error)


@pytest.mark.parametrize("body", [b"404 page not found", b"", b"<html>gone</html>", b'"gone"'])
def test_a_404_without_json_is_a_call_that_is_not_served(body: bytes) -> None:
    """Plain text means an unknown path: no record is gone, and the message names the call and the region."""
    error = _refused(404, body, operation_id="listCampaignActions")
    assert type(error) is NotServed
    assert "`listCampaignActions`" in str(error)
    assert "region (us)" in str(error)


def test_a_reference_is_an_attribute_and_no_part_of_the_message_s_detail() -> None:
    """Each answer has another reference, so details compare without it."""
    bodies = [
        b'{"errors":[{"detail":"not found (reference %s)","status":"404"}]}' % reference
        for reference in (b"01M3ZD6FQ2N8S4T1V5W7X9Y0AB", b"01M3ZD6FQ3N8S4T1V5W7X9Y0AC")
    ]
    errors = [_refused(404, body) for body in bodies]
    assert [error.reference for error in errors] == [
        "01M3ZD6FQ2N8S4T1V5W7X9Y0AB",
        "01M3ZD6FQ3N8S4T1V5W7X9Y0AC",
    ]
    assert all("“not found”." in str(error) for error in errors)


def test_unauthorized_names_the_causes_in_order() -> None:
    """401 names the likely causes, the most likely first, and the settings to check."""
    message = str(_refused(401))
    order = [
        "CUSTOMERIO_APP_API_KEY",
        "Track API key",
        "CUSTOMERIO_REGION is us, try eu",
        "revoked",
        "allowlist",
    ]
    assert sorted(order, key=message.index) == order
    assert "app-key" not in message


def test_unauthorized_at_the_track_api_names_its_settings() -> None:
    """The Track API has two settings of its own."""
    message = str(_refused(401, operation_id="identify"))
    assert "CUSTOMERIO_TRACK_SITE_ID and CUSTOMERIO_TRACK_API_KEY may hold an App API key" in message
    assert "CUSTOMERIO_REGION is eu, try us" in message


def test_forbidden_names_what_is_missing() -> None:
    """403 names the operation and its path, so that the scope can be found."""
    assert "may not call `listCampaigns` (/v1/campaigns): its scope lacks it" in str(_refused(403))


def test_a_refused_request_points_at_the_place() -> None:
    """422 carries Customer.io's words, the pointer and the support code, and no address of a person."""
    body = (
        b'{"errors":[{"detail":"jo@example.com is twice in it (reference a1b2)",'
        b'"source":{"pointer":"/data/attributes/emails"},"status":"422"}]}'
    )
    error = _refused(422, body, "triggerBroadcast")
    assert (error.pointer, error.reference) == ("/data/attributes/emails", "a1b2")
    assert "“<email> is twice in it”. Its support code is a1b2." in str(error)
    assert error.ambiguous is False


@pytest.mark.parametrize(
    ("operation_id", "ambiguous"),
    [("listCampaigns", False), ("identify", True), ("sendEmail", True), ("delete", True)],
)
def test_a_server_error_leaves_a_write_in_doubt(operation_id: str, ambiguous: bool) -> None:
    """After a 500 only a read is sure to have done nothing."""
    assert _refused(500, operation_id=operation_id).ambiguous is ambiguous


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Wed, 01 Jan 2025 00:00:30 GMT", "date": "Wed, 01 Jan 2025 00:00:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    """Both forms of the header are read, a date against the server's own clock."""
    assert retry_after_s(headers) == seconds
