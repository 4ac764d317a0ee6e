"""Archived copies of messages; the rate limit is a hundred a day (`faults.limits`)."""

from typing import Any

import numpy as np

from sources.customerio.sandbox.state.rules.archive import archived
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.routes.messages import row_of


@answers("getArchivedMessage")
def get_archived(context: RequestContext) -> dict[str, Any]:
    """Returns the content of one delivery as it was sent."""
    (copy,) = archived(context.workspace, np.array([row_of(context)]))
    return {"archived_message": copy}
