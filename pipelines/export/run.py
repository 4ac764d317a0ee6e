"""The order of work of an export.

    order -> wait -> collect

Each step may run in a process of its own; what one has done, the next one finds in the memory of exports.
"""

import time
from collections.abc import Callable

from pipelines.export.collect import ExportResult, collect
from pipelines.export.create import order
from pipelines.export.poll import wait
from pipelines.export.requests import ExportRequest
from pipelines.notify import Notify, silent
from pipelines.settings import Settings


def export(
    settings: Settings,
    what: ExportRequest,
    *,
    deadline_s: float = 6 * 3600.0,
    wait_s: float = 3600.0,
    notify: Notify = silent,
    pause: Callable[[float], None] = time.sleep,
) -> ExportResult:
    """ExportRequest an export, wait for its file, load it, publish it.

    An equal order that an earlier run did not bring to its end is gone on with, from where it is.

    Args:
        settings: where from, where to.
        what: people or deliveries.
        deadline_s: how long to wait for Customer.io to make the file.
        wait_s: how long to wait for another run that writes the same warehouse.
        notify: told, in a sentence, of each step.
        pause: waits for that many seconds between two looks.

    Raises:
        CustomerioError: see `order`, `wait` and `collect`.
    """
    ticket = order(settings, what, notify=notify)
    ticket = wait(settings, ticket, deadline_s=deadline_s, notify=notify, pause=pause)
    return collect(settings, ticket, wait_s=wait_s, notify=notify)
