"""The order of work of an export.

    create -> wait -> collect

Each step may run in a process of its own; the registry of exports carries the state from one to the next.
"""

import time
from collections.abc import Callable

from pipelines.export.collect import ExportResult, collect
from pipelines.export.create import create
from pipelines.export.poll import wait
from pipelines.export.requests import ExportRequest
from pipelines.notify import Notify, silent
from pipelines.settings import Settings


def export(
    settings: Settings,
    request: ExportRequest,
    *,
    deadline_s: float = 6 * 3600.0,
    wait_s: float = 3600.0,
    notify: Notify = silent,
    pause: Callable[[float], None] = time.sleep,
) -> ExportResult:
    """Create an export, wait for its file, load it, publish it.

    An equal request that an earlier run did not finish is resumed.

    Args:
        settings: where from, where to.
        request: people or deliveries.
        deadline_s: how long to wait for Customer.io to make the file.
        wait_s: how long to wait for another run that writes the same warehouse.
        notify: called with a sentence at each step.
        pause: waits for that many seconds between two requests for the state.

    Raises:
        CustomerioError: see `create`, `wait` and `collect`.
    """
    created = create(settings, request, notify=notify, look_up=True)
    ready = wait(settings, created, deadline_s=deadline_s, notify=notify, pause=pause)
    return collect(settings, ready, wait_s=wait_s, notify=notify)
