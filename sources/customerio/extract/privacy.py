"""Rules that hash or drop personal data, applied to rows before they are compared, staged or stored.

    tables, identifiers, attributes -> the action of a column, or of a member of its JSON
    texts                           -> addresses and telephone numbers within all other texts

A hash is an HMAC of the value with a secret key: equal values have equal hashes, in all tables and exports,
so that joins on them work. An address is hashed in lower case, a telephone number by its digits. The
`cio_id`, by which Customer.io names a person in its calls, says nothing of the person and stays.
"""

import hmac
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal
from urllib.parse import unquote

import msgspec

from sources.customerio.catalogue import PERSON_PATHS, RESOURCES, Resource
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.rows import AS_SENT, NO_JSON, Row, TypedRow

Action = Literal["keep", "hash", "drop"]
"""The action of a rule: leave the value, replace it by its hash, or leave it out."""
HashedIdentifier = Literal["id", "email"]
"""The identifiers of a person that a rule may be about."""
TextKind = Literal["email", "phone"]
"""The kinds of personal data that are found within texts."""

HASHED: Final = "hashed_"
"""The beginning of a hash; 32 hex digits follow."""
HASH: Final = rf"{HASHED}[0-9a-f]{{32}}"
"""Pattern of a hash."""
REST: Final = "*"
"""The name, in the rules of a table, of all that has no rule of its own."""

_HASH = re.compile(HASH)
_LOCAL = r"""(?:[^\s"<>()\[\],;:@\\/?&=#|%]|%(?!40|20|26|3D|3F)[0-9A-F]{2}){1,100}"""
_DOMAIN = r"(?:@|%40|\\u0040|&#64;|&#x40;)[\w-]+(?:\.[\w-]+)+"
_EMAIL = re.compile(_LOCAL + _DOMAIN, re.IGNORECASE)
_AT_DOMAIN, _LOCAL_BEFORE = re.compile(_DOMAIN, re.IGNORECASE), re.compile(rf"{_LOCAL}\Z", re.IGNORECASE)
_LONGEST_LOCAL = 300
_PHONE = re.compile(r"(?<![\w.])(?:\+|%2B)\d[\d ().-]{5,18}\d(?!\w)", re.IGNORECASE)
_ESCAPED_AT = re.compile(r"\\u0040|&#64;|&#x40;", re.IGNORECASE)
_NO_DIGIT = re.compile(r"(?:%2B|\D)", re.IGNORECASE)
_GONE: Final = object()
# Their members are times and numbers, named as attributes are.
_NO_VALUES = frozenset({"timestamps", "metrics"})
# The tables of exports' rows, with the table that has the rules of their cells.
_EXPORTED = {"exported_people": "people", "exported_deliveries": "messages"}


@dataclass(frozen=True, kw_only=True)
class PrivacyRules:
    """The rules, as they were written.

    `tables`: by table, the action of a column, of a path such as `attributes.phone`, of the members of that
    name in any JSON column, or of `REST`.
    `identifiers`: the action of the places of a person's id or address, in all tables.
    `attributes`: the action of the members of that name, in the JSON of all tables with data of people.
    `texts`: the action of addresses and telephone numbers in texts that no other rule is about.
    """

    tables: Mapping[str, Mapping[str, Action]] = field(default_factory=dict)
    identifiers: Mapping[HashedIdentifier, Action] = field(default_factory=dict)
    attributes: Mapping[str, Action] = field(default_factory=dict)
    texts: Mapping[TextKind, Action] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TableRules:
    """The rules of one table: by path from a column down, by a member's name, and of all the rest.

    `ids` are the paths of a person's id; if it is an address, as in some workspaces, `address` is its action.
    """

    paths: Mapping[tuple[str, ...], Action]
    names: Mapping[str, Action]
    rest: Action | None = None
    ids: Collection[tuple[str, ...]] = ()
    address: Action | None = None

    def at(self, path: tuple[str, ...]) -> Action | None:
        """The action at that path, which begins with a column; None if no rule is about it."""
        column = path[0].removesuffix(AS_SENT)
        found = self.paths.get((column, *path[1:]))
        if found is None and len(path) > 1 and column not in _NO_VALUES:
            found = self.names.get(path[-1]) or self.rest
        if found is None and self.rest and len(path) == 1 and not self.goes_into(column):
            return self.rest
        return found

    def goes_into(self, column: str) -> bool:
        """True if members of that column may have rules of their own."""
        return bool(self.names) or any(path[0] == column and len(path) > 1 for path in self.paths)

    def of_text(self, path: tuple[str, ...], text: str) -> Action | None:
        """The action of a text without one at its path: that of an address in the place of an id."""
        return self.address if self.address and path in self.ids and _EMAIL.fullmatch(text.strip()) else None


_NO_RULES: Final = TableRules(paths={}, names={})


class Privacy:
    """Rules with the key of their hashes."""

    def __init__(self, key: bytes = b"", rules: PrivacyRules | None = None) -> None:
        """Without rules, all data are kept."""
        self._key = key
        self.rules = rules or PrivacyRules()
        self._of: dict[str, TableRules] = {}
        self._texts = {kind: action for kind, action in self.rules.texts.items() if action != "keep"}

    def __bool__(self) -> bool:
        rules = self.rules
        parts: tuple[Mapping[Any, Action], ...] = (
            rules.identifiers,
            rules.attributes,
            rules.texts,
            *rules.tables.values(),
        )
        return any(action != "keep" for part in parts for action in part.values())

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
        new = self._walked(_NO_RULES, ("record",), record)
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
            for start, end in reversed(list(_FINDERS[kind](value))):
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
            if not any(True for kind in self._texts for _ in _FINDERS[kind](text)):
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


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """The places of addresses in a text; only what is before an `@` is looked at, for texts may be large."""
    last = 0
    for found in _AT_DOMAIN.finditer(text):
        begin = max(last, found.start() - _LONGEST_LOCAL)
        local = _LOCAL_BEFORE.search(text[begin : found.start()])
        if local is not None:
            last = found.end()
            yield begin + local.start(), last


