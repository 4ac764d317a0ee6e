"""One operation over HTTP.

    arrival -> key, rate limit, permissions -> faults -> handler -> page faults -> stats -> latency -> send

Handlers run on one worker thread, in the order of arrival: the event loop stays free to record the arrival
time of the next request at once.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.faults.fault import Fault
from sources.customerio.sandbox.state.rules import admin
from sources.customerio.sandbox.state.store.errors import NotFound, Refused
from sources.customerio.sandbox.state.workspace import Workspace
from sources.customerio.sandbox.stats import LoggedRequest, request_key
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.auth import authorize
from sources.customerio.sandbox.wire.http.error_responses import (
    app_error,
    error_response,
    injected_error,
    track_error,
)
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse, encode, send_response

ARRIVED = "sandbox.arrived"
"""The key in the ASGI scope under which the application puts the arrival time, in monotonic seconds."""
ENCODED_SLASH = "\x00"
"""Replaces an encoded slash while a path is matched with the routes."""


class Endpoint:
    """The ASGI application of one operation; `handler` None answers 501."""

    def __init__(
        self,
        engine: Engine,
        operation: Operation,
        handler: Handler | None,
        *,
        worker: Executor,
        link: Callable[[int, int], str],
    ) -> None:
        self._engine = engine
        self._operation = operation
        self._handler: Handler = handler or not_modelled
        self._worker = worker
        self._link = link
        # Parameters that an operation does not have are ignored [singer][keboola].
        self._known = frozenset(parameter.name for parameter in operation.query)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request, operation = Request(scope, receive), self._operation
        arrived: float = scope.get(ARRIVED) or time.monotonic()
        raw_body = await request.body()
        error = authorize(self._engine, operation, request.headers, arrived, request_target(scope))
        faults = [] if error else self._engine.faults.hits(operation.id, request.path_params)
        error = error or injected_error(faults, operation)
        work = partial(self._respond, request, raw_body, error, faults)
        response, body = await asyncio.get_running_loop().run_in_executor(self._worker, work)
        status = 0 if any(fault.drop_connection for fault in faults) else response.status
        call = request_key(request.method, request_target(scope), raw_body)
        self._engine.stats.log(LoggedRequest(arrived, operation.id, operation.api, status, call))
        await asyncio.sleep((self._engine.latency_ms + sum(fault.delay_ms for fault in faults)) / 1000)
        now = self._engine.clock.now()
        await send_response(scope, receive, send, response, body, api=operation.api, now=now, faults=faults)

    def _respond(
        self, request: Request, raw_body: bytes, error: ApiResponse | None, faults: list[Fault]
    ) -> tuple[ApiResponse, bytes]:
        """The response and its bytes, made while the workspace is held."""
        with self._engine.workspace() as workspace:
            response = error or self._answer(workspace, request, raw_body, faults)
            body = encode(response)
            for fault in faults:
                if fault.then_delete is not None:
                    with suppress(NotFound):  # an earlier hit may have deleted it
                        admin.delete(workspace, *fault.then_delete)
        return response, body

    def _answer(
        self, workspace: Workspace, request: Request, raw_body: bytes, faults: list[Fault]
    ) -> ApiResponse:
        ignored = {name for fault in faults for name in fault.ignore_query}
        query = {name: value for name, value in request.query_params.items() if name not in ignored}
        path = {name: value.replace(ENCODED_SLASH, "/") for name, value in request.path_params.items()}
        context = RequestContext(
            operation=self._operation,
            workspace=workspace,
            knobs=self._engine.knobs,
            path=path,
            query={name: value for name, value in query.items() if name in self._known},
            sent=query,
            raw_body=raw_body,
            root=str(request.base_url).rstrip("/"),
            link=self._link,
            faults=faults,
        )
        try:
            if self._engine.knobs.limits_refused:
                pages.refuse_large(self._operation, context.query)
            result = self._handler(context)
        except Refused as refused:
            return error_response(refused, self._operation.api)
        response = result if isinstance(result, ApiResponse) else ApiResponse(body=result)
        return apply_page_faults(response, faults, self._operation, query.get("start"))


def request_target(scope: Scope) -> str:
    """The path and query of a request, as sent."""
    query = scope["query_string"].decode("ascii")
    return str(scope["raw_path"].decode("ascii")) + (f"?{query}" if query else "")


def not_modelled(context: RequestContext) -> ApiResponse:
    """The 501 of an operation that has no handler."""
    detail = f"the sandbox does not model {context.operation.id}"
    return track_error(501, detail) if context.operation.api == "track" else app_error(501, detail)


def apply_page_faults(
    response: ApiResponse, faults: list[Fault], operation: Operation, start: str | None
) -> ApiResponse:
    """The response with its page emptied or its rows changed by the faults."""
    body: Any = response.body
    key = operation.records
    if not isinstance(body, dict) or key is None or key not in body:
        return response
    for fault in faults:
        if fault.empty_page:
            lists: dict[str, Any] = {name: [] for name, value in body.items() if isinstance(value, list)}
            body = {**body, **lists, "next": start or pages.FIRST_PAGE}
        if fault.null_rows and not body[key]:
            body = {**body, key: None}
        if fault.repeat_rows:
            body = {**body, key: (body[key] or []) * 2}
        if fault.give_fields or fault.drop_fields:
            body = {**body, key: changed_rows(body[key] or [], fault)}
        if fault.drop_rows:
            rows = enumerate(body[key] or [])
            body = {**body, key: [row for place, row in rows if place not in fault.drop_rows]}
        if fault.raw_records:
            raw = [orjson.Fragment(text.encode(errors="surrogateescape")) for text in fault.raw_records]
            body = {**body, key: [*raw, *(body[key] or [])]}
    return ApiResponse(status=response.status, body=body, headers=response.headers)


def changed_rows(rows: list[Any], fault: Fault) -> list[Any]:
    """The rows of a page with the fault's changes, of all or of those `at_rows`."""
    places = fault.at_rows or range(len(rows))
    return [changed_row(row, fault) if place in places else row for place, row in enumerate(rows)]


def changed_row(row: Any, fault: Fault) -> Any:
    """A row with the fault's `give_fields` added and `drop_fields` removed; a row that is no object stays."""
    if not isinstance(row, dict):
        return row
    changed = {name: value for name, value in row.items() if name not in fault.drop_fields}
    for path, value in fault.give_fields.items():
        name, _, inner = path.partition(".")
        changed[name] = {**(changed.get(name) or {}), inner: value} if inner else value
    return changed
