"""The error bodies of the two APIs: one list of errors for the App API, other forms for the Track API."""

import time
from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.faults.fault import DETAILS, Fault
from sources.customerio.sandbox.state.store.errors import (
    BadRequest,
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotReady,
    Refused,
    TooLarge,
)
from sources.customerio.sandbox.state.store.ids import ulid
from sources.customerio.sandbox.state.store.track_operation import Problem
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse

_STATUS: dict[type[Refused], int] = {
    NotFound: 404,
    BadRequest: 400,
    Conflict: 409,
    Invalid: 422,
    Forbidden: 403,
    TooLarge: 413,
    Busy: 429,
    NotReady: 422,
}


PLAIN_404 = "404 page not found"
"""The text of the App API's answer to a path that it does not serve [live-estuary]."""
_answered = count(1)


def app_error(status: int, detail: str, *, verbatim: bool = False) -> ApiResponse:
    """An App API error: `detail` and `status`, both text [spec26].

    The detail ends with a reference for the support team, a new ULID for each answer; a `verbatim` detail has
    none, as with types of suppressions [live-estuary].
    """
    shown = detail if verbatim else f"{detail} (reference {ulid(int(time.time()), next(_answered))})"
    error: dict[str, Any] = {"detail": shown, "status": str(status)}
    if status == 401:
        error["code"] = "invalid_credentials"
    return ApiResponse(status=status, body={"errors": [error]})


def unauthorized(operation: Operation) -> ApiResponse:
    """The 401 of the App API; transactional sends have a form of their own [sdk]."""
    if operation.path.startswith("/v1/send/"):
        return ApiResponse(status=401, body={"meta": {"error": "Unauthorized"}})
    return app_error(401, DETAILS[401])


def unknown_route(api: str) -> ApiResponse:
    """The 404 for a path that no route has: plain text on the App API, which is no JSON [live-estuary]."""
    if api == "track":
        return track_error(404, "not found")
    return plain_text(404, PLAIN_404)


def plain_text(status: int, text: str) -> ApiResponse:
    """An answer that is text and no JSON."""
    return ApiResponse(
        status=status, body=text.encode(), headers={"content-type": "text/plain; charset=utf-8"}
    )


def track_error(status: int, detail: str, *, version: int = 1) -> ApiResponse:
    """A Track API error: a list of reasons for 400, and a list of objects in version 2 [track26].

    The bodies of other errors are not documented (unverified).
    """
    if version == 2:
        return track_v2_error(Problem(detail, "", detail), status=status)
    if status == 400:
        return track_v1_error(detail)
    return ApiResponse(status=status, body={"meta": {"error": detail}})


def track_v1_error(*reasons: str) -> ApiResponse:
    """A 400 of Track v1 [track26]."""
    return ApiResponse(status=400, body={"meta": {"errors": list(reasons)}})


def track_v2_error(*problems: Problem, status: int = 400) -> ApiResponse:
    """The error of a whole call of Track v2 [track26]."""
    return ApiResponse(status=status, body={"errors": [problem._asdict() for problem in problems]})


def error_response(refused: Refused, api: str) -> ApiResponse:
    """The response for an error that the workspace raised, as nearly all operations give it [spec26].

    A 404 of the App API does not say which record is missing [live-estuary].
    """
    status = _STATUS[type(refused)]
    if api == "track":
        return track_error(status, refused.detail)
    nameless = status == 404 and not refused.verbatim
    detail = DETAILS[404] if nameless else refused.detail
    response = app_error(status, detail, verbatim=refused.verbatim)
    if isinstance(refused, Invalid):
        response.body["errors"][0]["source"] = {"pointer": refused.pointer}
    if isinstance(refused, Busy):
        response.headers["retry-after"] = str(refused.retry_s)
    return response


def errors_in_meta(*kinds: type[Refused]) -> Callable[[Handler], Handler]:
    """Answer errors of those kinds with `{"meta": {"error": ...}}`, as transactional messages do [spec25]."""

    def wrap(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(context: RequestContext, **fixed: Any) -> ApiResponse | dict[str, Any]:
            try:
                return handler(context, **fixed)
            except kinds as refused:
                return ApiResponse(status=_STATUS[type(refused)], body={"meta": {"error": refused.detail}})

        return answer

    return wrap


def injected_error(faults: list[Fault], operation: Operation) -> ApiResponse | None:
    """The response that a fault sets in place of the answer, mostly an error; None if no fault does."""
    for replaced in faults:
        if replaced.text is not None:
            return plain_text(replaced.status or 200, replaced.text)
        if replaced.document is not None and replaced.status is None:
            return ApiResponse(body=replaced.document)
    fault = next((fault for fault in faults if fault.status is not None), None)
    if fault is None or fault.status is None:
        return None
    detail = fault.detail or DETAILS.get(fault.status, "error")
    if operation.api == "track":
        version = 2 if operation.path.startswith("/api/v2/") else 1
        response = track_error(fault.status, detail, version=version)
    else:
        response = app_error(fault.status, detail)
    if fault.retry_after is not None:
        response.headers["retry-after"] = fault.retry_after
    return response