def _telephone_numbers(text: str) -> Iterator[tuple[int, int]]:
    """The places of telephone numbers in a text."""
    yield from (found.span() for found in _PHONE.finditer(text))


_FINDERS: Mapping[TextKind, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": _addresses,
    "phone": _telephone_numbers,
}

NOTHING_PRIVATE: Final = Privacy()
"""No rule: all data are kept."""


def canonical(text: str) -> str:
    """The text that is hashed: the same for all spellings of an address, or of a telephone number."""
    plain = text.strip()
    if _EMAIL.fullmatch(plain):
        plain = _ESCAPED_AT.sub("@", plain)
        return (plain if "@" in plain else unquote(plain)).strip("'").lower()
    return f"+{_NO_DIGIT.sub('', plain)}" if _PHONE.fullmatch(plain) else plain


def fault_of_rule(resource: Resource, name: str, action: Action) -> str | None:
    """The reason why a table cannot have that rule; None if it can."""
    column, _, member = name.partition(".")
    kind = resource.columns.get(column)
    if action == "keep" or name == REST:
        return None
    if kind is None:
        has_json = "json" in resource.columns.values()
        return None if has_json else f"it has no column {column} and no JSON with such a member"
    if member:
        return None if kind == "json" else f"its column {column} is no JSON and has no member {member}"
    if column == resource.cursor or resource.person.get(column) in ("cio_id", "delivery"):
        return f"its rows are found by {column}, which says nothing of a person"
    if column in resource.key and (action == "drop" or _is_asked_for(resource)):
        return f"its rows are known by {column}"
    if action == "hash" and kind not in ("text", "json"):
        return f"{column} is no text ({kind}); drop it, or keep it"
    return None


def _is_asked_for(resource: Resource) -> bool:
    """True if keys of the table are sent to Customer.io, which knows no hash."""
    return resource.lookup is not None or any(row.parent == resource.table for row in RESOURCES)


def compiled(rules: PrivacyRules, resource: Resource) -> TableRules:
    """The rules of one table: its own, then those of identifiers, of attributes, and of the rest."""
    own = {**rules.tables.get(_EXPORTED.get(resource.table, ""), {}), **rules.tables.get(resource.table, {})}
    paths: dict[tuple[str, ...], Action] = {}
    names: dict[str, Action] = {}
    if resource.person or "attributes" in resource.columns:
        names |= rules.attributes
        paths |= {(name,): rules.attributes[name] for name in resource.person if name in rules.attributes}
    if resource.person:
        for identifier, action in rules.identifiers.items():
            paths |= dict.fromkeys(_places(resource, identifier), action)
    if resource.person and "email" in rules.identifiers:
        names["email"] = rules.identifiers["email"]
    for name, action in own.items():
        if name != REST:
            _add_own(resource, name, action, paths, names)
    rest = own.get(REST)
    if rest is not None:
        free = {name for name in resource.columns if fault_of_rule(resource, name, rest) is None}
        inside = bool(names) or any(len(path) > 1 for path in paths)
        for name, kind in resource.columns.items():
            if kind == "json" and inside and name not in _NO_VALUES:
                continue
            paths.setdefault((name,), rest if name in free else "keep")
    for key in resource.key:
        # A row is known by its key: what cannot be left out is hashed.
        if paths.get((key,)) == "drop":
            paths[key,] = "hash"
    return TableRules(
        paths=paths,
        names=names,
        rest=rest,
        ids=frozenset(_places(resource, "id")),
        address=paths.get(next(iter(_places(resource, "email")), ()), names.get("email")),
    )


def _add_own(
    resource: Resource,
    name: str,
    action: Action,
    paths: dict[tuple[str, ...], Action],
    names: dict[str, Action],
) -> None:
    """Add a rule of the table itself, in all places that hold the same value."""
    path = tuple(name.split("."))
    identifier = _identifier_at(resource, path)
    if identifier is not None:
        paths |= dict.fromkeys(_places(resource, identifier), action)
        if identifier == "email":
            names["email"] = action
    elif resource.table in _EXPORTED:
        names[path[-1]] = action
    elif path[0] in resource.columns:
        paths[path] = action
    else:
        names[name] = action


def _identifier_at(resource: Resource, path: tuple[str, ...]) -> HashedIdentifier | None:
    """The identifier of the person that a path of a table holds, as other columns of the row do."""
    kinds: tuple[HashedIdentifier, ...] = ("id", "email")
    if not resource.person:
        return None
    if resource.table in _EXPORTED:
        # The table of its rules has the columns that the rule names.
        path = ("row", path[-1])
    found = next((kind for kind in kinds if path in set(_places(resource, kind))), None)
    return found or ("email" if path == ("email",) and "email" not in resource.columns else None)


def _places(resource: Resource, identifier: HashedIdentifier) -> Iterator[tuple[str, ...]]:
    """The paths in a table's rows that hold that identifier of the person."""
    for column, kind in resource.person.items():
        if kind == identifier:
            yield (column,)
        yield from ((column, *path.split(".")) for path in PERSON_PATHS.get(kind, {}).get(identifier, ()))
    if "attributes" in resource.columns:
        yield ("attributes", identifier)


def _plain(header: str) -> str:
    """A header in lower case, its spaces and hyphens as underscores."""
    return re.sub(r"[\s\-]+", "_", header.strip().lower())
