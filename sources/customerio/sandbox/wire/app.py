"""The application: one route an operation of the catalogue, the storage host, the control routes.

A path that Customer.io does not have is a 404, like one that it has under another method.
"""

import time
from concurrent.futures import Executor
from urllib.parse import unquote

from starlette.requests import Request
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from sources.customerio.catalogue import OPERATIONS, Operation
from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.stats import LoggedRequest, request_key
from sources.customerio.sandbox.wire import control
from sources.customerio.sandbox.wire.http.auth import refuse
from sources.customerio.sandbox.wire.http.endpoint import ARRIVED, SLASH, Endpoint, asked_path
from sources.customerio.sandbox.wire.http.envelope import Answer, refusal, track_refusal
from sources.customerio.sandbox.wire.http.response import encode, reply
from sources.customerio.sandbox.wire.storage import PATH, Storage

# Older paths that are still answered: of the App API before it left beta [keboola], and of pushes [sdk].
_OLDER = (("/v1/api/", "/v1/"), ("/push/events", "/api/v1/push/events"))


def build(engine: Engine, worker: Executor) -> ASGIApp:
    """The whole application of an engine; blocking work goes to `worker`."""
    routes: list[BaseRoute] = [
        Route(row.path, Endpoint(engine, row, worker), methods=[row.method]) for row in OPERATIONS
    ]
    routes.append(Route(PATH, Storage(engine, worker).get))
    routes.extend(control.routes(engine, worker))
    # Last, for every method: a known path under a method that it does not have ends here too.
    routes.append(Route("/{rest:path}", Unknown(engine)))
    router = Router(routes, redirect_slashes=False)

    async def stamped(scope: Scope, receive: Receive, send: Send) -> None:
        scope[ARRIVED] = time.monotonic()
        scope["path"] = decoded(scope["raw_path"])
        await router(scope, receive, send)

    return stamped


def decoded(raw_path: bytes) -> str:
    """The path with each part decoded for itself, so that an encoded slash in an id stays in its part."""
    path = raw_path.decode("ascii")
    for older, today in _OLDER:
        if path.startswith(older):
            path = today + path.removeprefix(older)
    return "/".join(unquote(part).replace("/", SLASH) for part in path.split("/"))


class Unknown:
    """Answers what no route answers; the key comes first there too."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        told = request_key(request.method, asked_path(scope), await request.body())
        track = scope["path"].startswith("/api/")
        nowhere = Operation(
            id="unknown", api="track" if track else "app", method="GET", path="/", bucket="app", effect="read"
        )
        answer: Answer | None = refuse(
            self._engine, nowhere, request.headers, scope[ARRIVED], asked_path(scope)
        )
        if answer is None:
            answer = track_refusal(404, "not found") if track else refusal(404, "not found")
        self._engine.stats.log(LoggedRequest(scope[ARRIVED], nowhere.id, nowhere.api, answer.status, told))
        now = self._engine.clock.now()
        await reply(scope, receive, send, answer, encode(answer), api=nowhere.api, now=now, faults=[])
