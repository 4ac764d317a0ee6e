"""Operations in the form of Track v2, and their validation before they are accepted.

Each v1 call, item of a batch and row of an import becomes one operation of this form:

    {"type": "person" | "object" | "delivery" | "segment", "action": ..., "identifiers": {...}, ...}

`problem` checks the operation alone, `canonical` gives an accepted one its standard form. Problems that
depend on the workspace, such as a conflict of identifiers or an unknown person, are found when the operation
is applied, after the 200 [track26]. A value that is too long is found before, and its whole operation is
refused [rud26].
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sources.customerio.sandbox.state.store.filters import text

Op = dict[str, Any]

# Limits in bytes of UTF-8, and of attributes in a call [track26].
MAX_ID, MAX_NAME, MAX_VALUE, MAX_EVENT_NAME = 150, 150, 1000, 100
MAX_ATTRIBUTES, MAX_EVENT_DATA, MAX_OBJECT = 300, 100_000, 100_000
PERSON_IDS = ("id", "email", "cio_id")
METRICS = ("opened", "converted", "delivered")
PLATFORMS = ("ios", "android")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE)
_UNIX_TEXT = re.compile(r"\d{1,15}(\.\d+)?", re.ASCII)
_MAX_SECONDS = 2**53  # beyond it, a decimal number is not exact
# A character has at most four bytes, so shorter text need not be encoded.
_MOST_BYTES_PER_CHARACTER = 4


class Problem(NamedTuple):
    """Why an operation is refused, as v2 reports it: `{reason, field, message}` [track26]."""

    reason: str
    field: str
    message: str


_Check = Callable[[Op], Problem | None]


def problem(op: object) -> Problem | None:
    """Why an operation is refused, None if it is accepted."""
    if not isinstance(op, dict):
        return Problem("invalid", "type", "an operation must be an object")
    check = _CHECKS.get((op.get("type"), op.get("action")))
    if check is None:
        kinds = {kind for kind, _ in _CHECKS}
        field = "action" if op.get("type") in kinds else "type"
        word = "required" if op.get(field) is None else "invalid"
        return Problem(word, field, f"{field} is {word if word == 'required' else 'not supported'}")
    return check(op)


def too_long(value: str, limit: int) -> bool:
    """True if text has more than `limit` bytes."""
    return len(value) * _MOST_BYTES_PER_CHARACTER > limit and len(value.encode()) > limit


def attributes_problem(given: object, field: str = "attributes") -> Problem | None:
    """A problem of attributes, of their number, a name or a value; None if there is none."""
    if given is None:
        return None
    if not isinstance(given, dict):
        return Problem("invalid", field, f"{field} must be an object")
    # The limit is documented; that a call over it is refused as a whole is unverified.
    if len(given) > MAX_ATTRIBUTES:
        return Problem("invalid", field, f"{field} cannot have more than {MAX_ATTRIBUTES} entries")
    for name, value in given.items():
        if too_long(name, MAX_NAME):
            return Problem("invalid", field, f"attribute name cannot be longer than {MAX_NAME} bytes")
        if isinstance(value, str | dict | list) and too_long(text(value), MAX_VALUE):
            message = f"property value cannot be longer than {MAX_VALUE} bytes"  # the words of [rud26]
            return Problem("invalid", f"{field}.{name}", message)
    return None


def person_problem(op: Mapping[str, Any], field: str = "identifiers", *more: str) -> Problem | None:
    """A problem unless exactly one identifier names a person; `more` are further identifiers allowed here."""
    given = op.get(field)
    if given is None:
        return Problem("required", field, f"{field} is required")
    if not isinstance(given, dict) or len(given) != 1:
        return Problem("invalid", field, f"{field} must have exactly one identifier")
    ((kind, value),) = given.items()
    if kind not in PERSON_IDS and kind not in more:
        return Problem("invalid", f"{field}.{kind}", f"{kind} is not an identifier of this workspace")
    return _id_problem(f"{field}.{kind}", value)


def object_problem(op: Mapping[str, Any], field: str = "identifiers") -> Problem | None:
    """A problem unless the identifiers name an object: its type and id, or its `cio_object_id`."""
    given = op.get(field)
    if given is None:
        return Problem("required", field, f"{field} is required")
    if not isinstance(given, dict) or set(given) not in _OBJECT_IDS:
        message = f"{field} must have object_type_id and object_id, or cio_object_id"
        return Problem("invalid", field, message)
    return next(filter(None, (_id_problem(f"{field}.{kind}", value) for kind, value in given.items())), None)


_OBJECT_IDS = ({"object_type_id", "object_id"}, {"cio_object_id"})


def _id_problem(field: str, value: object) -> Problem | None:
    name = field.rpartition(".")[2]
    if value == "":
        return Problem("required", field, f"{name} is required")
    if not is_identifier(value):
        return Problem("invalid", field, "must be a string or a number")  # the words of [rud26]
    if too_long(text(value), MAX_ID):
        return Problem("invalid", field, f"{name} cannot be longer than {MAX_ID} bytes")
    return None


def is_identifier(value: object) -> bool:
    """True if a value may be an identifier: text, or a number [rud26]."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def is_ulid(value: str) -> bool:
    """True if text is a ULID, in any case."""
    return _ULID.fullmatch(value) is not None


