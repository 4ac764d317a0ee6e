"""Who may pass: keys first, then the rate limit, then the key's scope."""

from collections.abc import Mapping

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.faults.fault import DETAILS, Fault
from sources.customerio.sandbox.faults.limits import APP_REQUESTS
from sources.customerio.sandbox.wire.envelope import Answer, refusal, track_refusal


def refuse(engine: Engine, operation: Operation, headers: Mapping[str, str], arrived: float) -> Answer | None:
    """Why a call goes no further, None if it does. A refused call does not count for the limit."""
    if not operation.authenticated:
        return None
    if operation.api == "track":
        return None if engine.keys.open_track(headers) else track_refusal(401, "Unauthorized request")
    # The wrong region's host knows no key of this account; it looks exactly like a bad key [airbyte].
    if engine.knobs.wrong_region or not engine.keys.open_app(headers):
        return refusal(401, DETAILS[401])
    if engine.limit is not None and operation.bucket == "app" and not engine.limit.admit(arrived):
        return refusal(429, f"rate limited to {APP_REQUESTS} requests per 1s", retry_after="1")
    if operation.id in engine.knobs.forbidden:
        return refusal(403, DETAILS[403])
    return None


def struck(faults: list[Fault], operation: Operation) -> Answer | None:
    """The error that the faults put in place of an answer, None if they put none."""
    for fault in faults:
        if fault.status is not None:
            detail = fault.detail or DETAILS.get(fault.status, "error")
            if operation.api == "track":
                answer = track_refusal(fault.status, detail)
            else:
                answer = refusal(fault.status, detail)
            if fault.retry_after is not None:
                answer.headers["retry-after"] = fault.retry_after
            return answer
    return None
