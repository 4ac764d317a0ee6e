"""The Track API, version 2: one operation or a batch of operations for each request.

    size -> JSON -> each operation by itself -> write queue

The valid operations of a batch are accepted; 207 lists the invalid ones by `batch_index`. A body that is not
a batch, or is too large, is refused as a whole [track26].
"""

from typing import Any

import msgspec
import orjson

from sources.customerio.sandbox.state.store.track_operation import Op, Problem
from sources.customerio.sandbox.wire.http.accept_writes import accept_write, accept_writes, refusal
from sources.customerio.sandbox.wire.http.error_responses import track_v2_error
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse

_MALFORMED = Problem("malformed", "body", "the body must be a JSON object with an array called batch")
_REFUSED = Problem("invalid", "attributes", "the operation was refused")


class _Batch(msgspec.Struct):
    """A batch whose operations are not decoded: the bytes of each as received."""

    batch: list[msgspec.Raw]


_decoder = msgspec.json.Decoder(_Batch)


@answers("entity")
def entity(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Accepts one operation."""
    if len(context.raw_body) > context.knobs.item_bytes:
        return _too_large(context, context.knobs.item_bytes, "request")
    try:
        op = orjson.loads(context.raw_body)
    except orjson.JSONDecodeError:
        return track_v2_error(_MALFORMED._replace(message="the body must be a JSON object"))
    found = refusal(context, op)
    return accept_write(context, op) if found is None else track_v2_error(found)


@answers("batch")
def batch(context: RequestContext) -> ApiResponse | dict[str, Any]:
    """Accepts the valid operations of a batch and lists the invalid ones."""
    if len(context.raw_body) > context.knobs.batch_bytes:
        return _too_large(context, context.knobs.batch_bytes, "batch")
    try:
        raws = _decoder.decode(context.raw_body).batch
        ops: list[Op] = orjson.loads(context.raw_body)["batch"]
    except (msgspec.MsgspecError, orjson.JSONDecodeError):
        return track_v2_error(_MALFORMED)
    if not ops:
        return track_v2_error(Problem("required", "batch", "batch must have at least one operation"))
    if any(len(memoryview(raw)) > context.knobs.item_bytes for raw in raws):
        return _too_large(context, context.knobs.item_bytes, "operation")
    problems = _problems(context, ops)
    if problems and context.knobs.batch_whole:
        return track_v2_error(*problems.values())
    accepted = ((place, op) for place, op in enumerate(ops) if place not in problems)
    accept_writes(context, accepted, [bytes(raw) for raw in raws])
    if not problems:
        return {}
    errors = [{"batch_index": place, **found._asdict()} for place, found in problems.items()]
    return ApiResponse(status=207, body={"errors": errors})


def _problems(context: RequestContext, ops: list[Op]) -> dict[int, Problem]:
    """The problems of the invalid operations by place in the batch; faults may add some."""
    found = {place: invalid for place, op in enumerate(ops) if (invalid := refusal(context, op)) is not None}
    for fault in context.faults:
        for place in fault.refuse_items:
            if place < len(ops):
                found.setdefault(place, _REFUSED)
    return dict(sorted(found.items()))


def _too_large(context: RequestContext, limit: int, what: str) -> ApiResponse:
    message = f"the {what} cannot be larger than {limit} bytes"
    return track_v2_error(Problem("too_large", "body", message), status=context.knobs.oversize_status)
