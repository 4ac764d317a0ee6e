"""Other people's data, so that a plan can be shown to anybody: the shape stays, the value goes."""

from typing import Any

_NOBODYS: frozenset[str] = frozenset()
_OF_A_PAYLOAD = frozenset({"type", "action", "name"})
_OF_A_DEVICE = frozenset({"platform"})
"""What a payload, and a device in it, say that is nobody's data; an attribute of that name is somebody's."""


def masked(value: Any, *, show: bool) -> Any:
    """The value with every text and number hidden; as it is where it is to be shown."""
    return value if show else _hidden(value, _OF_A_PAYLOAD)


def _hidden(value: Any, shown: frozenset[str]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {
            name: inner if name in shown else _hidden(inner, _OF_A_DEVICE if name == "device" else _NOBODYS)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_hidden(inner, _NOBODYS) for inner in value]
    text = str(value)
    return f"{text[:1]}…({len(text)})" if text else ""
