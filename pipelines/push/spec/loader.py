"""Declarations, read from their files; what is wrong is told with line and column."""

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipelines.errors import InvalidSpec
from pipelines.push.spec.spec import ORDER, PushSpec

EXAMPLES = "warehouse/push/examples"


def declared(folder: Path, names: Sequence[str] = ()) -> list[PushSpec]:
    """The syncs of a folder in the order in which they are pushed; only those named, if any are.

    Raises:
        DeclarationWrong: there are none, a file is no declaration, a name is not known, or the order bites
            its own tail.
    """
    if not any(folder.glob("*.yml")):
        msg = (
            f"There are no declarations in {folder}. Write one there, such as those in {EXAMPLES}, or name "
            "another folder in CIO_ELT_PUSH."
        )
        raise InvalidSpec(msg)
    syncs = {found.sync: found for found in map(read, sorted(folder.glob("*.yml")))}
    if unknown := [name for name in names if name not in syncs]:
        there = ", ".join(sorted(syncs)) or "none"
        msg = f"There is no sync {unknown[0]!r} in {folder}; there are: {there}."
        raise InvalidSpec(msg)
    return [each for each in _ordered(syncs) if not names or each.sync in names]


def read(file: Path) -> PushSpec:
    """The declaration in that file.

    Raises:
        DeclarationWrong: it cannot be read, is no YAML, or does not say what a sync needs.
    """
    document = _document(file)
    if not isinstance(document, dict):
        msg = f"{file.name} holds no declaration: it needs keys such as sync, object, mode and model."
        raise InvalidSpec(msg)
    try:
        found = PushSpec.model_validate(_plain(document))
    except ValidationError as error:
        raise InvalidSpec(_told(file, document, error)) from None
    if found.sync != file.stem:
        msg = f"{file.name}, {_place(document, ('sync',))}: the sync is {found.sync!r}; name it as its file."
        raise InvalidSpec(msg)
    if found.model.file is not None and not (file.parent / found.model.file).is_file():
        place = _place(document, ("model", "file"))
        msg = f"{file.name}, {place}: there is no file {found.model.file} beside it."
        raise InvalidSpec(msg)
    return found


def _document(file: Path) -> Any:
    try:
        return YAML(typ="rt").load(file.read_text())
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        msg = f"{file.name}{where}: this is no YAML: {error.problem}. Put that right."
        raise InvalidSpec(msg) from None
    except (YAMLError, UnicodeDecodeError, OSError) as error:
        msg = f"{file.name} cannot be read as YAML ({type(error).__name__}). Save it as UTF-8 text."
        raise InvalidSpec(msg) from None


def _plain(node: Any) -> Any:
    """The document without its marks."""
    if isinstance(node, dict):
        return {str(name): _plain(inner) for name, inner in node.items()}
    if isinstance(node, list):
        return [_plain(inner) for inner in node]
    # Round-trip scalars are subclasses that remember their quotes.
    return next((kind(node) for kind in (bool, int, float, str) if isinstance(node, kind)), node)


def _told(file: Path, document: Any, error: ValidationError) -> str:
    faults = [
        f"{file.name}, {_place(document, fault['loc'])}: {_said(fault)}."
        for fault in error.errors(include_input=False, include_url=False)
    ]
    return " ".join(dict.fromkeys(faults))


def _said(fault: Any) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    said = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        said = "there is no such key here; schema.json lists those there are"
    return f"{path}: {said}" if path else said


def _place(document: Any, path: Sequence[Any]) -> str:
    """The line and column of what the path leads to, or of what is nearest above it."""
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


def _ordered(syncs: dict[str, PushSpec]) -> Iterator[PushSpec]:
    """What others come after first; otherwise by kind, then by name."""
    for each in syncs.values():
        if unknown := [name for name in each.after if name not in syncs]:
            msg = f"{each.sync}.yml: it comes after {unknown[0]!r}, which is no sync. Correct `after`."
            raise InvalidSpec(msg)
    sorter = TopologicalSorter({name: each.after for name, each in syncs.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        msg = f"These syncs come after one another in a circle: {' > '.join(error.args[1])}. Correct `after`."
        raise InvalidSpec(msg) from None
    ready: list[str] = []
    while sorter.is_active():
        ready.extend(sorter.get_ready())
        ready.sort(key=lambda name: (ORDER[syncs[name].object], name))
        first = ready.pop(0)
        sorter.done(first)
        yield syncs[first]
