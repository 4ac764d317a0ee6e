"""Runs schedules: those of the seeds that are given, or a number of new ones, two at a time."""

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.torture.schedule import draw
from tests.torture.steps import run, run_seed

_AT_ONCE = 2
# Processes end after that many schedules, and their memory with them. `max_tasks_per_child` would end each
# on its own, and in Python 3.11 starts none in its place.
_A_POOL = 40


def main() -> None:
    """Run, print each failure with its seed, and end with 1 if there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, metavar="SEED")
    parser.add_argument("--schedules", type=int, default=500, help="the number of new ones; default: 500")
    parser.add_argument("--first", type=int, default=None, help="the first of their seeds; default: random")
    options = parser.parse_args()
    for name in list(os.environ):
        if name.startswith(("CUSTOMERIO_", "CIO_ELT_", "DLT_")):
            del os.environ[name]
    if options.seeds:
        for seed in options.seeds:
            sys.stdout.write("\n".join(_told(seed)) + "\n")
        return
    first = options.first or random.randrange(1, 10**6)  # noqa: S311 - no secret
    sys.exit(1 if _all(range(first, first + options.schedules)) else 0)


def _all(seeds: range) -> int:
    """Run all of them; returns the number of those that failed."""
    began, failed = time.monotonic(), 0
    sys.stdout.write(f"{len(seeds)} schedules, seeds {seeds[0]} to {seeds[-1]}\n")
    for number, (seed, error) in enumerate(_errors(seeds), start=1):
        if error is not None:
            failed += 1
            notes = "\n".join(getattr(error, "__notes__", ()))
            sys.stdout.write(f"\n{type(error).__name__}: {error}\n{notes}\n")
            sys.stdout.write(f"Run it again: .venv/bin/python -m tests.torture {seed}\n")
        if number % 10 == 0 or error is not None:
            sys.stdout.write(f"{number} of {len(seeds)} done, {failed} failed\n")
        sys.stdout.flush()
    minutes = (time.monotonic() - began) / 60
    sys.stdout.write(f"{len(seeds)} schedules in {minutes:.0f} minutes: {failed} failed.\n")
    return failed


def _errors(seeds: range) -> Iterator[tuple[int, BaseException | None]]:
    """Each seed with the error of its schedule, if there was one."""
    for first in range(0, len(seeds), _A_POOL):
        with ProcessPoolExecutor(_AT_ONCE) as workers:
            runs = {workers.submit(run_seed, seed): seed for seed in seeds[first : first + _A_POOL]}
            for future in as_completed(runs):
                yield runs[future], future.exception()


def _told(seed: int) -> Iterator[str]:
    schedule = draw(seed)
    yield f"seed {seed}: {', '.join(row.table for row in schedule.tables)}"
    yield from map(str, schedule.steps)
    yield from run(schedule)


if __name__ == "__main__":
    main()
