"""A figure, its measurement in a process of its own, and its limit."""

import importlib
import multiprocessing
import resource
import sys
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measurement. `peak_mb` is the process's largest resident size, interpreter included."""

    name: str
    rows: int
    seconds: float
    peak_mb: float | None = None

    def row(self) -> dict[str, Any]:
        """The figure as it is printed."""
        return {**asdict(self), "rows_per_s": self.rows / self.seconds}


def at_most(what: str, value: float, most: float, unit: str) -> None:
    """End the bench with a sentence if a figure is beyond its limit."""
    if value > most:
        sys.exit(f"{what}: {value:,.2f} {unit}; {most:g} {unit} is the most it may be")


def in_process(module: str, function: str, rows: int) -> Figure:
    """The figure of `module.function(rows)` in a new process, with that process's peak memory."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(sender, module, function, rows))
    child.start()
    sender.close()
    try:
        figure: Figure = receiver.recv()
    except EOFError:
        child.join()
        msg = f"{module}.{function} ended without a figure, exit code {child.exitcode}"
        raise RuntimeError(msg) from None
    child.join()
    return figure


def _measure(sender: Connection, module: str, function: str, rows: int) -> None:
    figure: Figure = getattr(importlib.import_module(module), function)(rows)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sender.send(replace(figure, peak_mb=peak_mb))
