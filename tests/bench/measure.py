"""A figure with its bounds, and measurements in a process of its own."""

import resource
import statistics
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")
_SPAWN = get_context("spawn")


class Wrong(Exception):
    """The work that was measured gave another result than it must, so that its figures say nothing."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure: its subject, its unit, and the value of each run. Bounds are for the median of the runs."""

    what: str
    unit: str
    runs: tuple[float, ...]
    most: float | None = None
    least: float | None = None

    @classmethod
    def of(cls, what: str, value: float, unit: str = "", *, most: float | None = None) -> "Figure":
        """The figure of one run, to a millionth of its unit."""
        return cls(what=what, unit=unit, runs=(round(value, 6),), most=most)

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.runs)

    @property
    def kept(self) -> bool:
        """True if the median is within the bounds; a figure without bounds keeps them."""
        return (self.most is None or self.median <= self.most) and (
            self.least is None or self.median >= self.least
        )


def repeated(times: int, measure: Callable[[], list[Figure]]) -> list[Figure]:
    """The figures of `measure`, which is called that many times, with the values of all calls."""
    rounds = [measure() for _ in range(times)]
    return [_together(figures) for figures in zip(*rounds, strict=True)]


def _together(figures: tuple[Figure, ...]) -> Figure:
    if len(names := {figure.what for figure in figures}) > 1:
        msg = f"One figure has several names: {', '.join(sorted(names))}."
        raise Wrong(msg)
    return replace(figures[0], runs=tuple(value for figure in figures for value in figure.runs))


def in_process(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> tuple[T, float]:
    """The result of `work` in a new process, and the largest resident size of that process in MB.

    The size includes the interpreter's.
    """
    with ProcessPoolExecutor(1, mp_context=_SPAWN, initializer=_not_interactive) as pool:
        return pool.submit(_with_peak, partial(work, *given, **named)).result()


def peak_mb(who: int = resource.RUSAGE_SELF) -> float:
    """The largest resident size, until now, of this process or of its largest child."""
    return resource.getrusage(who).ru_maxrss / 1024


def _with_peak(work: Callable[[], T]) -> tuple[T, float]:
    return work(), peak_mb()


def _not_interactive() -> None:
    """Give the main module a file: without one, DuckDB takes the process for a shell and draws progress."""
    sys.modules["__main__"].__file__ = __file__


@contextmanager
def served(serve: Callable[..., None], *given: Any) -> Iterator[Any]:
    """Run `serve(pipe, *given)` in a process of its own for the length of the block; yields what it sends.

    `serve` sends one message when it is ready, and then calls `until_told`.
    """
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=serve, args=(theirs, *given), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def until_told(pipe: Connection) -> None:
    """Wait until the process at the other end of the pipe closes it, or ends."""
    with suppress(EOFError):
        pipe.recv()
