"""Owners of attributes: two pushes that write the same attribute of one kind of record need one.

Each run of one would take the other's value back. One of them says `owns: [NAME]`; the others then leave the
attribute out, and their plans say so. An event's attributes are its own, so events need no owner.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from pipelines.errors import InvalidSpec, ModelFailed
from pipelines.push.plan.mapping import used_columns
from pipelines.push.plan.query import planning_database, run_model
from pipelines.push.spec.loader import load_spec
from pipelines.push.spec.spec import LeftOut, PushSpec
from pipelines.settings import Settings


def with_owners(settings: Settings, spec: PushSpec, folder: Path) -> PushSpec:
    """The spec without the attributes that another push of the folder owns.

    Raises:
        InvalidSpec: another push writes one of its attributes, and none of them owns it, or both do.
    """
    others = [other for other in _others(folder, spec.sync) if other.target == spec.target]
    if not spec.kind.shares_attributes or not others:
        return spec
    own = _written(settings, spec, folder)
    left_out = {
        name: LeftOut(column=own[name], owner=other.sync)
        for other in others
        for name in sorted(own.keys() & _written(settings, other, folder).keys())
        if _owner(spec, other, name) is other
    }
    return spec.without(left_out)


def _others(folder: Path, name: str) -> Iterator[PushSpec]:
    """The other pushes of the folder; a file that is no spec stops itself alone."""
    for file in sorted(folder.glob("*.yml")):
        other = None if file.stem == name else _loaded(file, file.stat().st_mtime_ns)
        if other is not None:
            yield other


@lru_cache(maxsize=1_000)
def _loaded(file: Path, _changed_at: int) -> PushSpec | None:
    try:
        return load_spec(file)
    except InvalidSpec:
        return None


def _written(settings: Settings, spec: PushSpec, folder: Path) -> Mapping[str, str]:
    """The attributes that a push writes, with their columns; only unmapped ones need the model."""
    written = {name: field.column or name for name, field in spec.fields.items()}
    if spec.unmapped != "send":
        return written
    try:
        with planning_database(settings) as database:
            columns = run_model(database, spec, folder, rows=False)
    except ModelFailed:
        # Its own run says why; until it can be run it writes nothing.
        return written
    used = used_columns(spec)
    return {**{column: column for column in columns if column not in used}, **written}


def _owner(spec: PushSpec, other: PushSpec, name: str) -> PushSpec:
    """The push of two that owns an attribute."""
    owners = [each for each in (spec, other) if name in each.owns]
    if len(owners) == 1:
        return owners[0]
    both = f"{spec.sync} and {other.sync} both"
    if owners:
        msg = f"{both} say that they own {name} of {spec.kind.plural}. Take it out of `owns` of one of them."
    else:
        msg = (
            f"{both} write {name} of {spec.kind.plural}, so each run would take the other's value back. Add "
            f"`owns: [{name}]` to the one whose value is right, and the other leaves it out; or take it out "
            "of the other."
        )
    raise InvalidSpec(msg)