def event_id_problem(op: Op) -> Problem | None:
    """A problem of an event's `id` that is no ULID, which the documents ask for [track26]."""
    given = op.get("id")
    if given is None or is_ulid(given):
        return None
    return Problem("invalid", "id", "id must be a valid ULID")


def seconds(value: object) -> int | None:
    """A Unix time as sent, in whole seconds; None if it is none.

    Decimals, and numbers written as text, are accepted: Segment sends both [seg26].
    """
    if isinstance(value, str) and _UNIX_TEXT.fullmatch(value):
        return int(float(value))
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_SECONDS:
        return None
    return int(value)


def canonical(op: Op) -> Op:
    """The standard form of an accepted operation: identifiers as text, times in whole seconds.

    Numbers are accepted as identifiers [rud26] and kept as text, as values of attributes are.
    """
    if op["type"] not in ("person", "object"):
        return op
    changed: Op = {name: _ids_as_text(op[name]) for name in _NAMING if name in op}
    if (at := seconds(op.get("timestamp"))) is not None:
        changed["timestamp"] = at
    if op.get("cio_relationships"):
        changed["cio_relationships"] = [
            {**entry, "identifiers": _ids_as_text(entry["identifiers"])} for entry in op["cio_relationships"]
        ]
    if "device" in op and (used := seconds(op["device"].get("last_used"))) is not None:
        changed["device"] = {**op["device"], "last_used": used}
    return {**op, **changed}


_NAMING = ("identifiers", "primary", "secondary")


def _ids_as_text(identifiers: Mapping[str, Any]) -> dict[str, str]:
    return {kind: text(value) for kind, value in identifiers.items()}


def _timestamp(op: Op, field: str = "timestamp") -> Problem | None:
    if op.get(field) is None or seconds(op[field]) is not None:
        return None
    # That a date in ISO form is refused is unverified: both known writers convert it first.
    return Problem("invalid", field, f"{field} must be a unix timestamp in seconds")


def _relations(check: Callable[[Mapping[str, Any]], Problem | None], *, needed: bool) -> _Check:
    """A check of `cio_relationships`, of which `check` checks each entry."""

    def relations_problem(op: Op) -> Problem | None:
        given = op.get("cio_relationships")
        if given is None and not needed:
            return None
        if not isinstance(given, list):
            word = "required" if given is None else "invalid"
            return Problem(word, "cio_relationships", "cio_relationships must be an array")
        for entry in given:
            if not isinstance(entry, dict):
                return Problem("invalid", "cio_relationships", "a relationship must be an object")
            found = check(entry) or attributes_problem(
                entry.get("relationship_attributes"), "relationship_attributes"
            )
            if found is not None:
                return found._replace(field=f"cio_relationships.{found.field}")
        return None

    return relations_problem


