"""YAML files that people write, read within bounds; a fault names the file, the line and the column."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipelines.errors import problems

_MOST_BYTES, _MOST_VALUES, _MOST_LEVELS = 200_000, 10_000, 20
"""The limits of a file: one of a few lines may stand for billions of values by its aliases."""


class WrongYaml(Exception):
    """A file that cannot be used; the message is a sentence for its author."""


class YamlFile:
    """One file, read: `plain` is its document, without the marks of lines and columns."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            WrongYaml: it cannot be read, is no YAML, or is larger than any is to be.
        """
        self._name = file.name
        self._document = _document(file)
        self.plain = self._plain(self._document, iter(range(_MOST_VALUES)))

    def place(self, path: Sequence[Any]) -> str:
        """The file's name with the line and column of the node at that path, or of its nearest parent."""
        node: Any = self._document
        mark = getattr(node, "lc", None)
        place = (mark.line, mark.col) if mark is not None else (0, 0)
        for part in path:
            # The marks are ruamel's own, on its own kinds of dict and list.
            marks = getattr(node, "lc", None)
            if marks is not None and isinstance(node, dict) and part in node:
                place = marks.key(part)
            elif marks is not None and isinstance(part, int) and isinstance(node, list) and part < len(node):
                place = marks.item(part)
            else:
                break
            node = node[part]
        return f"{self._name}, line {place[0] + 1}, column {place[1] + 1}"

    def faults(self, error: ValidationError, schema: str) -> str:
        """Sentences about what pydantic found; `schema` is the file that lists the keys there are."""
        sentences = [f"{self.place(found['loc'])}: {_sentence(found, schema)}." for found in problems(error)]
        return " ".join(dict.fromkeys(sentences))

    def _plain(self, node: Any, left: Iterator[int], depth: int = 0) -> Any:
        """The document as plain values; each takes a number of `left`."""
        if next(left, None) is None or depth > _MOST_LEVELS:
            msg = (
                f"{self._name}: it has more than {_MOST_VALUES:,} values or {_MOST_LEVELS} levels, once its "
                "aliases are followed; write it without them."
            )
            raise WrongYaml(msg)
        if isinstance(node, dict):
            return {str(name): self._plain(inner, left, depth + 1) for name, inner in node.items()}
        if isinstance(node, list):
            return [self._plain(inner, left, depth + 1) for inner in node]
        # Round-trip scalars are subclasses that remember their quotes.
        return next((scalar(node) for scalar in (bool, int, float, str) if isinstance(node, scalar)), node)


def _document(file: Path) -> Any:
    try:
        if file.stat().st_size > _MOST_BYTES:
            msg = f"{file.name} is larger than {_MOST_BYTES:,} bytes. Rows are no part of it."
            raise WrongYaml(msg)
        return YAML(typ="rt").load(file.read_text("utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        msg = f"{file.name}{where}: this is no YAML: {error.problem}. Correct it."
        raise WrongYaml(msg) from None
    except (YAMLError, UnicodeDecodeError, OSError, RecursionError) as error:
        msg = f"{file.name} cannot be read as YAML ({type(error).__name__}). Save it as UTF-8 text."
        raise WrongYaml(msg) from None


def _sentence(found: Any, schema: str) -> str:
    path = ".".join(str(part) for part in found["loc"])
    text = found["msg"].removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        text = f"there is no such key here; {schema} lists those there are"
    return f"{path}: {text}" if path else text
