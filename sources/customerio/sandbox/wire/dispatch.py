"""Finds the workspace of a request: by its key, by its download link, or by the path of its control route."""

import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import Scope

from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.wire import control, storage

_NAMED = re.compile(f"{storage.FOLDER}/export-([0-9]+)-|{control.ROOT}/workspaces/([0-9]+)(?=/)")


def engine_of(engines: Sequence[Engine], scope: Scope) -> Engine:
    """The engine that answers a request; the first one if the request names none, as without a known key.

    `scope["path"]` loses the workspace's part of a control route: `/_sandbox/workspaces/ID/clock` is
    `/_sandbox/clock` of that workspace.
    """
    named = _NAMED.match(scope["path"])
    if named is None:
        headers = Headers(scope=scope)
        known = (one for one in engines if one.keys.allows_app(headers) or one.keys.allows_track(headers))
        return next(known, engines[0])
    if named[2] is not None:
        scope["path"] = control.ROOT + scope["path"][named.end() :]
    workspace_id = int(named[1] or named[2])
    return next((one for one in engines if one.id == workspace_id), engines[0])
