"""The Track API's door: what is accepted goes into the write queue, whatever version it came in by."""

from collections.abc import Iterable, Sequence
from typing import Any

from sources.customerio.sandbox.state.store.track_operation import Op, Problem
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import RequestContext

ACCEPTED: dict[str, Any] = {}
"""What every write answers: 200 and nothing, whatever becomes of it [live-sdk]."""


def take(ask: RequestContext, ops: Iterable[tuple[int, Op]], raws: Sequence[bytes] | None = None) -> None:
    """Accept operations, each with its place in the call; `raws` is their JSON as received, by place."""
    write_queue, knobs = ask.workspace.write_queue, ask.knobs
    lost = {place for fault in ask.faults for place in fault.drop_items}
    for place, op in ops:
        nth = write_queue.accepted + 1
        write_queue.accept(
            ask.operation.id,
            op,
            at=ask.now,
            delay_s=knobs.apply_delay_s,
            raw=None if raws is None else raws[place],
            lost=place in lost or bool(knobs.drop_every and nth % knobs.drop_every == 0),
            log_size=knobs.keep_writes,
        )


def take_one(ask: RequestContext, op: Op) -> dict[str, Any]:
    """Accept one operation."""
    take(ask, [(0, op)])
    return ACCEPTED


def refused_v1(*reasons: str) -> Answer:
    """A 400 of Track v1 [track26]."""
    return Answer(status=400, body={"meta": {"errors": list(reasons)}})


def refused_v2(*problems: Problem, status: int = 400) -> Answer:
    """A refusal of a whole call of Track v2 [track26]."""
    return Answer(status=status, body={"errors": [problem._asdict() for problem in problems]})
