"""The page of the saved results, RESULTS.md: `python -m tests.bench.page` writes it from their JSON files."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.bench.cells import COLUMNS, cells
from tests.bench.results import Result, saved

PAGE = Path(__file__).with_name("RESULTS.md")
"""The page."""
_HEAD = """# Results of the benchmarks

Written by `make docs` from `results/*.json`, which `make bench BENCH=--save` writes; do not edit. A value is
the median of the runs; the spread is from the least to the most of them. *Load* is the number of processes
that wanted a core in the minute before: where it is near the number of cores or above, the parts shared the
machine with other programs, and times are longer than they need to be.
"""


def page(results: Iterable[Result]) -> str:
    """RESULTS.md: a table for each part."""
    return "\n".join([_HEAD, *(line for result in results for line in _section(result))])


def _section(result: Result) -> Iterator[str]:
    machine = result.machine
    yield f"## {result.part}: {result.title}\n"
    yield (
        f"{result.date}, commit `{result.commit}`; {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['platform']}, Python {machine['python']}, load {machine['load']}."
    )
    if result.once:
        yield f"Measured once: {result.once}"
    yield f"\n| {' | '.join(COLUMNS)} |"
    yield f"|---{'|--:' * (len(COLUMNS) - 1)}|"
    for figure in result.figures:
        yield f"| {' | '.join(cells(figure))} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(saved()), "utf-8")
