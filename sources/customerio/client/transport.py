"""One try of one call: take a slot, send the request, follow a redirect, raise the error of the answer."""

import ssl
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

import httpx

from sources.customerio.client.answer_body import ENCODING, body_of
from sources.customerio.client.bounded_network import bound_network
from sources.customerio.client.bounds import Allowance, Bounds, allowed
from sources.customerio.client.calls import Call
from sources.customerio.client.clock import ServerClock
from sources.customerio.client.errors import RateLimited, WrongClock
from sources.customerio.client.forms import form_of
from sources.customerio.client.hosts import Api, Host, may_receive_keys
from sources.customerio.client.large_answers import LargeAnswers
from sources.customerio.client.limits import RateLimits, Slot, workspace_of
from sources.customerio.client.log_filter import hide_request_logs, install
from sources.customerio.client.response import Answer
from sources.customerio.client.status_errors import error_for
from sources.customerio.client.transport_errors import FAILED, failed_exchange

CONNECTIONS = 32
"""Open connections at most: more than the threads that share a client, so that none waits for another."""
IDLE_S = 30.0
"""Seconds that an unused connection is kept; at 10 requests a second, 12 threads use theirs every 1.2 s."""
CONNECT_S = 10.0
"""Seconds for a connection to open; an answer may take longer than that."""
HOPS = 3
"""Redirects from one Track host to the next, first request included."""
QUEUE_S = 60.0
"""Seconds for which a call waits for a slot at least, also if it may not be retried for as long."""
_REDIRECTS = (301, 302, 307, 308)
_DAILY_S = 3_600.0
"""A limit with a window longer than this is a quota of a day."""
_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")


@dataclass(frozen=True)
class Request:
    """One request that was made, for observers.

    Attributes:
        operation: Id of the operation.
        status: HTTP status; None if there was no answer.
        attempt: 1 for the first try of a call.
        seconds: From sending to the end of the answer.
        waited_s: Seconds in the queue of the rate limit before.
        replaced: Characters of the answer that were none and became U+FFFD.
    """

    operation: str
    status: int | None
    attempt: int
    seconds: float
    waited_s: float
    replaced: int = 0


Observer = Callable[[Request], None]
"""Called with every request that was made, in the thread that made it."""


