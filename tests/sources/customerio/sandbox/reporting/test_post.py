"""One request of a reporting webhook."""

import socket

import pytest

from sources.customerio.sandbox.reporting.backlog import TIMEOUT
from sources.customerio.sandbox.reporting.post import allowed, post, signature
from tests.sources.customerio.sandbox.reporting.conftest import Receiver


@pytest.mark.parametrize(
    ("endpoint", "fits"),
    [
        ("http://127.0.0.1:9000/hook", True),
        ("http://localhost/hook", True),
        ("http://user:pass@[::1]:9000/hook", True),
        ("https://hooks.example.com/cio", False),
        ("https://127.0.0.1.example.com/cio", False),
        ("http://10.0.0.7/hook", False),
        ("https://mine.example.com/cio", True),
    ],
)
def test_only_this_machine_and_allowed_hosts_are_posted_to(endpoint: str, fits: bool) -> None:
    """A name that only begins like this machine's is another host."""
    assert allowed(endpoint, {"mine.example.com"}) is fits


def test_the_signature_is_bare_hex() -> None:
    """The value is that of `echo -n 'v0:1613063089:{}' | openssl dgst -sha256 -hmac key`."""
    assert signature("key", 1613063089, b"{}") == (
        "6ef8e1baa8fc9160f475824960702a514f9c144dfd2466425572768f02e49d4b"
    )


def test_a_request_has_the_headers_and_the_query(receiver: Receiver) -> None:
    """The credentials of the endpoint go as Basic; the signature is of the body as sent."""
    endpoint = receiver.url.replace("127.0.0.1", "me:p%40ss@127.0.0.1")

    assert post(endpoint, b'{"a": 1}', key="key", timestamp=7) == 200

    headers, body = receiver.came.get_nowait()
    assert (headers["path"], headers["content-type"], body) == (
        "/hook?source=cio",
        "application/json",
        b'{"a": 1}',
    )
    assert headers["x-cio-timestamp"] == "7"
    assert headers["x-cio-signature"] == signature("key", 7, body)
    assert headers["authorization"] == "Basic bWU6cEBzcw=="


def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    """The server takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/"

        assert post(endpoint, b"{}", key="key", timestamp=7, timeout_s=0.05) == TIMEOUT


def test_a_connection_that_fails_is_status_0() -> None:
    """The port is closed."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}/"

    assert post(endpoint, b"{}", key="key", timestamp=7) == 0
