"""The registry of handlers: `@answers("listCampaigns")` makes a function the handler of an operation."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar

from sources.customerio.catalogue import OPERATIONS
from sources.customerio.sandbox.wire.http.request_context import Handler
from sources.customerio.sandbox.wire.http.response import ApiResponse

HANDLERS: dict[str, Handler] = {}
"""The handler of each registered operation, by operation id; `wire.routes` fills it when it is imported."""

Answering = TypeVar("Answering", bound=Callable[..., ApiResponse | dict[str, Any]])


def answers(operation_id: str, **fixed: Any) -> Callable[[Answering], Answering]:
    """Register the decorated function as the handler of an operation.

    One function can answer several operations that differ by a value: the keyword arguments are passed on
    with each request, as in `@answers("sendPush", medium=PUSH)`.

    Raises:
        ValueError: the catalogue has no such operation, or it has a handler already.
    """
    known = [row.id for row in OPERATIONS]
    if operation_id not in known:
        near = get_close_matches(operation_id, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        msg = f"The catalogue has no operation {operation_id!r}.{hint} Add its row to the catalogue first."
        raise ValueError(msg)

    def register(handler: Answering) -> Answering:
        if operation_id in HANDLERS:
            msg = f"The operation {operation_id!r} has a handler already; remove one of the two."
            raise ValueError(msg)
        HANDLERS[operation_id] = partial(handler, **fixed) if fixed else handler
        return handler

    return register