class Transport:
    """The connections to both APIs, their rate limits and their clock. Thread-safe."""

    def __init__(
        self,
        hosts: dict[Api, Host],
        limits: RateLimits,
        transport: httpx.BaseTransport | None,
        timeout_s: float,
        bounds: Bounds,
        *,
        any_clock: bool = False,
    ) -> None:
        install()
        self.bounds = bounds
        self.large = LargeAnswers()
        self._hosts = hosts
        self.limits = limits
        self.clock = ServerClock(any_time=any_clock)
        self.answered: set[Api] = set()
        self.http = httpx.Client(
            transport=transport,
            verify=_trust(),
            # Hosts on this machine are reached directly, also if the environment names a proxy.
            mounts=None if transport else dict.fromkeys(_LOOPBACK, _direct()),
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            limits=_POOL,
            headers={
                "User-Agent": f"customerio-elt/{version('customerio-elt')}",
                "Accept-Encoding": ENCODING,
            },
            follow_redirects=False,
        )
        bound_network(self.http)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The keys of both APIs that were given, and those of a pair in the form that a header has."""
        pairs = [host.keys for host in self._hosts.values() if len(host.keys) > 1 and all(host.keys)]
        return (
            *(b64encode(":".join(map(str, pair)).encode()).decode() for pair in pairs),
            *(key for host in self._hosts.values() for key in host.keys if key),
        )

    def attempt(self, call: Call, number: int, within_s: float, observer: Observer | None) -> Answer:
        """Try the call once. A large answer has its turn in `large` until the caller leaves it.

        Raises:
            CustomerioError: Any of them but WrongCall.
        """
        try:
            return self._answer(call, number, within_s, observer)
        except BaseException:
            self.large.leave()
            raise

    def _answer(self, call: Call, number: int, within_s: float, observer: Observer | None) -> Answer:
        row = call.operation
        for _ in range(HOPS):
            host = self._hosts[row.api]
            request = self._request(call, host)
            slot = self._slot(call, host, within_s)
            response, body = self._exchange(call, host, request, slot, number, observer)
            if not self._moved(host, response):
                break
        if response.is_success:
            return Answer(row.id, response.status_code, body)
        error = error_for(row, host, response.status_code, response.headers, body)
        if isinstance(error, RateLimited):
            self._pause(call, host, error, within_s)
        raise error

    def _request(self, call: Call, host: Host) -> httpx.Request:
        headers = {"Accept": "application/json"}
        if call.operation.authenticated:
            headers["Authorization"] = host.authorization
        method, url = call.operation.method, host.root + call.target
        if call.body is not None and call.operation.body == "multipart":
            fields, files = form_of(call.operation, call.body)
            return self.http.build_request(method, url, data=fields, files=files, headers=headers)
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        return self.http.build_request(method, url, content=call.body, headers=headers)

    def _slot(self, call: Call, host: Host, within_s: float) -> Slot:
        row = call.operation
        try:
            return self.limits.take(row.bucket, workspace_of(host.identity), within_s=max(within_s, QUEUE_S))
        except RateLimited as error:
            error.operation = row.id
            raise

    def _exchange(
        self,
        call: Call,
        host: Host,
        request: httpx.Request,
        slot: Slot,
        number: int,
        observer: Observer | None,
    ) -> tuple[httpx.Response, bytes]:
        request.extensions["trace"] = _moves(slot)
        started = time.monotonic()
        status, replaced = None, 0
        try:
            with hide_request_logs(), self._allowed() as allowance:
                response = self.http.send(request, stream=True)
                status = response.status_code
                self.answered.add(host.api)
                with closing(response):
                    body, replaced = body_of(response, self.bounds, allowance, self.large)
            # After a write, an error would hide that it was accepted.
            with nullcontext() if call.operation.effect == "read" else suppress(WrongClock):
                self.clock.update(response.headers, host=host.name, is_sandbox=not host.is_customer_io)
            return response, body
        except FAILED as error:
            raise failed_exchange(error, call.operation, host) from error
        finally:
            if observer is not None:
                seconds = time.monotonic() - started
                observer(Request(call.operation.id, status, number, seconds, slot.waited_s, replaced))

    def _allowed(self) -> AbstractContextManager[Allowance]:
        # Headers, and the lengths of chunks, are no more than that again.
        return allowed(self.bounds.answer_s, 2 * self.bounds.answer_bytes)

    def _moved(self, host: Host, response: httpx.Response) -> bool:
        """True if the Track API redirects to the host of the workspace's region, which is used from now on.

        https://docs.customer.io/integrations/api/track/ ; the App API answers 401 instead.
        """
        if (
            host.api != "track"
            or response.status_code not in _REDIRECTS
            or "location" not in response.headers
        ):
            return False
        here = response.request.url
        try:
            there = here.join(response.headers["location"])
        except httpx.InvalidURL:
            return False
        # Compared decoded, since the server may encode the same path in another way.
        if there.path != here.path or not may_receive_keys(here.host, there.host, there.scheme):
            return False
        self._hosts[host.api] = replace(host, root=f"{there.scheme}://{there.netloc.decode()}")
        return True

    def _pause(self, call: Call, host: Host, error: RateLimited, within_s: float) -> None:
        """Hold the bucket for all threads and processes, as long as Customer.io asks for."""
        bucket = call.operation.bucket
        if error.retry_after_s is None and self.limits.window_s(bucket) >= _DAILY_S:
            # Customer.io sends no Retry-After when a quota of a day is used up.
            error.retry_after_s = self.limits.window_s(bucket)
        if error.retry_after_s is not None and error.retry_after_s <= within_s:
            self.limits.hold(bucket, workspace_of(host.identity), error.retry_after_s)


_POOL = httpx.Limits(
    max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=IDLE_S
)


@cache
def _trust() -> ssl.SSLContext:
    """The trusted certificate authorities, read once: reading them takes 30 ms."""
    return httpx.create_ssl_context()


def _direct() -> httpx.HTTPTransport:
    return httpx.HTTPTransport(verify=_trust(), limits=_POOL, trust_env=False)


def _moves(slot: Slot) -> Callable[[str, Any], None]:
    """Dates the slot anew once the request is written, so that the next window starts after that."""

    def trace(event: str, _: Any) -> None:
        if event.endswith("send_request_body.complete"):
            slot.sent()

    return trace
