"""The Track API, version 2: one operation a call, or a batch of them.

    size -> JSON -> each operation by itself -> the write_queue

A batch is taken but for its invalid operations, which 207 lists by `batch_index`; one that is no batch, or
too large, is refused whole [track26].
"""

from typing import Any

import msgspec
import orjson

from sources.customerio.sandbox.state.store.track_operation import Op, Problem, problem
from sources.customerio.sandbox.wire.http.accept_writes import refused_v2, take, take_one
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_MALFORMED = Problem("malformed", "body", "the body must be a JSON object with an array called batch")
_REFUSED = Problem("invalid", "attributes", "the operation was refused")


class _Batch(msgspec.Struct):
    """A batch whose operations are still text: each as it was received."""

    batch: list[msgspec.Raw]


_decoder = msgspec.json.Decoder(_Batch)


def entity(ask: RequestContext) -> Answer | dict[str, Any]:
    """One operation."""
    if len(ask.raw_body) > ask.knobs.item_bytes:
        return _too_large(ask, ask.knobs.item_bytes, "request")
    try:
        op = orjson.loads(ask.raw_body)
    except orjson.JSONDecodeError:
        return refused_v2(_MALFORMED._replace(message="the body must be a JSON object"))
    found = problem(op)
    return take_one(ask, op) if found is None else refused_v2(found)


def batch(ask: RequestContext) -> Answer | dict[str, Any]:
    """Many operations; those that are invalid are listed, the others are accepted."""
    if len(ask.raw_body) > ask.knobs.batch_bytes:
        return _too_large(ask, ask.knobs.batch_bytes, "batch")
    try:
        raws = _decoder.decode(ask.raw_body).batch
        ops: list[Op] = orjson.loads(ask.raw_body)["batch"]
    except (msgspec.MsgspecError, orjson.JSONDecodeError):
        return refused_v2(_MALFORMED)
    if not ops:
        return refused_v2(Problem("required", "batch", "batch must have at least one operation"))
    if any(len(memoryview(raw)) > ask.knobs.item_bytes for raw in raws):
        return _too_large(ask, ask.knobs.item_bytes, "operation")
    problems = _problems(ask, ops)
    if problems and ask.knobs.batch_whole:
        return refused_v2(*problems.values())
    accepted = ((place, op) for place, op in enumerate(ops) if place not in problems)
    take(ask, accepted, [bytes(raw) for raw in raws])
    if not problems:
        return {}
    errors = [{"batch_index": place, **found._asdict()} for place, found in problems.items()]
    return Answer(status=207, body={"errors": errors})


def _problems(ask: RequestContext, ops: list[Op]) -> dict[int, Problem]:
    """What is wrong with which operation, by place; faults may refuse some more."""
    found = {place: wrong for place, op in enumerate(ops) if (wrong := problem(op)) is not None}
    for fault in ask.faults:
        for place in fault.refuse_items:
            if place < len(ops):
                found.setdefault(place, _REFUSED)
    return dict(sorted(found.items()))


def _too_large(ask: RequestContext, limit: int, what: str) -> Answer:
    message = f"the {what} cannot be larger than {limit} bytes"
    return refused_v2(Problem("too_large", "body", message), status=ask.knobs.oversize_status)


HANDLERS: dict[str, Handler] = {"entity": entity, "batch": batch}
