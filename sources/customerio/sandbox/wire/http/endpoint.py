"""One operation's place on the wire.

    arrive -> gate -> faults -> handler -> faults -> count -> wait -> send

Handlers run on one worker thread, in the order of arrival: the event loop stays free to stamp the arrival
of the next request at the moment when it comes.
"""

import asyncio
import time
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.faults.fault import Fault
from sources.customerio.sandbox.state.rules import admin
from sources.customerio.sandbox.state.store.errors import NotFound, Refused
from sources.customerio.sandbox.stats import LoggedRequest, request_key
from sources.customerio.sandbox.wire.http import pages
from sources.customerio.sandbox.wire.http.auth import refuse, struck
from sources.customerio.sandbox.wire.http.envelope import Answer, refusal, track_refusal
from sources.customerio.sandbox.wire.http.error_responses import STATUS, refused_by_app
from sources.customerio.sandbox.wire.http.registry import ANSWERS
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext
from sources.customerio.sandbox.wire.http.response import encode, reply
from sources.customerio.sandbox.wire.storage import link

ARRIVED = "sandbox.arrived"
# Stands for an encoded slash while a path is matched with the routes.
SLASH = "\x00"


class Endpoint:
    """Answers one operation, or says 501 and its name."""

    def __init__(self, engine: Engine, operation: Operation, worker: Executor) -> None:
        self._engine = engine
        self._operation = operation
        self._worker = worker
        self._handler: Handler = ANSWERS.get(operation.id, not_modelled)
        # Parameters that an operation does not have are ignored [singer][keboola].
        self._known = frozenset(parameter.name for parameter in operation.query)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        arrived: float = scope.get(ARRIVED) or time.monotonic()
        raw_body = await request.body()
        refused = refuse(self._engine, self._operation, request.headers, arrived, asked_path(scope))
        faults = [] if refused else self._engine.faults.hits(self._operation.id)
        decided = refused or struck(faults, self._operation)
        work = partial(self._work, request, raw_body, decided, faults)
        answer, body = await asyncio.get_running_loop().run_in_executor(self._worker, work)
        status = 0 if any(fault.drop_connection for fault in faults) else answer.status
        told = request_key(request.method, asked_path(scope), raw_body)
        self._engine.stats.log(LoggedRequest(arrived, self._operation.id, self._operation.api, status, told))
        await asyncio.sleep((self._engine.latency_ms + sum(fault.delay_ms for fault in faults)) / 1000)
        now = self._engine.clock.now()
        await reply(scope, receive, send, answer, body, api=self._operation.api, now=now, faults=faults)

    def _work(
        self, request: Request, raw_body: bytes, decided: Answer | None, faults: list[Fault]
    ) -> tuple[Answer, bytes]:
        with self._engine.workspace() as workspace:
            if decided is None:
                query = request.query_params
                ask = RequestContext(
                    operation=self._operation,
                    workspace=workspace,
                    knobs=self._engine.knobs,
                    path={name: value.replace(SLASH, "/") for name, value in request.path_params.items()},
                    query={name: value for name, value in query.items() if name in self._known},
                    raw_body=raw_body,
                    root=str(request.base_url).rstrip("/"),
                    sign=partial(link, self._engine.keys),
                    faults=faults,
                )
                decided = bend(self._handle(ask), faults, self._operation, query.get("start"))
            body = encode(decided)
            for fault in faults:
                if fault.then_delete is not None:
                    with suppress(NotFound):  # an earlier hit may have deleted it
                        admin.delete(workspace, *fault.then_delete)
        return decided, body

    def _handle(self, ask: RequestContext) -> Answer:
        try:
            result = self._handler(ask)
        except Refused as refused:
            if self._operation.api == "track":
                return track_refusal(STATUS[type(refused)], refused.detail)
            return refused_by_app(refused)
        return result if isinstance(result, Answer) else Answer(body=result)


def asked_path(scope: Scope) -> str:
    """The path and query of a request, as sent."""
    query = scope["query_string"].decode("ascii")
    return str(scope["raw_path"].decode("ascii")) + (f"?{query}" if query else "")


def not_modelled(ask: RequestContext) -> Answer:
    """What calls get that the sandbox has no rules for."""
    detail = f"the sandbox does not model {ask.operation.id}"
    return track_refusal(501, detail) if ask.operation.api == "track" else refusal(501, detail)


def bend(answer: Answer, faults: list[Fault], operation: Operation, start: str | None) -> Answer:
    """An answer with its page changed as the faults say."""
    body: Any = answer.body
    key = operation.records
    if not isinstance(body, dict) or key is None or key not in body:
        return answer
    for fault in faults:
        if fault.empty_page:
            lists: dict[str, Any] = {name: [] for name, value in body.items() if isinstance(value, list)}
            body = {**body, **lists, "next": start or pages.BEGINNING}
        if fault.null_rows and not body[key]:
            body = {**body, key: None}
        if fault.give_fields or fault.drop_fields:
            body = {**body, key: [reshaped(row, fault) for row in body[key] or []]}
    return Answer(status=answer.status, body=body, headers=answer.headers)


def reshaped(row: Any, fault: Fault) -> Any:
    """A row with fields given and dropped as the fault says; what is no object stays as it is."""
    if not isinstance(row, dict):
        return row
    changed = {name: value for name, value in row.items() if name not in fault.drop_fields}
    for path, value in fault.give_fields.items():
        name, _, inner = path.partition(".")
        changed[name] = {**(changed.get(name) or {}), inner: value} if inner else value
    return changed
