"""The pages of the saved results: `python -m tests.bench.page` writes them from the JSON files.

RESULTS.md has all of them, and warehouse/RELIABILITY.md the figures of `RELIABILITY`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.bench.cells import COLUMNS, cells
from tests.bench.results import Result, saved

PAGE = Path(__file__).with_name("RESULTS.md")
"""The page."""
PROMISES = Path(__file__).parents[2] / "warehouse" / "RELIABILITY.md"
"""The page whose figures are of the parts that `RELIABILITY` names."""
RELIABILITY = ("day", "workspace")
_BEGIN, _END = "<!-- figures: written by `make docs` -->", "<!-- end of the figures -->"
_HEAD = """# Results of the benchmarks

Written by `make docs` from `results/*.json`, which `make bench BENCH=--save` writes; do not edit. A value is
the median of the runs; the spread is from the least to the most of them. *Load* is the number of processes
that wanted a core in the minute before: where it is near the number of cores or above, the parts shared the
machine with other programs, and times are longer than they need to be.
"""


def page(results: Iterable[Result]) -> str:
    """RESULTS.md: a table for each part."""
    return "\n".join([_HEAD, *(line for result in results for line in _section(result))])


def promises(text: str, results: Iterable[Result]) -> str:
    """The text of RELIABILITY.md with these results between its marks."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    found = [line for result in results if result.part in RELIABILITY for line in _section(result, "###")]
    return "\n".join([f"{before}{_BEGIN}\n", *found, f"{_END}{after}"])


def _section(result: Result, mark: str = "##") -> Iterator[str]:
    machine = result.machine
    yield f"{mark} {result.part}: {result.title}\n"
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
    PROMISES.write_text(promises(PROMISES.read_text("utf-8"), saved()), "utf-8")
