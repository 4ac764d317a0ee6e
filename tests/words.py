"""The prose of the repository in pieces: docstrings, comments, paragraphs of pages, descriptions in YAML."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[1]
_COMMENT_DIRECTIVE = re.compile(r"#\s*(noqa|type:|fmt:|pragma|!)")
_DESCRIPTION = re.compile(
    r"^\s*(?:- )?description:\s*(?P<text>\S.*(?:\n(?:\s{6,}[^\s:-][^\n]*))*)", re.MULTILINE
)
_CODE = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|<!--.*?-->|^    .*$", re.DOTALL | re.MULTILINE)
_PARAGRAPH = re.compile(r"\S.*?(?=\n\s*\n|\Z)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")


@dataclass(frozen=True)
class Prose:
    """A piece of text: its file, its line, its kind and its words."""

    file: str
    line: int
    kind: Literal["docstring", "comment", "page", "description"]
    text: str
    name: str = ""

    @property
    def words(self) -> list[str]:
        """The words in lower case, code left out."""
        return [word.lower() for word in _WORD.findall(self.plain)]

    @property
    def plain(self) -> str:
        """The text without code."""
        return _CODE.sub(" ", self.text)

    @property
    def first_line(self) -> str:
        """The first line of a docstring."""
        return self.text.strip().partition("\n")[0]


@cache
def prose() -> tuple[Prose, ...]:
    """Every piece of prose of the files that git tracks."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    pieces: list[Prose] = []
    for name in listed.stdout.splitlines():
        file = ROOT / name
        if not file.exists():
            continue
        if file.suffix in (".py", ".pyi"):
            pieces += _of_python(name, file.read_text("utf-8"))
        elif file.suffix == ".md":
            pieces += _of_page(name, file.read_text("utf-8"))
        elif file.suffix in (".yml", ".yaml"):
            pieces += _of_yaml(name, file.read_text("utf-8"))
    return tuple(pieces)


def per_thousand(count: int, pieces: tuple[Prose, ...]) -> float:
    """The count per 1,000 words."""
    return 1000 * count / sum(len(piece.words) for piece in pieces)


def _of_python(name: str, source: str) -> Iterator[Prose]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if text := ast.get_docstring(node):
                yield Prose(name, getattr(node, "lineno", 1), "docstring", text, getattr(node, "name", ""))
            yield from _attribute_docstrings(name, node)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not _COMMENT_DIRECTIVE.match(token.string):
            yield Prose(name, token.start[0], "comment", token.string.lstrip("# "))


def _attribute_docstrings(name: str, node: ast.AST) -> Iterator[Prose]:
    """The strings below assignments, which describe a constant or field."""
    body = getattr(node, "body", [])
    for before, after in pairwise(body):
        if (
            isinstance(before, ast.Assign | ast.AnnAssign)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            yield Prose(name, after.lineno, "docstring", after.value.value)


def _of_page(name: str, source: str) -> Iterator[Prose]:
    """The paragraphs of a page, without its code."""
    text = _CODE.sub(lambda code: "\n" * code[0].count("\n") or " ", source)
    for found in _PARAGRAPH.finditer(text):
        yield Prose(name, text.count("\n", 0, found.start()) + 1, "page", found[0])


def _of_yaml(name: str, source: str) -> Iterator[Prose]:
    for found in _DESCRIPTION.finditer(source):
        yield Prose(name, source.count("\n", 0, found.start()) + 1, "description", found["text"])
    for number, line in enumerate(source.splitlines(), 1):
        if line.lstrip().startswith("#"):
            yield Prose(name, number, "comment", line.lstrip("# "))
