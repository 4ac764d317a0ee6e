"""Progress of a run in its artifact: percent, a bar, and a sentence."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context

from flows import artifact
from pipelines.notify import Notify
from pipelines.progress import Reached, minutes_left, of
from sources.customerio.extract import RunSummary

BEAT_S = 5.0
"""Seconds between two updates."""


# A text that is on its way has to be there before the run's result.
_JOIN_S = 5.0


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
            seconds = (time.monotonic() - self._began) / self._done * (self._chunks - parts)
            words = f"{words}; {minutes_left(seconds)}"
        return Reached(100.0 * parts / self._chunks, f"{words}. {now.words}", now.reading)


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
        sentence = self._sentences[-1] if self._sentences else "Starting"
        return Reached(percent, sentence.removesuffix("."))


def _watch(
    look: Callable[[], Reached], shown_in: artifact.RunArtifact, ended: threading.Event, beat_s: float
) -> None:
    while not ended.wait(beat_s):
        now = look()
        shown_in.show(now.percent, now.sentence)
