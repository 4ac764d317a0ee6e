"""Answers become bytes: headers, the clock's date, and the ways in which an answer can go wrong."""

from email.utils import formatdate
from http import HTTPStatus

import orjson
from starlette.types import Receive, Scope, Send

from sources.customerio.sandbox.faults.fault import Fault
from sources.customerio.sandbox.wire.http.envelope import APP_HEADERS, TRACK_HEADERS, Answer

# Put into the scope by the server's protocol: the connection's transport.
TRANSPORT = "sandbox.transport"


def encode(answer: Answer) -> bytes:
    """The body's bytes; the Track API ends its JSON with a newline [live-sdk]."""
    return b"" if answer.body is None else orjson.dumps(answer.body)


async def reply(
    scope: Scope,
    receive: Receive,
    send: Send,
    answer: Answer,
    body: bytes,
    *,
    api: str,
    now: int,
    faults: list[Fault],
) -> None:
    """Send an answer, or what the faults leave of it."""
    if any(fault.drop_connection for fault in faults):
        scope[TRANSPORT].abort()
        await _gone(receive)
        return
    headers = {**(APP_HEADERS if api == "app" else TRACK_HEADERS), "date": formatdate(now, usegmt=True)}
    if api == "track":
        # App answers are chunked; Track answers tell their length, newline included [live-sdk].
        body += b"\n" if body else b""
        headers["content-length"] = str(len(body))
        headers["status"] = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    if not body:
        headers.pop("content-type")
    pairs = [(name.encode(), value.encode()) for name, value in {**headers, **answer.headers}.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    if any(fault.truncate for fault in faults):
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope[TRANSPORT].close()
        await _gone(receive)
        return
    await send({"type": "http.response.body", "body": body})


async def _gone(receive: Receive) -> None:
    """Wait until the server has noticed that the connection is cut; it answers no more then."""
    while (await receive())["type"] != "http.disconnect":
        pass
