"""Progress of a run, as an artifact that the UI shows while it grows: requests left, minutes left."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from sources.customerio.extract import Report

BEAT_S = 5.0
"""Seconds between two looks; a run that ends before the first one leaves no artifact behind."""


@dataclass(frozen=True)
class Reached:
    """How far a run has come: percent, and the same for people."""

    percent: float
    words: str


@contextmanager
def shown(look: Callable[[], Reached], *, beat_s: float = BEAT_S) -> Iterator[None]:
    """Show what `look` says, at every beat, while the block runs."""
    ended = threading.Event()
    # The artifact is of the run that the context names; the process may end while the server is away.
    watcher = threading.Thread(
        target=copy_context().run, args=(_watch, look, ended, beat_s), daemon=True, name="progress"
    )
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join(timeout=1.0)


def of(report: Report) -> Callable[[], Reached]:
    """How far a reading that begins now has come, by its report."""
    since = time.monotonic()
    return lambda: _reached(report, time.monotonic() - since)


def of_chunks(report: Report, done: int, chunks: int, began: float) -> Callable[[], Reached]:
    """How far a backfill has come: `done` of its chunks before the one that `report` is of."""
    inside = of(report)

    def look() -> Reached:
        now = inside()
        parts = done + now.percent / 100.0
        words = f"Chunk {done + 1:,} of {chunks:,}, {chunks - done - 1:,} left after it"
        if done:
            minutes = (time.monotonic() - began) / done * (chunks - parts) / 60
            words = f"{words}; about {max(1, round(minutes)):,} min left"
        return Reached(percent=100.0 * parts / chunks, words=f"{words}. {now.words}")

    return look


def _reached(report: Report, seconds: float) -> Reached:
    tallies = list(report.tallies.values())
    made = sum(tally.requests for tally in tallies)
    left = sum(tally.requests_left or 0 for tally in tallies)
    reading = [tally.resource for tally in tallies if tally.started is not None and not tally.done]
    words = [f"{made:,} requests made, {left:,} left that are known of"]
    if made and left:
        words.append(f"about {max(1, round(seconds / made * left / 60)):,} min left")
    if reading:
        words.append(f"reading {', '.join(reading)}")
    return Reached(percent=100.0 * made / max(made + left, 1), words="; ".join(words) + ".")


def _watch(look: Callable[[], Reached], ended: threading.Event, beat_s: float) -> None:
    artifact: Any = None
    while not ended.wait(beat_s):
        now = look()
        # What an operator sees is not worth a run: the server may be away for a while.
        with suppress(httpx.HTTPError, OSError):
            if artifact is None:
                artifact = create_progress_artifact(now.percent, description=now.words)
            else:
                update_progress_artifact(artifact, now.percent, description=now.words)
