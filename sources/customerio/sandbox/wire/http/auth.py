"""The checks before a handler: first the key, then the rate limit, then the key's permissions."""

from collections.abc import Mapping

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.faults.fault import DETAILS
from sources.customerio.sandbox.wire.http.error_responses import (
    app_error,
    track_error,
    unauthorized,
    unknown_route,
)
from sources.customerio.sandbox.wire.http.response import ApiResponse


def authorize(
    engine: Engine, operation: Operation, headers: Mapping[str, str], arrived: float, target: str
) -> ApiResponse | None:
    """Check one request; the error response or redirect if it may not proceed, None if it may.

    A request that fails a check does not count against the rate limit. `target` is the path and query as
    sent: the wrong region's Track host redirects to it.
    """
    if not operation.authenticated:
        return None
    if operation.api == "track":
        if engine.knobs.track_redirect and operation.id != "getRegion":
            return ApiResponse(status=307, headers={"location": engine.knobs.track_redirect + target})
        return None if engine.keys.allows_track(headers) else track_error(401, "Unauthorized request")
    # The wrong region's host has no key of this account; the answer is the same as for a bad key [airbyte].
    if engine.knobs.wrong_region or not engine.keys.allows_app(headers):
        return unauthorized(operation)
    over = engine.limits.check(operation.bucket, arrived=arrived, now=engine.clock.now())
    if over is not None:
        response = app_error(429, over.detail)
        if over.retry_s is not None:
            response.headers["retry-after"] = str(over.retry_s)
        return response
    if operation.id in engine.knobs.not_served:
        return unknown_route(operation.api)
    if operation.id in engine.knobs.forbidden:
        return app_error(403, DETAILS[403])
    return None
