"""One request over the wire: regions that redirect, sockets that break, log lines that stay away."""

import logging
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import httpx
import pytest
import stamina

from sources.customerio.client import Client, ConfigError, RateLimits, Unavailable, Unreachable
from sources.customerio.client.limits import workspace_of
from sources.customerio.client.sqlite_bucket import FILE

ClientOf = Callable[..., Client]


class WrongRegion:
    """A Track API in the US that redirects every request to the one in the EU."""

    def __init__(self, status: int, location: str = "https://track-eu.customer.io{path}") -> None:
        self.status = status
        self.location = location
        self.seen: list[tuple[str, str, str | None, bytes]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        authorization = request.headers.get("authorization")
        self.seen.append((request.method, request.url.host, authorization, request.content))
        if request.url.host == "track-eu.customer.io":
            return httpx.Response(200, json={})
        path = request.url.raw_path.decode()
        return httpx.Response(self.status, headers={"Location": self.location.format(path=path)})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_track_api_of_the_other_region_is_followed(client_of: ClientOf, status: int) -> None:
    """The same method, body and keys go to the right region, and later calls go there at once."""
    outside = WrongRegion(status)
    client = client_of(outside)
    client.call("identify", path={"identifier": "a/b"}, body={"plan": "x"})
    client.watching(lambda _: None).call("identify", path={"identifier": "c"}, body={"plan": "y"})
    key = "Basic c2l0ZTp0cmFjay1rZXk="
    assert outside.seen == [
        ("PUT", "track.customer.io", key, b'{"plan":"x"}'),
        ("PUT", "track-eu.customer.io", key, b'{"plan":"x"}'),
        ("PUT", "track-eu.customer.io", key, b'{"plan":"y"}'),
    ]


def test_a_redirect_may_write_the_path_in_its_own_way(client_of: ClientOf) -> None:
    """A path with other signs encoded is the same path, and ours is what is sent again."""
    outside = WrongRegion(308, "https://track-eu.customer.io/api/v1/customers/a@b")
    client_of(outside).call("identify", path={"identifier": "a@b"}, body={})
    assert [host for _, host, _, _ in outside.seen] == ["track.customer.io", "track-eu.customer.io"]


@pytest.mark.parametrize(
    "location",
    [
        "https://example.com{path}",
        "http://track-eu.customer.io{path}",
        "https://track-eu.customer.io/login",
        "https://track.customer.io{path}",
        "http://[",
    ],
)
def test_keys_are_not_carried_elsewhere(client_of: ClientOf, location: str) -> None:
    """A redirect out of Customer.io, to another path or in a circle is an error of the settings."""
    outside = WrongRegion(307, location)
    with pytest.raises(ConfigError, match="CUSTOMERIO_REGION"):
        client_of(outside).call("identify", path={"identifier": "a"}, body={})
    assert {host for _, host, _, _ in outside.seen} == {"track.customer.io"}


def test_the_app_api_is_not_followed(client_of: ClientOf) -> None:
    """A redirect of the App API is no part of it."""
    requests = []

    def outside(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(302, headers={"Location": "https://api-eu.customer.io/v1/campaigns"})

    with pytest.raises(ConfigError, match="was redirected"):
        client_of(outside).call("listCampaigns")
    assert len(requests) == 1


def test_links_and_queries_are_not_logged(
    client_of: ClientOf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Log lines of httpx about the client's requests are dropped, those about other requests are kept."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
    client = client_of(lambda _: httpx.Response(200, json={}))
    with caplog.at_level(logging.DEBUG):
        client.call("getPeopleEmail", query={"email": "jo@example.com"})
        client.download("https://store.example/file?X-Signature=abc", tmp_path / "file")
        with httpx.Client(transport=transport) as other:
            other.get("https://other.example/path")
    assert "jo%40example.com" not in caplog.text
    assert "Signature" not in caplog.text
    assert "other.example" in caplog.text


class Server(BaseHTTPRequestHandler):
    """Answers `{}` and keeps connections; the message `cut` breaks off, the message `slow` never comes."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[set[int]] = set()

    def do_GET(self) -> None:
        """Answer one request."""
        self.connections.add(self.client_address[1])
        if "slow" in self.path:
            # Until the client has had enough and hangs up.
            self.close_connection = not self.rfile.read(1)
            return
        self.send_response(200)
        self.send_header("Content-Length", "99" if "cut" in self.path else "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = "cut" in self.path

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a server on loopback."""
    Server.connections.clear()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    httpd.daemon_threads = True
    thread = Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_connections_are_kept(server: str, tmp_path: Path) -> None:
    """One thread's calls go over one connection."""
    limits = RateLimits(tmp_path, speed=100)
    with Client(app_api_key="key", app_url=server, limits=limits) as client:
        for _ in range(5):
            assert client.call("listCampaigns").body == b"{}"
    limits.close()
    assert len(Server.connections) == 1


class SlowConnection(httpx.HTTPTransport):
    """A network on which a connection takes a while to stand."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, late."""
        time.sleep(0.03)
        return super().handle_request(request)


def test_a_slot_counts_from_when_the_connection_stands(server: str, tmp_path: Path) -> None:
    """The time to connect does not bring requests closer together than their slots."""
    limits = RateLimits(tmp_path)
    with Client(app_api_key="key", app_url=server, limits=limits, transport=SlowConnection()) as client:
        started_ms = time.time_ns() // 1_000_000
        client.call("listCampaigns")
    limits.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        table = f"app_{workspace_of('key')}"
        ((sent_ms,),) = connection.execute(f"SELECT item_timestamp FROM '{table}'").fetchall()
    assert sent_ms - started_ms >= 30


@pytest.mark.parametrize(("message_id", "error"), [("cut", "RemoteProtocolError"), ("slow", "ReadTimeout")])
def test_a_connection_that_breaks_is_unavailable(
    server: str, unlimited: RateLimits, message_id: str, error: str
) -> None:
    """A short answer and a silent server are passing failures."""
    with (
        Client(app_api_key="key", app_url=server, limits=unlimited, timeout_s=0.05) as client,
        pytest.raises(Unavailable, match=error) as caught,
    ):
        client.call("getMessage", path={"message_id": message_id})
    assert caught.value.attempts == 4


def test_a_closed_port_is_unreachable(unlimited: RateLimits) -> None:
    """The error of a closed port names host and setting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            Client(app_api_key="key", app_url=url, limits=unlimited) as client,
            pytest.raises(Unreachable, match=r"CUSTOMERIO_APP_URL") as caught,
        ):
            client.call("listCampaigns")
    assert url.partition("://")[2] in str(caught.value)


def test_a_proxy_is_not_used_for_this_machine(
    server: str, unlimited: RateLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sandbox is reached directly, also if the environment names a proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    for url in (server, server.replace("127.0.0.1", "localhost")):
        with Client(app_api_key="key", app_url=url, limits=unlimited) as client:
            assert client.call("listCampaigns").status == 200


def test_waits_between_tries_are_real(unlimited: RateLimits) -> None:
    """Outside of tests the client really pauses between tries, and ends when the time is up."""
    requests = []

    def outside(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(429, headers={"Retry-After": "0.01"})

    transport = httpx.MockTransport(outside)
    with (
        stamina.set_testing(False),
        Client(app_api_key="key", limits=unlimited, transport=transport, retry_for_s=0.1) as client,
        pytest.raises(Exception, match=r"Given up after \d+ tries"),
    ):
        client.call("listCampaigns")
    assert 2 <= len(requests) <= 11
