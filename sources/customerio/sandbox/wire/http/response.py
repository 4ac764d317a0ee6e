"""An answer of the two APIs: its status, body and headers, how it becomes bytes, and how it is sent."""

from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from sources.customerio.sandbox.faults.fault import Fault

Headers = dict[str, str]

# As recorded from the live App API; there are no rate-limit headers and no request id [live-sdk].
APP_HEADERS: Headers = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "must-revalidate,no-cache,no-store",
    "pragma": "no-cache",
    "expires": "0",
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "x-xss-protection": "1; mode=block",
    "referrer-policy": "no-referrer-when-downgrade",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "access-control-allow-origin": "https://fly.customer.io",
    "via": "1.1 google",
}
TRACK_HEADERS: Headers = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-cache, no-store, must-revalidate, max-age=0",
    "access-control-allow-origin": "*",
    "status": "200 OK",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "via": "1.1 google",
}
SANDBOX_TIME = "x-sandbox-time"
"""The header with the sandbox's time in Unix seconds, which Customer.io does not send."""
TRANSPORT = "sandbox.transport"
"""The key in the ASGI scope under which the server's protocol puts the connection's transport."""


@dataclass(frozen=True, kw_only=True)
class ApiResponse:
    """A response before it is bytes.

    A `body` of None is sent as an empty body, as with a 204; bytes are sent as they are.
    """

    status: int = 200
    body: Any = None
    headers: Headers = field(default_factory=dict)


def encode(response: ApiResponse) -> bytes:
    """The body as JSON; empty for None, and bytes as they are."""
    if isinstance(response.body, bytes):
        return response.body
    return b"" if response.body is None else orjson.dumps(response.body)


async def send_response(
    scope: Scope,
    receive: Receive,
    send: Send,
    response: ApiResponse,
    body: bytes,
    *,
    api: str,
    now: int,
    faults: list[Fault],
) -> None:
    """Send a response; a fault may cut the connection before it or in the middle of it."""
    if any(fault.drop_connection for fault in faults):
        scope[TRANSPORT].abort()
        await _until_disconnected(receive)
        return
    if api == "track" and body:
        body += b"\n"  # the Track API ends its JSON with a newline [live-sdk]
    pairs = [
        (name.encode(), value.encode()) for name, value in _headers(response, body, api, now, faults).items()
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": pairs})
    if any(fault.truncate for fault in faults):
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope[TRANSPORT].close()
        await _until_disconnected(receive)
        return
    await send({"type": "http.response.body", "body": body})


def _headers(response: ApiResponse, body: bytes, api: str, now: int, faults: list[Fault]) -> Headers:
    date = now + sum(fault.date_off_s for fault in faults)
    headers = {
        **(APP_HEADERS if api == "app" else TRACK_HEADERS),
        "date": formatdate(date, usegmt=True),
        SANDBOX_TIME: str(now),
    }
    if api == "track":
        # App answers are chunked; Track answers state their length, newline included [live-sdk].
        headers["content-length"] = str(len(body))
        headers["status"] = f"{response.status} {HTTPStatus(response.status).phrase}"
    if not body:
        headers.pop("content-type")
    return {**headers, **response.headers}


async def _until_disconnected(receive: Receive) -> None:
    """Wait until the server has noticed that the connection is cut; it sends nothing after that."""
    while (await receive())["type"] != "http.disconnect":
        pass
