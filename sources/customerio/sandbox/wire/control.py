"""The control routes under `/_sandbox/`: read, edit, move in time and break the sandbox.

They take no key, but for a sandbox that other machines reach: there, `Authorization: Bearer KEY`.

GET   /_sandbox/             HTML page: the operations and if they are answered
GET   /_sandbox/requests     numbers and arrival times of the API requests
GET   /_sandbox/writes       the writes that the Track API accepted and their outcomes, one JSON object a line
GET   /_sandbox/webhooks     the signing key, and the requests to reporting webhooks
GET   /_sandbox/rows/TABLE   every row that a complete load of the table has, one JSON object a line
GET   /_sandbox/clock        {"now": unix}
POST  /_sandbox/clock        {"advance_s": n}
GET   /_sandbox/faults       active faults
POST  /_sandbox/faults       one fault, a list of faults, or {"clear": true}
POST  /_sandbox/knobs        {knob: value}
POST  /_sandbox/rotate       {"api": "app"} or {"api": "track"}; replaces the keys, and answers the new ones
POST  /_sandbox/reset        resets workspace, clock, faults, knobs and counts
POST  /_sandbox/add          {"kind", "fields"}; answers {"id"}
POST  /_sandbox/edit         {"kind", "id", "fields"}
POST  /_sandbox/delete       {"kind", "id"}
POST  /_sandbox/suppress     {"person"}
POST  /_sandbox/join         {"segment_id", "person"}, and the same for leave

In an account these paths are of its first workspace; `/_sandbox/workspaces/ID/...` are those of the workspace
with that id. The clock and a reset are the account's.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from hmac import compare_digest
from html import escape
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from sources.customerio.catalogue import OPERATIONS
from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.faults.fault import Fault
from sources.customerio.sandbox.state.rules import admin
from sources.customerio.sandbox.state.store.errors import NotFound, Refused
from sources.customerio.sandbox.wire.routes import HANDLERS

ROOT = "/_sandbox"
Control = Callable[[Engine, Any], Any]
_LINES = "application/x-ndjson"


def routes(engine: Engine, worker: Executor) -> list[Route]:
    """The control routes of an engine."""

    def route(path: str, method: str, control: Control) -> Route:
        async def answer(request: Request) -> Response:
            given = await _given(request)
            return await asyncio.get_running_loop().run_in_executor(worker, _answer, engine, control, given)

        return Route(ROOT + path, answer, methods=[method])

    async def page(request: Request) -> Response:  # noqa: ARG001 -- starlette passes it
        return HTMLResponse(coverage_page())

    async def unknown(request: Request) -> Response:
        error = f"There is no control {request.method} {request.url.path}; see {ROOT}/ and the README."
        return _json({"error": error}, 404)

    return [
        Route(ROOT + "/", page),
        *(route(*row) for row in _CONTROLS),
        Route(ROOT + "{rest:path}", unknown, methods=["GET", "POST", "PUT", "DELETE"]),
    ]


def is_allowed(scope: Scope, key: str) -> bool:
    """True if the request is for no control route, or carries the key as `Authorization: Bearer KEY`."""
    if scope["path"].partition("/")[2].partition("/")[0] != ROOT.removeprefix("/"):
        return True
    given = dict(scope["headers"]).get(b"authorization", b"")
    return compare_digest(given, f"Bearer {key}".encode())


refused = Response(
    orjson.dumps(
        {"error": "The control routes of this sandbox need its control key: Authorization: Bearer KEY."}
    ),
    401,
    {"WWW-Authenticate": "Bearer"},
    media_type="application/json",
)
"""The answer to a request for a control route without the key."""


def coverage_page() -> str:
    """The HTML page that lists every operation of the catalogue and if it is answered."""
    lines = [
        f"<tr><td>{'yes' if row.id in HANDLERS else ''}</td><td>{row.api}</td>"
        f"<td>{escape(row.id)}</td><td><code>{escape(f'{row.method} {row.path}')}</code></td></tr>"
        for row in OPERATIONS
    ]
    answered = sum(row.id in HANDLERS for row in OPERATIONS)
    return (
        "<!doctype html><title>Customer.io sandbox</title><h1>Customer.io sandbox</h1>"
        f"<p>{answered} of {len(OPERATIONS)} operations are answered; the others get 501.</p>"
        "<table><tr><th>answered</th><th>API</th><th>operation</th><th>call</th></tr>"
        f"{''.join(lines)}</table>"
    )


async def _given(request: Request) -> Any:
    if request.method == "GET":
        return dict(request.path_params)
    body = await request.body()
    try:
        return orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return None


def _answer(engine: Engine, control: Control, given: Any) -> Response:
    try:
        result = control(engine, given)
    except KeyError as missing:
        return _json({"error": f"The body lacks {missing}; see {ROOT}/ and the sandbox's README."}, 400)
    except (AttributeError, TypeError, ValueError) as wrong:
        return _json({"error": f"The body was not understood: {wrong}"}, 400)
    except Refused as refused:
        return _json({"error": refused.detail}, 404 if isinstance(refused, NotFound) else 400)
    return result if isinstance(result, Response) else _json(result)


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


def _clock(engine: Engine, given: Any) -> Any:
    engine.clock.advance(given["advance_s"])
    return _now(engine, given)


def _now(engine: Engine, given: Any) -> Any:  # noqa: ARG001 -- all controls are called alike
    with engine.workspace() as workspace:
        return {"now": workspace.now}


def _faults(engine: Engine, given: Any) -> Any:
    if isinstance(given, dict) and given.get("clear"):
        engine.faults.clear()
    else:
        rows = given if isinstance(given, list) else [given]
        engine.faults.add(*(Fault.from_json(row) for row in rows))
    return {"faults": engine.faults.describe()}


def _knobs(engine: Engine, given: Any) -> Any:
    engine.knobs.set(given)
    return {"set": sorted(given)}


def _rotate(engine: Engine, given: Any) -> Any:
    engine.keys = engine.keys.rotated(given["api"])
    names = ("app_api_key",) if given["api"] == "app" else ("track_site_id", "track_api_key")
    return {name: getattr(engine.keys, name) for name in names}


def _reset(engine: Engine, given: Any) -> Any:
    engine.reset()
    return _now(engine, given)


def _rows(engine: Engine, given: Any) -> Any:
    rows = engine.rows(given["table"])
    return StreamingResponse((orjson.dumps(row) + b"\n" for row in rows), media_type=_LINES)


def _writes(engine: Engine, given: Any) -> Any:  # noqa: ARG001 -- all controls are called alike
    return Response(b"".join(orjson.dumps(row) + b"\n" for row in engine.writes()), media_type=_LINES)


def _webhooks(engine: Engine, given: Any) -> Any:  # noqa: ARG001 -- all controls are called alike
    return {"signing_key": engine.reporter.key, "attempts": engine.reporter.attempts()}


def _add(engine: Engine, given: Any) -> Any:
    with engine.workspace() as workspace:
        return {"id": admin.add(workspace, given["kind"], given["fields"])}


def _edit(engine: Engine, given: Any) -> Any:
    with engine.workspace() as workspace:
        admin.edit(workspace, given["kind"], given["id"], given["fields"])
    return {"id": given["id"]}


def _delete(engine: Engine, given: Any) -> Any:
    with engine.workspace() as workspace:
        admin.delete(workspace, given["kind"], given["id"])
    return {"id": given["id"]}


def _suppress(engine: Engine, given: Any) -> Any:
    with engine.workspace() as workspace:
        admin.suppress(workspace, given["person"])
    return {"person": given["person"]}


def _membership(*, member: bool) -> Control:
    def change(engine: Engine, given: Any) -> Any:
        with engine.workspace() as workspace:
            admin.set_member(workspace, int(given["segment_id"]), given["person"], member=member)
        return {"segment_id": given["segment_id"], "member": member}

    return change


_CONTROLS: tuple[tuple[str, str, Control], ...] = (
    ("/requests", "GET", lambda engine, given: engine.stats.describe()),  # noqa: ARG005
    ("/writes", "GET", _writes),
    ("/webhooks", "GET", _webhooks),
    ("/rows/{table}", "GET", _rows),
    ("/clock", "GET", _now),
    ("/clock", "POST", _clock),
    ("/faults", "GET", lambda engine, given: {"faults": engine.faults.describe()}),  # noqa: ARG005
    ("/faults", "POST", _faults),
    ("/knobs", "POST", _knobs),
    ("/rotate", "POST", _rotate),
    ("/reset", "POST", _reset),
    ("/add", "POST", _add),
    ("/edit", "POST", _edit),
    ("/delete", "POST", _delete),
    ("/suppress", "POST", _suppress),
    ("/join", "POST", _membership(member=True)),
    ("/leave", "POST", _membership(member=False)),
)
