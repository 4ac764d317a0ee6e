"""Rules that hash or drop personal data, applied to rows before they are compared, staged or stored.

    tables, identifiers, attributes -> the action of a column, or of a member of its JSON
    texts                           -> addresses and telephone numbers within all other texts

A hash is an HMAC of the value with a secret key: equal values have equal hashes, in all tables and exports,
so that joins on them work. An address is hashed in lower case, a telephone number by its digits. The
`cio_id`, by which Customer.io names a person in its calls, says nothing of the person and stays.
"""

import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from sources.customerio.catalogue import RESOURCES, Resource
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.personal_texts import FINDERS, canonical
from sources.customerio.extract.privacy_rules import (
    NO_RULES,
    REST,
    Action,
    PrivacyRules,
    TableRules,
    compiled,
)
from sources.customerio.extract.rows import NO_JSON, Row, TypedRow

HASHED: Final = "hashed_"
"""The beginning of a hash; 32 hex digits follow."""
HASH: Final = rf"{HASHED}[0-9a-f]{{32}}"
"""Pattern of a hash."""

_HASH = re.compile(HASH)
_GONE: Final = object()


class Privacy:
    """Rules with the key of their hashes."""

    def __init__(self, key: bytes = b"", rules: PrivacyRules | None = None) -> None:
        """Without rules, all data are kept."""
        self._key = key
        self.rules = rules or PrivacyRules()
        self._of: dict[str, TableRules] = {}
        self._texts = {kind: action for kind, action in self.rules.texts.items() if action != "keep"}

    def __bool__(self) -> bool:
        return bool(self.rules)

    def applied(self, resource: Resource, batch: Batch) -> Batch:
        """The batch with these rules applied to its rows."""
        if not self or not batch.rows:
            return batch
        of = self.rules_of(resource)
        rows: Any = [self._row(of, row) for row in batch.rows]
        return replace(batch, rows=rows)

    def record(self, resource: Resource, record: Any) -> Any:
        """A record as Customer.io sent it, with the rules of its table applied."""
        if not self:
            return record
        if isinstance(record, dict | TypedRow):
            return self._row(self.rules_of(resource), record)
        new = self._walked(NO_RULES, ("record",), record)
        return None if new is _GONE else new

    def value(self, resource: Resource, column: str, value: Any) -> Any:
        """A stored value of a column with the rules applied; None if it is dropped."""
        new = self._walked(self.rules_of(resource), (column,), value)
        return None if new is _GONE else new

    def cells(self, resource: Resource, header: Sequence[str]) -> Callable[[list[str]], list[str]]:
        """A function for the rows of an export's file with that header, the rows of `resource`.

        A cell beyond the header is emptied.
        """
        of = self.rules_of(resource)
        paths = [("row", name if of.at(("row", name)) else _plain(name)) for name in header]
        actions = [of.at(path) for path in paths]

        def one(path: tuple[str, ...], action: Action | None, cell: str) -> str:
            new = self._by(action, cell) if action else self._text(of, path, cell)
            return "" if new is _GONE else str(new)

        def applied(row: list[str]) -> list[str]:
            known = [one(*each) for each in zip(paths, actions, row, strict=False)]
            return known + [""] * (len(row) - len(known))

        return applied

    def hashed(self, value: object) -> str:
        """The hash of a text or number; an empty text and a hash are returned as they are."""
        text = str(value)
        if not text.strip() or _HASH.fullmatch(text):
            return text
        found = hmac.digest(self._key, canonical(text).encode("utf-8", "surrogatepass"), "sha256")
        return f"{HASHED}{found.hex()[:32]}"

    def text(self, value: str) -> str:
        """A text without the addresses and telephone numbers that these rules hash or drop."""
        for kind, action in self._texts.items():
            for start, end in reversed(list(FINDERS[kind](value))):
                hidden = self.hashed(value[start:end]) if action == "hash" else ""
                value = value[:start] + hidden + value[end:]
        return value

    def rules_of(self, resource: Resource) -> TableRules:
        """The rules of one table."""
        if resource.table not in self._of:
            self._of[resource.table] = compiled(self.rules, resource)
        return self._of[resource.table]

    def dropped(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The tables and paths that are left out; `REST` as the first part stands for any JSON column."""
        for resource in RESOURCES:
            of = self.rules_of(resource)
            members: dict[tuple[str, ...], Action] = {(REST, name): of.names[name] for name in of.names}
            for path, action in {**of.paths, **members}.items():
                if action == "drop":
                    yield resource.table, path

    def _by(self, action: Action, text: str) -> Any:
        match action:
            case "hash":
                return self.hashed(text)
            case "drop":
                return _GONE
        return text

    def _text(self, of: TableRules, path: tuple[str, ...], text: str) -> Any:
        """A text that no rule of a path is about: an address in the place of an id, JSON, or words."""
        if action := of.of_text(path, text):
            return self._by(action, text)
        if of.names and text.startswith(("{", "[")):
            try:
                read = msgspec.json.decode(text)
            except (msgspec.MsgspecError, RecursionError):
                return self.text(text)
            new = self._walked(of, path, read)
            return text if new == read else msgspec.json.encode(new).decode()
        return self.text(text)

    def _row(self, of: TableRules, row: Any) -> Any:
        if isinstance(row, dict):
            return self._members(of, (), row)
        changed = {}
        for name in row.__struct_fields__:
            value = getattr(row, name)
            if value is None or value is NO_JSON:
                continue
            new = self._members(of, (), value) if name == "_unknown" else self._walked(of, (name,), value)
            if new is _GONE:
                new = NO_JSON if isinstance(value, msgspec.Raw) else None
            if new is not value:
                changed[name] = new
        return msgspec.structs.replace(row, **changed) if changed else row

    def _members(self, of: TableRules, path: tuple[str, ...], value: Row) -> Row:
        new = {}
        for name, inner in value.items():
            walked = self._walked(of, (*path, str(name)), inner)
            if walked is not _GONE:
                # A member may be named by data; a column is not.
                new[self.text(str(name)) if path else name] = walked
        return new

    def _walked(self, of: TableRules, path: tuple[str, ...], value: Any) -> Any:
        """The value with the rules applied: itself if nothing of it changes, `_GONE` if it is dropped."""
        action = of.at(path)
        if action == "keep" or value is None:
            return value
        if action == "drop":
            return _GONE
        if isinstance(value, msgspec.Raw):
            return self._raw(of, path, value, action)
        if action == "hash":
            return self._all_hashed(value)
        new: Any = value
        match value:
            case str():
                return self._text(of, path, value)
            case dict():
                new = self._members(of, path, value)
            case list():
                walked = (self._walked(of, path, inner) for inner in value)
                new = [inner for inner in walked if inner is not _GONE]
        return value if new == value else new

    def _raw(self, of: TableRules, path: tuple[str, ...], value: msgspec.Raw, action: Action | None) -> Any:
        """A JSON text; one that cannot be read is left out, for nothing says what is in it."""
        if action is None and not of.goes_into(path[0]):
            text = bytes(value).decode(errors="replace")
            if not any(True for kind in self._texts for _ in FINDERS[kind](text)):
                return value
        try:
            read = msgspec.json.decode(value)
        except (msgspec.MsgspecError, RecursionError):
            return _GONE
        new = self._all_hashed(read) if action == "hash" else self._walked(of, path, read)
        return value if new is read or new == read else msgspec.Raw(msgspec.json.encode(new))

    def _all_hashed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._all_hashed(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._all_hashed(inner) for inner in value]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return value
        return self.hashed(value)


NOTHING_PRIVATE: Final = Privacy()
"""No rule: all data are kept."""


def _plain(header: str) -> str:
    """A header in lower case, its spaces and hyphens as underscores."""
    return re.sub(r"[\s\-]+", "_", header.strip().lower())
