"""The map, the ways and the invariants of ARCHITECTURE.md are those of the code."""

import ast
import importlib
import re
import subprocess
from collections import Counter
from pathlib import PurePosixPath

import pytest

from tests import architecture
from tests.architecture import BEGIN, END, PAGE, ROOT

TEXT = PAGE.read_text("utf-8")
MOST = 30
"""The most names in a folder without a sentence that says how to find one."""

NAMED_BY = {
    "sources/customerio/sandbox/state/rules": (
        "sources/customerio/sandbox/README.md",
        "have the same noun of Customer.io",
    ),
    "tests/sources/customerio/sandbox/wire/routes": (
        "sources/customerio/sandbox/README.md",
        "the test `test_X.py` have the same noun of Customer.io",
    ),
    "sources/customerio/sandbox/state/store": ("sources/customerio/sandbox/README.md", "a data structure"),
    "sources/customerio/extract": ("ARCHITECTURE.md", "a reader's module has the name of what it reads"),
    "tests/sources/customerio/extract": ("CONTRIBUTING.md", "tests mirror modules"),
    "sources/customerio/client": ("ARCHITECTURE.md", "has every step of a call and the modules of that step"),
    "sources/customerio/schemas": ("CONTRIBUTING.md", "named by its operation"),
    "warehouse/models/staging": ("CONTRIBUTING.md", "named by its raw table"),
}
"""Larger folders, with the page and words of that sentence."""


def _title(drawing: str) -> str:
    return drawing.partition("\n")[0]


def test_the_map_is_current() -> None:
    """The map equals the import graph; `make docs` draws it."""
    assert architecture.page(TEXT) == TEXT


@pytest.mark.parametrize("folder", architecture.packages())
def test_no_folder_has_a_circle(folder: str) -> None:
    """No two boxes of a folder import each other, directly or through others of that folder."""
    assert [] == architecture.circles(architecture.arrows(folder))


@pytest.mark.parametrize("drawing", TEXT[TEXT.index(BEGIN) : TEXT.index(END)].split("### ")[1:], ids=_title)
def test_no_arrow_of_the_map_points_upward(drawing: str) -> None:
    """In each drawing, a box stands above every box that its arrows name."""
    level, levels, arrows, box = 0, {}, [], ""
    for line in drawing.splitlines()[1:]:
        if line.startswith("  ─"):
            level += 1
        elif line.startswith("  "):
            label, _, names = line.partition("──>")
            if label.startswith("   "):
                label, names = "", label
            if label:
                box = label.split()[0].rstrip("/")
                levels[box] = level
            arrows += [(box, name) for name in names.split()]

    assert levels
    assert [] == [(one, other) for one, other in arrows if levels[one] >= levels[other]]


def test_no_folder_has_more_names_than_a_screen() -> None:
    """A folder has 30 names at most, or a page says how a name is found in it."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = {PurePosixPath(file) for file in listed.stdout.splitlines() if (ROOT / file).exists()}
    children = {path for file in files for path in (file, *file.parents) if path.name != "__init__.py"}
    names = Counter(str(path.parent) for path in children if path.name)
    large = {folder: count for folder, count in names.items() if count > MOST}

    for folder in set(NAMED_BY) & set(large):
        page, words = NAMED_BY[folder]
        assert words in (ROOT / page).read_text("utf-8"), (
            f"{page} does not say how names of {folder} are found"
        )
    assert {} == {folder: count for folder, count in large.items() if folder not in NAMED_BY}


@pytest.mark.parametrize("title", architecture.ways())
def test_a_way_leads_through_functions_that_exist(title: str) -> None:
    """Each step of a way names a function, and a step before it imports its module."""
    steps = architecture.ways()[title]
    assert 9 == len(steps)
    for step in steps:
        module = architecture.module_of(step)
        assert module, f"{step} is in no module"
        names = step.removeprefix(f"{module}.").split(".")
        found: object = importlib.import_module(module)
        for name in names:
            found = getattr(found, name, None)
        assert callable(found), f"{step} is no function"
    assert [] == architecture.unreached(steps)


def test_each_way_is_told() -> None:
    """The page has the way of a record in, of a row out, and of an export."""
    assert ["The way of a record in", "The way of a row out", "The way of an export"] == list(
        architecture.ways()
    )


def test_every_invariant_has_its_test() -> None:
    """The test of each invariant exists."""
    rows = re.findall(r"^\| .+ \| `(test_\w+)` \|$", TEXT, flags=re.MULTILINE)
    tests = {
        node.name
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }

    assert 20 < len(rows)
    assert [] == [name for name in rows if name not in tests]
