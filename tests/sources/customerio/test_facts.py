"""FACTS.md defines every tag of a fact that is used anywhere in the repository, and no other.

A tag is `[name]` in prose: docstrings and comments of Python, comments of SQL and YAML, text of pages.
Code in prose stands in backticks and is left out; so are links and blocks of code.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FACTS = "sources/customerio/FACTS.md"
TAG = re.compile(r"(?<![\w\]`])((?:\[[a-z][a-z0-9 -]*\])+)(?![(:\w`])")
CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*(?:\n[^`\n]*)?`", re.DOTALL)
WEIGHTS = {"live observation", "Customer.io's code", "document", "other connector"}


def _python(text: str) -> Iterator[str]:
    """Comments, and strings that are statements: docstrings of modules, classes, functions and attributes."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


PROSE: dict[str, Callable[[str], Iterable[str]]] = {
    ".py": _python,
    ".sql": lambda text: re.findall(r"--[^\n]*|\{#.*?#\}", text, flags=re.DOTALL),
    ".yml": lambda text: re.findall(r"(?<!\S)#.*", text),
    ".yaml": lambda text: re.findall(r"(?<!\S)#.*", text),
    ".md": lambda text: [text],
}


def tags(suffix: str, text: str) -> set[str]:
    """The tags in the prose of a file; `[a via b]` are two."""
    return {
        tag
        for prose in PROSE[suffix](text)
        for found in TAG.findall(CODE.sub("", prose))
        for inner in re.findall(r"\[([^\]]+)\]", found)
        for tag in inner.split(" via ")
    }


@cache
def used() -> dict[str, list[str]]:
    """Each tag of the repository, and the files with it."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    places: dict[str, list[str]] = {}
    for name in listed.stdout.split():
        path = ROOT / name
        if name != FACTS and path.suffix in PROSE and path.exists():
            for tag in tags(path.suffix, path.read_text()):
                places.setdefault(tag, []).append(name)
    return places


def defined() -> dict[str, tuple[str, ...]]:
    """The rows of the table: source, date and weight by tag."""
    rows = re.findall(r"^\| `(.+?)` \| (.+) \| (.+) \| (.+) \|$", (ROOT / FACTS).read_text(), re.MULTILINE)
    return {tag: tuple(facts) for tag, *facts in rows}


def test_every_tag_is_defined() -> None:
    """A reader of a tag finds its source in FACTS.md."""
    assert {tag: files for tag, files in used().items() if tag not in defined()} == {}


def test_every_defined_tag_is_used() -> None:
    """FACTS.md lists no source that no statement rests on."""
    assert defined().keys() - used().keys() == set()


def test_every_row_has_a_weight_that_is_explained() -> None:
    """Source and date are given, and the weight is one of the page's list."""
    assert defined()
    assert {weight for *_, weight in defined().values()} == WEIGHTS
    page = (ROOT / FACTS).read_text().lower()
    assert all(f"*{weight.lower()}*:" in page for weight in WEIGHTS)


@pytest.mark.parametrize(
    ("suffix", "text", "found"),
    [
        (".py", '"""Text [one]; [two][three], [four via five]."""', {"one", "two", "three", "four", "five"}),
        (".py", 'x = rows[key]  # the row of `rows[key]` [one]\nkinds = list[str], "[none]"', {"one"}),
        (".py", 'LIMIT = 1\n"""Bytes [one-two]."""', {"one-two"}),
        (".sql", "select a[b] -- known [one]\n{# see [two] #} from [c]", {"one", "two"}),
        (".yml", "models: [a]\n# as told [one]\ntext: 'no#[b]'", {"one"}),
        (".md", "A [link](there), `[code]`, [one].\n```\n[block]\n```\n", {"one"}),
    ],
    ids=["docstring", "comment", "attribute", "sql", "yaml", "page"],
)
def test_only_prose_has_tags(suffix: str, text: str, found: set[str]) -> None:
    """Subscripts, code, links and values are none."""
    assert tags(suffix, text) == found
