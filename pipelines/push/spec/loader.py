"""Loads specs from their files; an error names the file, line and column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipelines.errors import InvalidSpec, problems
from pipelines.push.spec.spec import PushSpec

EXAMPLES = "warehouse/push/examples"
_MOST_BYTES, _MOST_VALUES, _MOST_LEVELS = 200_000, 10_000, 20
"""The limits of a spec: a file of a few lines may stand for billions of values by its aliases."""


@dataclass(frozen=True)
class Declared:
    """The pushes of a folder in the order in which they run, and the errors of files that cannot be used."""

    specs: list[PushSpec]
    errors: dict[str, InvalidSpec]


def read_specs(folder: Path, names: Sequence[str] = ()) -> Declared:
    """The pushes of a folder; only those named, if any are. A wrong file stops no push but its own.

    Raises:
        InvalidSpec: the folder has no specs, a name is unknown, or no file can be used.
    """
    files = sorted(folder.glob("*.yml"))
    if not files:
        msg = (
            f"There are no specs of pushes in {folder}. Write one there, such as those in {EXAMPLES}, or "
            "name another folder in CIO_ELT_PUSH."
        )
        raise InvalidSpec(msg)
    specs, errors = {}, {}
    for file in files:
        try:
            specs[file.stem] = load_spec(file)
        except InvalidSpec as error:
            errors[file.stem] = error
    errors |= _wrong_order(specs, errors)
    specs = {name: spec for name, spec in specs.items() if name not in errors}
    if unknown := [name for name in names if name not in specs and name not in errors]:
        known = ", ".join(sorted([*specs, *errors]))
        msg = f"There is no push {unknown[0]!r} in {folder}; there are: {known}."
        raise InvalidSpec(msg)
    wanted = names or [*specs, *errors]
    found = Declared(
        [spec for spec in _ordered(specs) if spec.sync in wanted],
        {name: error for name, error in errors.items() if name in wanted},
    )
    if not found.specs:
        raise next(iter(found.errors.values()))
    return found


def load_specs(folder: Path, names: Sequence[str] = ()) -> list[PushSpec]:
    """The pushes of a folder in the order in which they run; only those named, if any are.

    Raises:
        InvalidSpec: as `read_specs`, or the file of one of them cannot be used.
    """
    found = read_specs(folder, names)
    for error in found.errors.values():
        raise error
    return found.specs


def load_spec(file: Path) -> PushSpec:
    """The spec in that file.

    Raises:
        InvalidSpec: the file cannot be read, is no YAML, or lacks a key that a push needs.
    """
    document = _document(file)
    if not isinstance(document, dict):
        msg = f"{file.name} holds no spec of a push: it needs keys such as sync, object, mode and model."
        raise InvalidSpec(msg)
    try:
        plain = _plain(document, iter(range(_MOST_VALUES)))
    except InvalidSpec as error:
        msg = f"{file.name}: {error}."
        raise InvalidSpec(msg) from None
    try:
        spec = PushSpec.model_validate(plain)
    except ValidationError as error:
        raise InvalidSpec(_message(file, document, error)) from None
    if spec.sync != file.stem:
        msg = f"{file.name}, {_place(document, ('sync',))}: the push is {spec.sync!r}; name it as its file."
        raise InvalidSpec(msg)
    if spec.model.file is not None:
        try:
            model_file(spec, file.parent)
        except InvalidSpec as error:
            msg = f"{file.name}, {_place(document, ('model', 'file'))}: {error}"
            raise InvalidSpec(msg) from None
    return spec


def model_file(spec: PushSpec, folder: Path) -> Path:
    """The file of a spec's model, in the folder of the spec.

    Raises:
        InvalidSpec: there is no such file, or it lies outside of the folder.
    """
    file = (folder / str(spec.model.file)).resolve()
    if not file.is_relative_to(folder.resolve()):
        msg = f"the file {spec.model.file} lies outside of the folder of the specs; put it beside the spec."
        raise InvalidSpec(msg)
    if not file.is_file():
        msg = f"there is no file {spec.model.file} beside it."
        raise InvalidSpec(msg)
    return file


def _document(file: Path) -> Any:
    try:
        if file.stat().st_size > _MOST_BYTES:
            msg = f"{file.name} is larger than {_MOST_BYTES:,} bytes. Rows are no part of a spec."
            raise InvalidSpec(msg)
        return YAML(typ="rt").load(file.read_text())
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        msg = f"{file.name}{where}: this is no YAML: {error.problem}. Correct it."
        raise InvalidSpec(msg) from None
    except (YAMLError, UnicodeDecodeError, OSError, RecursionError) as error:
        msg = f"{file.name} cannot be read as YAML ({type(error).__name__}). Save it as UTF-8 text."
        raise InvalidSpec(msg) from None


def _plain(node: Any, left: Iterator[int], depth: int = 0) -> Any:
    """The document without its marks of lines and columns; each value takes a number of `left`."""
    if next(left, None) is None or depth > _MOST_LEVELS:
        msg = (
            f"it has more than {_MOST_VALUES:,} values or {_MOST_LEVELS} levels, once its aliases are "
            "followed; write it without them"
        )
        raise InvalidSpec(msg)
    if isinstance(node, dict):
        return {str(name): _plain(inner, left, depth + 1) for name, inner in node.items()}
    if isinstance(node, list):
        return [_plain(inner, left, depth + 1) for inner in node]
    # Round-trip scalars are subclasses that remember their quotes.
    return next((scalar(node) for scalar in (bool, int, float, str) if isinstance(node, scalar)), node)


def _message(file: Path, document: Any, error: ValidationError) -> str:
    sentences = [
        f"{file.name}, {_place(document, found['loc'])}: {_sentence(found)}." for found in problems(error)
    ]
    return " ".join(dict.fromkeys(sentences))


def _sentence(found: Any) -> str:
    path = ".".join(str(part) for part in found["loc"])
    text = found["msg"].removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        text = "there is no such key here; schema.json lists those there are"
    return f"{path}: {text}" if path else text


def _place(document: Any, path: Sequence[Any]) -> str:
    """The line and column of the node at that path, or of its nearest parent that exists."""
    node: Any = document
    place = (node.lc.line, node.lc.col)
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
    return f"line {place[0] + 1}, column {place[1] + 1}"


def _wrong_order(specs: dict[str, PushSpec], errors: dict[str, InvalidSpec]) -> dict[str, InvalidSpec]:
    """The errors of pushes that come after one that does not exist, or after themselves by way of others."""
    wrong = {}
    for spec in specs.values():
        if unknown := [name for name in spec.after if name not in specs and name not in errors]:
            msg = f"{spec.sync}.yml: it comes after {unknown[0]!r}, which is no push. Correct `after`."
            wrong[spec.sync] = InvalidSpec(msg)
    while cycle := _cycle({name: spec for name, spec in specs.items() if name not in wrong}):
        way = " > ".join(cycle)
        msg = f"These pushes come after one another in a cycle: {way}. Correct `after`."
        wrong |= dict.fromkeys(cycle, InvalidSpec(msg))
    return wrong


def _cycle(specs: dict[str, PushSpec]) -> list[str]:
    """The names of pushes that come after one another in a cycle; empty if there is none."""
    try:
        TopologicalSorter({name: spec.after for name, spec in specs.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _ordered(specs: dict[str, PushSpec]) -> Iterator[PushSpec]:
    """Each push after those that its `after` names; otherwise by kind, then by name."""
    sorter = TopologicalSorter(
        {name: [before for before in spec.after if before in specs] for name, spec in specs.items()}
    )
    sorter.prepare()
    ready: list[str] = []
    while sorter.is_active():
        ready.extend(sorter.get_ready())
        ready.sort(key=lambda name: (specs[name].kind.order, name))
        first = ready.pop(0)
        sorter.done(first)
        yield specs[first]
