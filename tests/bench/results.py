"""The results of parts: figures with the machine, the commit and the day, as JSON files."""

import json
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.bench.measure import Figure

FOLDER = Path(__file__).parent / "results"
"""A file `PART.json` for each part whose results were saved."""
_ROOT = Path(__file__).parents[2]
_GENERATED = (":!tests/bench/results", ":!tests/bench/RESULTS.md")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the benchmarks.

    `run` takes how often each figure is measured. A part that is measured once, because a run takes minutes
    or is the same each time, says so in `once`.
    """

    title: str
    run: Callable[[int], list[Figure]]
    once: str | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of a part, and on which machine, at which commit and on which day they were measured."""

    part: str
    title: str
    once: str | None
    commit: str
    date: str
    machine: dict[str, Any]
    figures: list[Figure]

    @property
    def document(self) -> dict[str, Any]:
        """The result as JSON; each figure says if its bounds were kept."""
        figures = [{**asdict(figure), "kept": figure.kept} for figure in self.figures]
        return {**asdict(self), "figures": figures}


def measured(name: str, part: Part, times: int) -> Result:
    """Measure a part."""
    return Result(
        part=name,
        title=part.title,
        once=part.once,
        commit=commit(),
        date=datetime.now(UTC).date().isoformat(),
        # Taken before the part runs, so that the load is that of other programs.
        machine=machine(),
        figures=part.run(1 if part.once else times),
    )


def machine() -> dict[str, Any]:
    """This machine, without its name: `load` is how many processes have wanted a core in the last minute."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }


@cache
def commit() -> str:
    """The commit that is checked out, with `and changes` if files other than results differ from it."""
    head = _git("rev-parse", "--short=10", "HEAD")
    return f"{head} and changes" if _git("status", "--porcelain", "--", ".", *_GENERATED) else head


def save(result: Result, folder: Path = FOLDER) -> None:
    """Write the result into the folder, in place of an earlier one."""
    folder.mkdir(exist_ok=True)
    text = json.dumps(result.document, indent=2)
    (folder / f"{result.part}.json").write_text(text + "\n", "utf-8")


def saved(folder: Path = FOLDER) -> list[Result]:
    """The results in the folder, by the names of their parts."""
    return [_read(json.loads(file.read_text("utf-8"))) for file in sorted(folder.glob("*.json"))]


def _read(document: dict[str, Any]) -> Result:
    figures = []
    for row in document["figures"]:
        given = {name: value for name, value in row.items() if name != "kept"}
        figures.append(Figure(**{**given, "runs": tuple(given["runs"])}))
    return Result(**{**document, "figures": figures})


def _git(*arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=True)
    return ran.stdout.strip()
