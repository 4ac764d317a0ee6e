"""Audiences of triggered broadcasts: the variants of a trigger's body, and the people that they match.

    {}                    all people, the broadcast's own audience
    {recipients: filter}  the people who match when the trigger is processed
    {ids: [...]} {emails: [...]} {per_user_data: [{id|email, data}]} {data_file_url: "..."}

The people of a list must exist: a missing one is an error of the whole trigger, unless a flag allows missing
ids or addresses ([spec25], [sdk go]).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import orjson

from sources.customerio.sandbox.state.store.errors import BadRequest, Invalid
from sources.customerio.sandbox.state.store.filters import compile_filter
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

MOST_DATA_BYTES = 50_000
MOST_NAMED = 10_000
_IDS, _EMAILS = frozenset({"id_ignore_missing"}), frozenset({"email_ignore_missing", "email_add_duplicates"})
# The flags that go with each variant; others are refused [sdk go].
_VARIANTS: dict[str, frozenset[str]] = {
    "recipients": frozenset(),
    "ids": _IDS,
    "emails": _EMAILS,
    "per_user_data": _IDS | _EMAILS,
    "data_file_url": _IDS | _EMAILS,
}
_IGNORE = {"id": "id_ignore_missing", "email": "email_ignore_missing"}

Fetch = Callable[[str], Sequence[object]]
"""Downloads a URL and returns one JSON value for each line; BadRequest if that fails."""


@dataclass(frozen=True, kw_only=True)
class Audience:
    """A variant, None for all people, with its filter or the (identifier type, value) pairs of its list."""

    variant: str | None = None
    filter: object = None
    named: tuple[tuple[str, str], ...] = ()
    ignored: frozenset[str] = frozenset()

    @property
    def pointer(self) -> str:
        """The JSON pointer to the variant in the body."""
        return _pointer(self.variant or "recipients")

    def errors(self, workspace: Workspace) -> list[str]:
        """A line for each entry whose person does not exist, unless its flag allows that."""
        return [
            f"line {number} : no customer with {kind} {value!r}"
            for number, (kind, value) in enumerate(self.named, 1)
            if kind not in self.ignored and workspace.people.find(value, kind) is None
        ]

    def people(self, workspace: Workspace) -> list[int]:
        """The person numbers, each once, in the order of the list or of the workspace."""
        if self.variant is None:
            return [person.number for person in workspace.people]
        if self.filter is not None:
            test = compile_filter(self.filter, workspace.segments.is_member)
            return [person.number for person in workspace.people if test(person)]
        found = (workspace.people.find(value, kind) for kind, value in self.named)
        return list(dict.fromkeys(person.number for person in found if person is not None))


def read_audience(workspace: Workspace, body: Record, fetch: Fetch) -> Audience:
    """The audience of a trigger's body; Invalid, with a JSON pointer, if the body is wrong."""
    variants = [name for name in _VARIANTS if name in body]
    if len(variants) > 1:
        _refuse(variants[1], f"{variants[1]} cannot be used together with {variants[0]}")
    variant = variants[0] if variants else None
    _check_fields(body, variant)
    if variant is None:
        return Audience()
    given = body[variant]
    if variant == "recipients":
        _check_filter(workspace, given)
        return Audience(variant=variant, filter=given)
    ignored = frozenset(kind for kind, flag in _IGNORE.items() if body.get(flag) is True)
    return Audience(variant=variant, named=tuple(_named(variant, given, fetch)), ignored=ignored)


def _check_fields(body: Record, variant: str | None) -> None:
    flags = _VARIANTS.get(variant or "", frozenset())
    for name, value in body.items():
        if name not in flags | {variant, "data"}:
            _refuse(name, f"{name} is not allowed here")
        if name in flags and not isinstance(value, bool):
            _refuse(name, f"{name} must be a boolean")
    data = body.get("data")
    if not isinstance(data, dict | None):
        _refuse("data", "data must be an object")
    if len(orjson.dumps(data)) > MOST_DATA_BYTES:
        _refuse("data", f"data is larger than {MOST_DATA_BYTES} bytes")


def _check_filter(workspace: Workspace, given: object) -> None:
    if given == {}:
        _refuse("recipients", "empty recipients filter is not valid")  # [sdk node]
    try:
        compile_filter(given, workspace.segments.is_member)
    except BadRequest as wrong:
        _refuse("recipients", wrong.detail)


def _named(variant: str, given: object, fetch: Fetch) -> Iterator[tuple[str, str]]:
    if variant == "data_file_url":
        try:
            rows = fetch(str(given))
        except BadRequest as wrong:
            _refuse(variant, wrong.detail)
    elif not isinstance(given, list) or not given:
        _refuse(variant, f"{variant} must be a list that is not empty")
    elif len(given) > MOST_NAMED:
        _refuse(variant, f"{variant} has {len(given)} entries and may have {MOST_NAMED}")
    else:
        rows = given
    kind = {"ids": "id", "emails": "email"}.get(variant)
    for number, row in enumerate(rows):
        yield _identifier(row, f"{variant}/{number}") if kind is None else (kind, str(row))


def _identifier(row: object, where: str) -> tuple[str, str]:
    given = row if isinstance(row, dict) else {}
    kind = next((kind for kind in ("id", "email") if given.get(kind) not in (None, "")), None)
    if kind is None:
        _refuse(where, "an entry needs an id or an email")
    return kind, str(given[kind])


def _refuse(field: str, detail: str) -> NoReturn:
    raise Invalid(detail, _pointer(field))


def _pointer(field: str) -> str:
    return f"/data/attributes/{field}"
