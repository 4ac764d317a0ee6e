"""Shows the progress of a run: on a terminal as it is now, elsewhere in a line every half minute."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live

from pipelines.cli.tables import ERR, grid, warn
from sources.customerio.extract import ResourceSummary, RunSummary

if TYPE_CHECKING:
    from pipelines.export import HistoryProgress

_EVERY_S = 30.0
# Lines of a terminal that are not rows: the sum, the header, that of those not shown, and a free one.
_OTHER_LINES = 4
_NUMERIC = ("requests", "left", "rows", "to write")


@contextmanager
def progress(summary: RunSummary) -> Iterator[None]:
    """Show the progress of the block's sync on stderr."""
    with _showing(lambda: shown(summary, ERR.height), lambda: so_far(summary)):
        yield


@contextmanager
def history_progress(history: "HistoryProgress") -> Iterator[None]:
    """Show the progress of the block's history on stderr."""
    with _showing(lambda: exports_so_far(history), lambda: exports_so_far(history)):
        yield


@contextmanager
def _showing(render: Callable[[], RenderableType], tell: Callable[[], str]) -> Iterator[None]:
    """Show on a terminal what `render` returns, elsewhere the sentence of `tell` every now and then."""
    if ERR.is_terminal:
        with Live(get_renderable=render, console=ERR, refresh_per_second=4, transient=True):
            yield
        return
    over = threading.Event()
    teller = threading.Thread(target=_tell, args=(tell, over), daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def shown(summary: RunSummary, height: int) -> Group:
    """The sum, and a row for each resource that is being read, as many as fit into `height` lines."""
    active = [tally for tally in list(summary.resources.values()) if not _ended(tally)]
    table, room = grid(("resource", *_NUMERIC), numeric=_NUMERIC), max(height - _OTHER_LINES, 1)
    for tally in active[:room]:
        left = "" if tally.requests_left is None else f"{tally.requests_left:,}"
        counts = (f"{tally.requests:,}", left, f"{tally.read:,}", f"{tally.written:,}")
        table.add_row(tally.resource, *counts)
    more = [f"and {len(active) - room} more"] if len(active) > room else []
    return Group(so_far(summary), table, *more)


def so_far(summary: RunSummary) -> str:
    """The sum of a sync that is under way, as a sentence."""
    tallies = list(summary.resources.values())
    ended, left = sum(map(_ended, tallies)), sum(tally.requests_left or 0 for tally in tallies)
    asked, written = sum(tally.requests for tally in tallies), sum(tally.written for tally in tallies)
    return (
        f"{ended} of {len(tallies)} tables read, {asked:,} requests, {left:,} or more to go, "
        f"{written:,} rows to write."
    )


def exports_so_far(history: "HistoryProgress") -> str:
    """The exports of a history that is under way, as a sentence, with the time left once one has ended."""
    failed = f", {len(history.failed)} failed" if history.failed else ""
    left = "" if history.left_s is None else f"; about {max(1, round(history.left_s / 60)):,} min left"
    return (
        f"{history.loaded} of {history.exports} exports loaded{failed}, {history.under_way} under way, "
        f"{history.rows:,} rows{left}."
    )


def _ended(tally: ResourceSummary) -> bool:
    return tally.done or tally.error is not None or tally.skipped is not None


def _tell(tell: Callable[[], str], over: threading.Event) -> None:
    while not over.wait(_EVERY_S):
        warn(tell())
