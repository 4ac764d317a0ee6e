"""Progress of a run, as an artifact that the UI shows while it grows: requests left, minutes left."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from pipelines.notify import Notify
from sources.customerio.extract import RunSummary

BEAT_S = 5.0
"""Seconds between two looks; a run that ends before the first one leaves no artifact behind."""


@dataclass(frozen=True)
class Reached:
    """How far a run has come: percent, and the same for people."""

    percent: float
    words: str


@contextmanager
def shown(look: Callable[[], Reached], *, beat_s: float = BEAT_S) -> Iterator[None]:
    """Show what `look` says, at every beat, while the block runs; at its end, that all is done."""
    ended, through = threading.Event(), threading.Event()
    # The artifact is of the run that the context names; the process may end while the server is away.
    watcher = threading.Thread(
        target=copy_context().run, args=(_watch, look, ended, through, beat_s), daemon=True, name="progress"
    )
    watcher.start()
    try:
        yield
        through.set()
    finally:
        ended.set()
        watcher.join(timeout=1.0)


def of(report: RunSummary) -> Callable[[], Reached]:
    """How far a reading that begins now has come, by its report."""
    since = time.monotonic()
    return lambda: _reached(report, time.monotonic() - since)


class Chunks:
    """How far a backfill has come: its chunks that are done, and how far the one under way is."""

    def __init__(self, chunks: int) -> None:
        self._chunks = chunks
        self._done = 0
        self._began = time.monotonic()
        self._inside = of(RunSummary())

    def begin(self, report: RunSummary) -> None:
        """A chunk begins, or begins once more, that is told of in `report`."""
        self._inside = of(report)

    def end(self) -> None:
        """The chunk is done."""
        self._done += 1
        self._inside = of(RunSummary())

    def look(self) -> Reached:
        """The chunk that is under way, and how long those behind it will take by those before."""
        now, left = self._inside(), self._chunks - self._done
        parts = self._done + now.percent / 100.0
        words = f"Chunk {min(self._done + 1, self._chunks):,} of {self._chunks:,}, {max(left - 1, 0):,} left"
        if self._done and left:
            minutes = (time.monotonic() - self._began) / self._done * (self._chunks - parts) / 60
            words = f"{words}; about {max(1, round(minutes)):,} min left"
        return Reached(percent=100.0 * parts / self._chunks, words=f"{words}. {now.words}")


class Steps:
    """How far a piece of work has come that says a sentence at each of its steps."""

    def __init__(self, steps: int, notify: Notify) -> None:
        self._steps = steps
        self._say = notify
        self._said: list[str] = []

    def notify(self, sentence: str) -> None:
        """A step begins."""
        self._said.append(sentence)
        self._say(sentence)

    def look(self) -> Reached:
        """The step that is under way; a step that has to be repeated may make them more than expected."""
        begun = len(self._said)
        percent = 100.0 * max(begun - 1, 0) / max(self._steps, begun)
        return Reached(percent=percent, words=self._said[-1] if self._said else "Beginning.")


def _reached(report: RunSummary, seconds: float) -> Reached:
    tallies = list(report.resources.values())
    made = sum(tally.requests for tally in tallies)
    left = sum(tally.requests_left or 0 for tally in tallies)
    reading = [tally.resource for tally in tallies if tally.started is not None and not tally.done]
    words = [f"{made:,} requests made, {left:,} left that are known of"]
    if made and left:
        words.append(f"about {max(1, round(seconds / made * left / 60)):,} min left")
    if reading:
        words.append(f"reading {', '.join(reading)}")
    return Reached(percent=100.0 * made / max(made + left, 1), words="; ".join(words) + ".")


def _watch(
    look: Callable[[], Reached], ended: threading.Event, through: threading.Event, beat_s: float
) -> None:
    artifact: Any = None
    while not ended.wait(beat_s):
        artifact = _show(artifact, look())
    if artifact is not None and through.is_set():
        _show(artifact, replace(look(), percent=100.0))


def _show(artifact: Any, now: Reached) -> Any:
    """The artifact's id, none if there is none yet."""
    # What an operator sees is not worth a run: the server may be away for a while.
    with suppress(httpx.HTTPError, OSError):
        if artifact is None:
            return create_progress_artifact(now.percent, description=now.words)
        update_progress_artifact(artifact, now.percent, description=now.words)
    return artifact
