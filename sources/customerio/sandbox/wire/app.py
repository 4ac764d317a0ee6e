"""The ASGI application: a route for each operation of the catalogue, the storage host, the control routes.

An unknown path is a 404, and so is a known path under a method that it does not have (unverified).
"""

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Literal
from urllib.parse import unquote

from starlette.requests import Request
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from sources.customerio.catalogue import OPERATIONS, Operation
from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.stats import LoggedRequest, request_key
from sources.customerio.sandbox.wire import control, storage
from sources.customerio.sandbox.wire.dispatch import engine_of
from sources.customerio.sandbox.wire.http.auth import authorize
from sources.customerio.sandbox.wire.http.endpoint import ARRIVED, ENCODED_SLASH, Endpoint, request_target
from sources.customerio.sandbox.wire.http.error_responses import unknown_route
from sources.customerio.sandbox.wire.http.response import encode, send_response
from sources.customerio.sandbox.wire.routes import HANDLERS

# Older paths that are still answered: of the App API before it left beta [keboola], and of pushes [sdk].
_OLDER = (("/v1/api/", "/v1/"), ("/push/events", "/api/v1/push/events"))


def build(engines: Sequence[Engine], worker: Executor, control_key: str | None = None) -> ASGIApp:
    """The whole application of an account's engines; blocking work runs on `worker`.

    With a `control_key`, the control routes answer only requests that carry it.
    """
    routers = {id(engine): _router(engine, worker) for engine in engines}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        scope[ARRIVED] = time.monotonic()
        scope["path"] = decoded_path(scope["raw_path"])
        if control_key is not None and not control.is_allowed(scope, control_key):
            await control.refused(scope, receive, send)
            return
        await routers[id(engine_of(engines, scope))](scope, receive, send)

    return application


def _router(engine: Engine, worker: Executor) -> Router:
    """The routes of one workspace."""
    link = partial(storage.link, engine)
    routes: list[BaseRoute] = [
        Route(
            row.path,
            Endpoint(engine, row, HANDLERS.get(row.id), worker=worker, link=link),
            methods=[row.method],
        )
        # A literal part goes before a parameter: letters sort before `{`.
        for row in sorted(OPERATIONS, key=lambda row: row.path)
    ]
    routes.append(Route(storage.PATH, storage.Storage(engine, worker).get))
    routes.extend(control.routes(engine, worker))
    # Last, and for every method: a known path under a method that it does not have ends here too.
    routes.append(Route("/{rest:path}", Unknown(engine)))
    return Router(routes, redirect_slashes=False)


def decoded_path(raw_path: bytes) -> str:
    """The path with each part decoded by itself, so that an encoded slash in an id does not split the id."""
    path = raw_path.decode("ascii")
    for older, current in _OLDER:
        if path.startswith(older):
            path = current + path.removeprefix(older)
    return "/".join(unquote(part).replace("/", ENCODED_SLASH) for part in path.split("/"))


class Unknown:
    """Answers requests that no route matches: 401 without a valid key, else 404."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request, target, arrived = Request(scope, receive), request_target(scope), scope[ARRIVED]
        call = request_key(request.method, target, await request.body())
        api: Literal["app", "track"] = "track" if scope["path"].startswith("/api/") else "app"
        row = Operation(id="unknown", api=api, method="GET", path="/", bucket="app", effect="read")
        response = authorize(self._engine, row, request.headers, arrived, target)
        if response is None:
            response = unknown_route(api)
        self._engine.stats.log(LoggedRequest(arrived, row.id, api, response.status, call))
        now = self._engine.clock.now()
        await send_response(scope, receive, send, response, encode(response), api=api, now=now, faults=[])
