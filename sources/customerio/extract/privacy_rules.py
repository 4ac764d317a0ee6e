"""The rules of privacy, as they were written and as they are for one table: which place has which action."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sources.customerio.catalogue import PERSON_PATHS, RESOURCES, Resource
from sources.customerio.extract.personal_texts import TextKind, is_address
from sources.customerio.extract.rows import AS_SENT

Action = Literal["keep", "hash", "drop"]
"""The action of a rule: leave the value, replace it by its hash, or leave it out."""
HashedIdentifier = Literal["id", "email"]
"""The identifiers of a person that a rule may be about."""

REST: Final = "*"
"""The name, in the rules of a table, of all that has no rule of its own."""
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

    def __bool__(self) -> bool:
        parts: tuple[Mapping[Any, Action], ...] = (
            self.identifiers,
            self.attributes,
            self.texts,
            *self.tables.values(),
        )
        return any(action != "keep" for part in parts for action in part.values())


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
        return self.address if self.address and path in self.ids and is_address(text) else None


NO_RULES: Final = TableRules(paths={}, names={})
"""The rules of a table without any."""


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
