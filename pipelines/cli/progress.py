"""Shows the progress of a run: on a terminal as it is now, elsewhere in a line every half minute."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live

from pipelines.cli.tables import ERR, grid, warn
from pipelines.progress import Reached, has_ended, of
from sources.customerio.extract import RunSummary

if TYPE_CHECKING:
    from pipelines.export import HistoryProgress

_EVERY_S = 30.0
# Lines of a terminal without rows: two of the sentence, the header, the rest's number, and a free one.
_OTHER_LINES = 5
_NUMERIC = ("requests", "left", "rows", "to write")


@contextmanager
def progress(summary: RunSummary) -> Iterator[None]:
    """Show the progress of the block's sync on stderr."""
    look = of(summary)
    with _showing(lambda: shown(summary, look(), ERR.height), look):
        yield


@contextmanager
def history_progress(history: "HistoryProgress") -> Iterator[None]:
    """Show the progress of the block's history on stderr."""
    with _showing(lambda: _percent(history.reached), lambda: history.reached):
        yield


@contextmanager
def _showing(render: Callable[[], RenderableType], look: Callable[[], Reached]) -> Iterator[None]:
    """Show on a terminal what `render` returns, elsewhere the sentence of `look` every now and then."""
    if ERR.is_terminal:
        with Live(get_renderable=render, console=ERR, refresh_per_second=4, transient=True):
            yield
        return
    over = threading.Event()
    teller = threading.Thread(target=_tell, args=(look, over), daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def shown(summary: RunSummary, now: Reached, height: int) -> Group:
    """The progress, and a row for each resource that is being read, as many as fit into `height` lines."""
    active = [tally for tally in list(summary.resources.values()) if not has_ended(tally)]
    if not active:
        return Group(_percent(now))
    table, room = grid(("resource", *_NUMERIC), numeric=_NUMERIC), max(height - _OTHER_LINES, 1)
    for tally in active[:room]:
        left = "" if tally.requests_left is None else f"{tally.requests_left:,}"
        counts = (f"{tally.requests:,}", left, f"{tally.read:,}", f"{tally.written:,}")
        table.add_row(tally.resource, *counts)
    more = [f"and {len(active) - room} more"] if len(active) > room else []
    return Group(_percent(now), table, *more)


def _percent(now: Reached) -> str:
    return f"{now.percent:.0f} %: {now.words}."


def _tell(look: Callable[[], Reached], over: threading.Event) -> None:
    while not over.wait(_EVERY_S):
        now = look()
        warn(f"{now.percent:.0f} %: {now.sentence}")
