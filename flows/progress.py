"""Progress of a run in its artifact: percent, tables done, rows, requests left, minutes left."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass

from flows import artifact
from pipelines.export import HistoryProgress
from pipelines.notify import Notify
from sources.customerio.extract import RunSummary

BEAT_S = 5.0
"""Seconds between two updates."""


# A text that is on its way has to be there before the run's result.
_JOIN_S = 5.0


@dataclass(frozen=True)
class Reached:
    """The progress of a run: percent, and a sentence for the operator."""

    percent: float
    words: str


@contextmanager
def shown(look: Callable[[], Reached], *, beat_s: float = BEAT_S) -> Iterator[None]:
    """Show the progress that `look` returns every `beat_s` seconds while the block runs."""
    ended, shown_in = threading.Event(), artifact.current()
    # A daemon thread does not keep the process alive if the server does not answer.
    watcher = threading.Thread(
        target=copy_context().run, args=(_watch, look, shown_in, ended, beat_s), daemon=True, name="progress"
    )
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join(timeout=_JOIN_S)


def of(summary: RunSummary) -> Callable[[], Reached]:
    """A function that returns the progress of a run that begins now, from its summary."""
    since = time.monotonic()
    return lambda: _reached(summary, time.monotonic() - since)


class Chunks:
    """The progress of a backfill: the chunks that are done, and the progress of the current one."""

    def __init__(self, chunks: int) -> None:
        self._chunks = chunks
        self._done = 0
        self._began = time.monotonic()
        self._inside = of(RunSummary())

    def begin(self, summary: RunSummary) -> None:
        """Start a chunk, or a retry of it; `summary` counts its requests and rows."""
        self._inside = of(summary)

    def end(self) -> None:
        """Count the chunk as done."""
        self._done += 1
        self._inside = of(RunSummary())

    def look(self) -> Reached:
        """The current chunk, and the minutes left by the average of the chunks that are done."""
        now, left = self._inside(), self._chunks - self._done
        parts = self._done + now.percent / 100.0
        words = f"Chunk {min(self._done + 1, self._chunks):,} of {self._chunks:,}, {max(left - 1, 0):,} left"
        if self._done and left:
            minutes = (time.monotonic() - self._began) / self._done * (self._chunks - parts) / 60
            words = f"{words}; about {max(1, round(minutes)):,} min left"
        return Reached(percent=100.0 * parts / self._chunks, words=f"{words}. {now.words}")


def of_history(history: HistoryProgress) -> Callable[[], Reached]:
    """A function that returns the progress of a backfill by exports."""

    def look() -> Reached:
        ended = history.loaded + len(history.failed)
        words = f"{ended:,} of {history.exports:,} exports, {history.under_way} under way"
        if history.left_s is not None and ended < history.exports:
            words = f"{words}; about {max(1, round(history.left_s / 60)):,} min left"
        return Reached(percent=100.0 * ended / max(history.exports, 1), words=f"{words}.")

    return look


class Steps:
    """The progress of a task that notifies with a sentence at the start of each of its steps."""

    def __init__(self, steps: int, notify: Notify) -> None:
        self._steps = steps
        self._notify = notify
        self._sentences: list[str] = []

    def notify(self, sentence: str) -> None:
        """Start a step, named by the sentence."""
        self._sentences.append(sentence)
        self._notify(sentence)

    def look(self) -> Reached:
        """The current step; retried steps can make more of them than `steps`."""
        begun = len(self._sentences)
        percent = 100.0 * max(begun - 1, 0) / max(self._steps, begun)
        return Reached(percent=percent, words=self._sentences[-1] if self._sentences else "Starting.")


def _reached(summary: RunSummary, seconds: float) -> Reached:
    tallies = list(summary.resources.values())
    made = sum(tally.requests for tally in tallies)
    left = sum(tally.requests_left or 0 for tally in tallies)
    reading = [tally.resource for tally in tallies if tally.started is not None and not tally.done]
    words = [
        f"{sum(tally.done for tally in tallies)} of {len(tallies)} tables done",
        f"{sum(tally.read for tally in tallies):,} rows read",
        f"{made:,} requests made, at least {left:,} left",
    ]
    if made and left:
        words.append(f"about {max(1, round(seconds / made * left / 60)):,} min left")
    if reading:
        words.append(f"reading {', '.join(reading)}")
    return Reached(percent=100.0 * made / max(made + left, 1), words="; ".join(words) + ".")


def _watch(
    look: Callable[[], Reached], shown_in: artifact.RunArtifact, ended: threading.Event, beat_s: float
) -> None:
    while not ended.wait(beat_s):
        now = look()
        shown_in.show(now.percent, now.words)
