"""Completes a person of an export from the row that the warehouse holds.

An export carries text cells alone, and neither `timestamps` nor `devices`. An empty cell and an attribute
that is not set are the same, and so are a number or boolean and its text.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from sources.customerio.extract.rows import Row

# Attributes that Customer.io computes; an export may lack them.
_COMPUTED = "_cio_"


def complete(person: Row, held: Row) -> Row:
    """The whole row of an exported person: the export's values, and the held row's where it carries none.

    Returns `held` itself, the same object, if no value of the export differs from it.
    """
    changed = {
        "id": _scalar(person["id"], held.get("id")),
        "unsubscribed": _scalar(person["unsubscribed"], held.get("unsubscribed")),
        "identifiers": _json(person["identifiers"], held.get("identifiers"), _identifiers),
        "attributes": _json(person["attributes"], held.get("attributes"), _attributes),
    }
    if all(value is held.get(name) for name, value in changed.items()):
        return held
    return {**held, **changed}


def _scalar(exported: Any, held: Any) -> Any:
    return held if exported is None or exported == held else exported


def _json(exported: Any, held: Any, merge: Any) -> Any:
    if exported is None or (held is not None and exported == held):
        return held
    before = _parsed(held)
    after = merge(_parsed(exported), before)
    return held if after == before else after


def _identifiers(exported: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """The exported identifiers over the held ones, which may be more."""
    return {**held, **_different(exported, held)}


def _attributes(exported: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """The exported attributes; an attribute that has no cell is removed, unless Customer.io computes it."""
    kept = {
        name: value
        for name, value in held.items()
        if name in exported or _is_empty(value) or name.startswith(_COMPUTED)
    }
    return {**kept, **_different(exported, held)}


def _different(exported: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in exported.items() if _text(cell) != _text(held.get(name))}


def _text(value: Any) -> str:
    if _is_empty(value):
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _parsed(value: Any) -> dict[str, Any]:
    """The JSON object of a cell, which is text or parsed already; empty if there is none."""
    found = orjson.loads(bytes(value)) if isinstance(value, msgspec.Raw) else value
    return found if isinstance(found, dict) else {}
