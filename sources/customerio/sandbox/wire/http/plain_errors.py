"""Errors without a reference: of Design Studio, assets and the lists of the provider [live-estuary]."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from sources.customerio.sandbox.state.store.errors import Refused
from sources.customerio.sandbox.wire.http.error_responses import error_response
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse


def plain_errors(*kinds: type[Refused]) -> Callable[[Handler], Handler]:
    """Answer errors of those kinds, by default all, with their detail alone."""
    plain = kinds or (Refused,)

    def wrap(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(context: RequestContext, **fixed: Any) -> ApiResponse | dict[str, Any]:
            try:
                return handler(context, **fixed)
            except plain as refused:
                response = error_response(refused, "app")
                response.body["errors"][0]["detail"] = refused.detail
                return response

        return answer

    return wrap
