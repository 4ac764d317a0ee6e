"""Loads specs from their files; an error names the file, line and column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from pydantic import ValidationError

from pipelines.errors import InvalidSpec
from pipelines.push.spec.spec import PushSpec
from pipelines.yaml_file import WrongYaml, YamlFile

EXAMPLES = "warehouse/push/examples"


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
    try:
        document = YamlFile(file)
    except WrongYaml as error:
        raise InvalidSpec(str(error)) from None
    if not isinstance(document.plain, dict):
        msg = f"{file.name} holds no spec of a push: it needs keys such as sync, object, mode and model."
        raise InvalidSpec(msg)
    try:
        spec = PushSpec.model_validate(document.plain)
    except ValidationError as error:
        raise InvalidSpec(document.faults(error, "schema.json")) from None
    if spec.sync != file.stem:
        msg = f"{document.place(('sync',))}: the push is {spec.sync!r}; name it as its file."
        raise InvalidSpec(msg)
    if spec.model.file is not None:
        try:
            model_file(spec, file.parent)
        except InvalidSpec as error:
            msg = f"{document.place(('model', 'file'))}: {error}"
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
