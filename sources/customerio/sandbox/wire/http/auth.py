"""Who may pass: keys first, then the rate limit, then the key's scope."""

from collections.abc import Mapping

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.faults.fault import DETAILS, Fault
from sources.customerio.sandbox.wire.http.envelope import Answer, refusal, track_refusal


def refuse(
    engine: Engine, operation: Operation, headers: Mapping[str, str], arrived: float, path: str
) -> Answer | None:
    """Why a call goes no further, None if it does. A refused call does not count for the limit.

    `path` is the call's path and query, as sent: a Track call to the wrong region's host is sent on there.
    """
    if not operation.authenticated:
        return None
    if operation.api == "track":
        if engine.knobs.track_redirect and operation.id != "getRegion":
            return Answer(status=307, headers={"location": engine.knobs.track_redirect + path})
        return None if engine.keys.allows_track(headers) else track_refusal(401, "Unauthorized request")
    # The wrong region's host knows no key of this account; it looks exactly like a bad key [airbyte].
    if engine.knobs.wrong_region or not engine.keys.allows_app(headers):
        return refusal(401, DETAILS[401])
    over = engine.limits.check(operation.bucket, arrived=arrived, now=engine.clock.now())
    if over is not None:
        waits = {} if over.retry_s is None else {"retry_after": str(over.retry_s)}
        return refusal(429, over.detail, **waits)
    if operation.id in engine.knobs.forbidden:
        return refusal(403, DETAILS[403])
    return None


def struck(faults: list[Fault], operation: Operation) -> Answer | None:
    """The error that the faults put in place of an answer, None if they put none."""
    for fault in faults:
        if fault.status is not None:
            detail = fault.detail or DETAILS.get(fault.status, "error")
            if operation.api == "track":
                version = 2 if operation.path.startswith("/api/v2/") else 1
                answer = track_refusal(fault.status, detail, version=version)
            else:
                answer = refusal(fault.status, detail)
            if fault.retry_after is not None:
                answer.headers["retry-after"] = fault.retry_after
            return answer
    return None
