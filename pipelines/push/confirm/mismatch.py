"""A mismatch: the way in which a row in Customer.io is other than sent; and the comparison of values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

MismatchKind = Literal["missing", "moved", "no_person", "unwanted", "changed"]
_REASONS: Mapping[MismatchKind, str] = {
    "missing": "it is not there",
    "moved": "it is another person's",
    "no_person": "its person is not there",
    "unwanted": "it is still there",
}


@dataclass(frozen=True)
class Mismatch:
    """The way in which a row is other than sent.

    `values` has the value that was sent and the one that was found, by attribute of a row that is changed.
    """

    kind: MismatchKind
    values: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The mismatch in words, without any value."""
        return _REASONS.get(self.kind) or f"other than sent: {', '.join(self.values)}"


def changed_values(sent: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """By attribute, the value that was sent and the other value that is held."""
    # A topic's dot path lands inside of another attribute, and an address may come back in another case.
    return {
        name: (value, held.get(name))
        for name, value in sent.items()
        if "." not in name
        and not same(value, held.get(name))
        and not (name == "email" and str(held.get(name)).lower() == str(value).lower())
    }


def same(sent: Any, held: Any) -> bool:
    """Compares a value with the one that was sent: profiles hold text [spec25], objects keep types."""
    if sent in ("", None):
        return held in ("", None)
    if isinstance(sent, bool):
        return str(held).lower() == str(sent).lower()
    if isinstance(sent, int | float):
        return _same_number(sent, held)
    if isinstance(sent, list | dict):
        try:
            return bool((json.loads(held) if isinstance(held, str) else held) == sent)
        except ValueError:
            return False
    return bool(held == sent) or str(held) == sent


def _same_number(sent: float, held: Any) -> bool:
    """Compares numbers; whole ones exactly, and one that may be a time with a text of that time."""
    try:
        if isinstance(sent, int):
            return int(str(held)) == sent
    except ValueError:
        pass
    try:
        return float(held) == float(sent)
    except (TypeError, ValueError):
        return isinstance(held, str) and _seconds(held) == sent


def _seconds(text: str) -> float | None:
    """Unix seconds of an ISO 8601 time, in UTC if it names no zone; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
