"""The item of a request: its parts, builders of its SQL, and its attributes.

SQL is that of DuckDB, and makes JSON text.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from pipelines.warehouse.sql import literal

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def json_object(**members: str) -> str:
    """SQL of a JSON object; each member is SQL of its JSON text."""
    parts = " || ',' || ".join(f"'\"{name}\":' || {value}" for name, value in members.items())
    return f"('{{' || {parts} || '}}')"


def json_array(member: str) -> str:
    """SQL of a JSON array with one member."""
    return f"'[' || {member} || ']'"


def json_text(text: str) -> str:
    """SQL of a constant as a JSON string."""
    return literal(f'"{text}"')


def stored(path: str) -> str:
    """SQL of the JSON text at a path of `f.before`, the payload that was accepted last."""
    return f"json_extract(f.before, '{path}')::VARCHAR"


def pointer(path: str, name: str) -> str:
    """SQL of the JSON pointer to a member of the object at that JSON path, whatever its name has in it."""
    steps = path.removeprefix("$").replace("[0]", ".0").replace(".", "/")
    return literal(f"{steps}/{name.replace('~', '~0').replace('/', '~1')}")


def ulid(ms: str, seed: str) -> str:
    """SQL of a ULID, the id of an event: 48 bits of milliseconds, and the first 80 bits of a hex text."""
    halves = (f"('0x' || substr({seed}, {start}, 10))::BIGINT" for start in (1, 11))
    return " || ".join((_base32(ms, 10), *(_base32(half, 8) for half in halves)))


def _base32(number: str, digits: int) -> str:
    return " || ".join(
        f"substr('{_ALPHABET}', 1 + ((({number}) >> {5 * place}) & 31)::INTEGER, 1)"
        for place in reversed(range(digits))
    )


class Parts(Protocol):
    """The parts of an item, as SQL of JSON text over a row `d` of the model; see `plan.payload.ItemParts`."""

    @property
    def person(self) -> str:
        """The identifiers of the person."""

    @property
    def object(self) -> str:
        """The identifiers of the object."""

    @property
    def attributes(self) -> str:
        """The attributes, as an object."""

    @property
    def device(self) -> str:
        """The device with its attributes."""

    @property
    def event_name(self) -> str:
        """The name of the event."""

    @property
    def event_id(self) -> str:
        """The ULID of the event, equal for every delivery of the same row."""

    @property
    def timestamp(self) -> str:
        """The time of the event, Unix seconds."""

    @property
    def entity(self) -> str:
        """SQL text (no JSON) of the person or object that the row changes."""


def attributes_of(payload: Any, path: str) -> dict[str, Any]:
    """The attributes of a payload, which lie at that JSON path; the directive `_update` is none."""
    found = payload
    for part in path.removeprefix("$").replace("[0]", ".0").split("."):
        if part:
            found = found[int(part)] if part.isdigit() else (found or {}).get(part)
    if not isinstance(found, Mapping):
        return {}
    return {name: value for name, value in found.items() if name != "_update"}


def comparable(identifier: str, value: str) -> str:
    """An identifier as it is compared: email addresses are equal in any case [track26]."""
    return value.lower() if identifier == "email" else value
