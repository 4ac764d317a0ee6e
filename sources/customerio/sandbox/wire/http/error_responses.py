"""What becomes of a refusal: its status, and one of the two envelopes that the App API has for it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from sources.customerio.sandbox.state.store.errors import (
    BadRequest,
    Busy,
    Forbidden,
    Invalid,
    NotFound,
    NotReady,
    Refused,
    TooLarge,
)
from sources.customerio.sandbox.wire.http.envelope import Answer, refusal
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

STATUS: dict[type[Refused], int] = {
    NotFound: 404,
    BadRequest: 400,
    Invalid: 422,
    Forbidden: 403,
    TooLarge: 413,
    Busy: 429,
    NotReady: 422,
}


def refused_by_app(refused: Refused) -> Answer:
    """The list of errors, as nearly everywhere [spec26]."""
    answer = refusal(STATUS[type(refused)], refused.detail)
    if isinstance(refused, Invalid):
        answer.body["errors"][0]["source"] = {"pointer": refused.pointer}
    if isinstance(refused, Busy):
        answer.headers["retry-after"] = str(refused.retry_s)
    return answer


def in_meta(*kinds: type[Refused]) -> Callable[[Handler], Handler]:
    """Refusals of those kinds in `{"meta": {"error": ...}}`, as around transactional messages [spec25]."""

    def wrap(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(ask: RequestContext) -> Answer | dict[str, Any]:
            try:
                return handler(ask)
            except kinds as refused:
                return Answer(status=STATUS[type(refused)], body={"meta": {"error": refused.detail}})

        return answer

    return wrap
