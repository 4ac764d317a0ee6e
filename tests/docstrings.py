"""The docstrings of public things; `python -m tests.docstrings --seed N` prints ten of them, drawn at random.

A reader who does not know the code should understand each at the first reading.
"""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
FOLDERS = ("sources", "pipelines", "flows")


@dataclass(frozen=True)
class Public:
    """A public module, class, function or method, and its docstring."""

    file: str
    line: int
    name: str
    docstring: str | None


@cache
def public() -> tuple[Public, ...]:
    """Every public thing of the code, file by file."""
    files = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
    return tuple(thing for file in files for thing in _of(file))


def _of(file: Path) -> Iterator[Public]:
    name, tree = str(file.relative_to(ROOT)), ast.parse(file.read_text("utf-8"))
    yield Public(name, 1, "", ast.get_docstring(tree))
    yield from _inside(name, tree, "")


def _inside(file: str, node: ast.Module | ast.ClassDef, outer: str) -> Iterator[Public]:
    for child in node.body:
        if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if child.name.startswith("_"):
            continue
        yield Public(file, child.lineno, outer + child.name, ast.get_docstring(child))
        if isinstance(child, ast.ClassDef):
            yield from _inside(file, child, f"{outer}{child.name}.")


@click.command()
@click.option("--seed", type=int, required=True, help="Which ten: the same seed, the same ones.")
def main(seed: int) -> None:
    """Print ten docstrings, drawn at random, with their places."""
    told = [thing for thing in public() if thing.docstring]
    for thing in random.Random(seed).sample(told, 10):  # noqa: S311 no secret depends on it
        click.echo(f"{thing.file}:{thing.line} {thing.name}\n")
        click.echo("\n".join(f"    {line}" for line in (thing.docstring or "").splitlines()) + "\n")


if __name__ == "__main__":
    main()
