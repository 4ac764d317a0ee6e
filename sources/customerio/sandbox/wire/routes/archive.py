"""Archived copies of messages, of which there are a hundred a day (`faults.limits`)."""

from typing import Any

import numpy as np

from sources.customerio.sandbox.state.rules.archive import archived
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext
from sources.customerio.sandbox.wire.routes.messages import row_of


def get_archived(ask: RequestContext) -> dict[str, Any]:
    """What one message said."""
    (copy,) = archived(ask.workspace, np.array([row_of(ask)]))
    return {"archived_message": copy}


HANDLERS: dict[str, Handler] = {"getArchivedMessage": get_archived}