def _event(op: Op) -> Problem | None:
    name = op.get("name")
    if not isinstance(name, str) or not name.strip():
        return Problem("required", "name", "event name is required")
    if too_long(name.strip(), MAX_EVENT_NAME):
        return Problem("invalid", "name", f"event name cannot be longer than {MAX_EVENT_NAME} bytes")
    if not isinstance(op.get("id"), str | None):
        return Problem(
            "invalid", "id", "id must be a string"
        )  # the words are unverified: no other type was seen
    data = op.get("attributes")
    if data is not None and not isinstance(data, dict):
        return Problem("invalid", "attributes", "attributes must be an object")
    return _timestamp(op)


def _device(op: Op) -> Problem | None:
    device = op.get("device")
    if not isinstance(device, dict) or not isinstance(device.get("token"), str) or not device["token"]:
        return Problem("required", "device.token", "device token is required")
    return None


def _new_device(op: Op) -> Problem | None:
    device = op["device"]
    if device.get("platform") not in PLATFORMS:
        return Problem("invalid", "device.platform", "device platform must be ios or android")
    found = _timestamp(device, "last_used") or attributes_problem(device.get("attributes"))
    return found._replace(field=f"device.{found.field}") if found else None


def _both(op: Op) -> Problem | None:
    return person_problem(op, "primary") or person_problem(op, "secondary")


def _person_or_anonymous(op: Op) -> Problem | None:
    return person_problem(op, "identifiers", "anonymous_id")


def _metric(op: Op) -> Problem | None:
    identifiers = op.get("identifiers")
    if not isinstance(identifiers, dict) or not isinstance(identifiers.get("id"), str):
        return Problem("required", "identifiers.id", "id is required")
    if op.get("name") not in METRICS:
        return Problem("invalid", "name", f"name must be one of {', '.join(METRICS)}")
    return None


def _attributes(op: Op) -> Problem | None:
    return attributes_problem(op.get("attributes"))


def _anonymous_entry(entry: Mapping[str, Any]) -> Problem | None:
    return person_problem(entry, "identifiers", "anonymous_id")


def _all(*checks: _Check) -> _Check:
    def all_checks(op: Op) -> Problem | None:
        for check in checks:
            found = check(op)
            if found is not None:
                return found
        return None

    return all_checks


_CHECKS: dict[tuple[object, object], _Check] = {
    # An item may have an `anonymous_id` alone [seg26].
    ("person", "identify"): _all(
        _person_or_anonymous, _attributes, _timestamp, _relations(object_problem, needed=False)
    ),
    ("person", "delete"): person_problem,
    ("person", "event"): _all(_person_or_anonymous, _event),
    ("person", "page"): _all(_person_or_anonymous, _event),
    ("person", "screen"): _all(_person_or_anonymous, _event),
    ("person", "add_relationships"): _all(person_problem, _relations(object_problem, needed=True)),
    ("person", "delete_relationships"): _all(person_problem, _relations(object_problem, needed=True)),
    ("person", "add_device"): _all(person_problem, _device, _new_device),
    ("person", "delete_device"): _all(person_problem, _device),
    ("person", "merge"): _both,
    ("person", "suppress"): person_problem,
    ("person", "unsuppress"): person_problem,
    ("object", "identify"): _all(
        object_problem, _attributes, _timestamp, _relations(person_problem, needed=False)
    ),
    ("object", "identify_anonymous"): _all(
        object_problem, _attributes, _relations(_anonymous_entry, needed=False)
    ),
    ("object", "delete"): object_problem,
    ("object", "add_relationships"): _all(object_problem, _relations(person_problem, needed=True)),
    ("object", "delete_relationships"): _all(object_problem, _relations(person_problem, needed=True)),
    ("delivery", "event"): _metric,
}
