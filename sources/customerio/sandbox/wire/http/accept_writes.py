"""Accepts writes of the Track API into the workspace's write queue, for both of its versions."""

from collections.abc import Iterable, Sequence
from typing import Any

from sources.customerio.sandbox.state.store.track_operation import (
    Op,
    Problem,
    canonical,
    event_id_problem,
    problem,
)
from sources.customerio.sandbox.wire.http.request_context import RequestContext


def refusal(context: RequestContext, op: object) -> Problem | None:
    """Why an operation is refused, None if it is accepted; the knob `event_ids` may refuse more."""
    found = problem(op)
    if found is None and isinstance(op, dict) and context.knobs.event_ids == "refuse":
        return event_id_problem(op)
    return found


def accept_writes(
    context: RequestContext, ops: Iterable[tuple[int, Op]], raws: Sequence[bytes] | None = None
) -> None:
    """Queue operations, each with its place in the call; `raws` is their JSON as received, by place."""
    inbox, knobs = context.workspace.write_queue, context.knobs
    lost = {place for fault in context.faults for place in fault.drop_items}
    for place, op in ops:
        nth = inbox.accepted + 1
        inbox.accept(
            context.operation.id,
            canonical(op),
            at=context.now,
            delay_s=knobs.apply_delay_s,
            raw=None if raws is None else raws[place],
            lost=place in lost or bool(knobs.drop_every and nth % knobs.drop_every == 0),
            log_size=knobs.keep_writes,
        )


def accept_write(context: RequestContext, op: Op) -> dict[str, Any]:
    """Queue one operation; the answer is 200 with {}, even if the write is dropped later [live-sdk]."""
    accept_writes(context, [(0, op)])
    return {}
