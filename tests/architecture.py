"""The map of ARCHITECTURE.md, drawn from the import graph: `python -m tests.architecture` writes it.

A *box* is a module or a folder, seen from the folder that it stands in. Boxes of one folder stand in rows:
each imports only boxes of lower rows. A circle would have no rows, so it is drawn as one box and refused by
`tests/test_architecture.py`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "ARCHITECTURE.md"
TOP = ("flows", "pipelines", "sources")
BEGIN, END = "<!-- map: written by `make docs` -->", "<!-- end of the map -->"
_WIDTH = 108

Arrows = Mapping[str, frozenset[str]]
"""The boxes that each box imports, by name."""


@cache
def graph() -> grimp.ImportGraph:
    """Every import between modules of this project, those for types alone left out."""
    return grimp.build_graph(*TOP, cache_dir=None, exclude_type_checking_imports=True)


def folders() -> list[str]:
    """The packages that have folders in them, outermost first; '' is the repository."""
    packages = {module for module in graph().modules if graph().find_children(module)}
    outer = {package.rpartition(".")[0] for package in packages}
    return sorted(outer, key=lambda name: (name.count(".") if name else -1, name))


def packages() -> list[str]:
    """Every package, by name."""
    return sorted(module for module in graph().modules if graph().find_children(module))


def arrows(folder: str) -> Arrows:
    """The imports between the boxes of a folder; a package's `__init__` is a part of its own box."""
    prefix = f"{folder}." if folder else ""
    boxes = sorted(graph().find_children(folder)) if folder else list(TOP)
    found: dict[str, set[str]] = {box: set() for box in boxes}
    for box in boxes:
        for module in (box, *graph().find_descendants(box)):
            for imported in graph().find_modules_directly_imported_by(module):
                if imported.startswith(prefix) and imported != folder:
                    found[box].add(prefix + imported.removeprefix(prefix).split(".")[0])
        found[box].discard(box)
    return {box: frozenset(others) for box, others in found.items()}


def circles(drawn: Arrows) -> list[list[str]]:
    """The sets of boxes that import each other, directly or through others."""
    reached = {box: _reached(drawn, box) for box in drawn}
    together = {frozenset({box, *(o for o in reached[box] if box in reached[o])}) for box in drawn}
    return sorted(sorted(each) for each in together if len(each) > 1)


def rows(drawn: Arrows) -> list[list[str]]:
    """The boxes in rows, uppermost first: each box imports boxes of lower rows only.

    Boxes of a circle share a row.
    """
    joined = {box: min((c[0] for c in circles(drawn) if box in c), default=box) for box in drawn}
    between: dict[str, set[str]] = defaultdict(set)
    for box, others in drawn.items():
        between[joined[box]] |= {joined[other] for other in others} - {joined[box]}
    height: dict[str, int] = {}
    for name in TopologicalSorter(between).static_order():
        height[name] = 1 + max((height[other] for other in between[name]), default=-1)
    found: dict[int, list[str]] = defaultdict(list)
    for box in sorted(drawn):
        found[height[joined[box]]].append(box)
    return [found[level] for level in sorted(found, reverse=True)]


def reduced(drawn: Arrows, box: str) -> list[str]:
    """The boxes that `box` imports, without those that it also reaches through another."""
    others = drawn[box]
    return sorted(o for o in others if not any(o in _reached(drawn, via) for via in others - {o}))


def size(box: str) -> int:
    """The number of modules of a box, without a package's `__init__`."""
    inside = graph().find_descendants(box)
    return sum(not graph().find_children(module) for module in inside) if inside else 1


def drawing() -> str:
    """The whole map, a drawing a folder."""
    parts = []
    for folder in folders():
        drawn = arrows(folder)
        title = folder.replace(".", "/") + "/" if folder else "The repository"
        parts.append("\n".join([f"### {title}", "", "```", *_lines(drawn), "```"]))
    return "\n\n".join(parts)


def page(text: str) -> str:
    """The page with today's map between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{drawing()}\n\n{END}{after}"


def _reached(drawn: Arrows, box: str) -> set[str]:
    """Every box that can be reached from `box` by following arrows."""
    found: set[str] = set()
    waiting = list(drawn[box])
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += drawn[name]
    return found


def _lines(drawn: Arrows) -> list[str]:
    """A row of text a box, a rule between two rows of boxes."""
    labels = {box: _label(box) for box in drawn}
    width = max(map(len, labels.values()))
    lines: list[str] = []
    for number, row in enumerate(rows(drawn)):
        if number:
            lines.append("  " + "─" * (width + 2))
        for box in row:
            names = [each.rpartition(".")[2] for each in reduced(drawn, box)]
            lines += _folded(f"  {labels[box]:<{width}}", names)
    return lines


def _label(box: str) -> str:
    name = box.rpartition(".")[2]
    return f"{name}/ ({size(box)})" if graph().find_children(box) else name


def _folded(start: str, names: Iterable[str]) -> list[str]:
    """The label and its arrows, on as many lines as they need."""
    lines, line = [], f"{start}  ──> "
    indent = " " * len(line)
    if not (listed := list(names)):
        return [start.rstrip()]
    for name in listed:
        if len(line) + len(name) > _WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += f"{name} "
    return [*lines, line.rstrip()]


# -- the lists of steps --------------------------------------------------------------------------------------

_STEP = re.compile(r"^\d+\. `([\w.]+)`", flags=re.MULTILINE)
_WAY = re.compile(r"^### (The way of .+)$", flags=re.MULTILINE)


def ways() -> dict[str, list[str]]:
    """The steps of each way that the page lists, as `module.function`, in order."""
    text = PAGE.read_text("utf-8")
    starts = [(found[1], found.end()) for found in _WAY.finditer(text)]
    ends = [found.start() for found in re.finditer(r"^##+ ", text, flags=re.MULTILINE)]
    return {
        title: _STEP.findall(text[start : min((end for end in ends if end > start), default=len(text))])
        for title, start in starts
    }


def module_of(step: str) -> str:
    """The module of a step: the longest prefix of its name that is a module."""
    parts = step.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in graph().modules), "")


def unreached(way: list[str]) -> list[str]:
    """The steps whose module is imported by no step before, directly or through others."""
    modules = [module_of(step) for step in way]
    return [
        step
        for number, step in enumerate(way)
        if number and not any(_imports(earlier, modules[number]) for earlier in modules[:number])
    ]


def _imports(importer: str, imported: str) -> bool:
    """Checks if a module is the other, or imports it, directly or through others."""
    return importer == imported or graph().chain_exists(importer=importer, imported=imported)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
