"""The fields of one table, and the SQL of their values.

A field is a column, or a path into a JSON column. A column contains texts, numbers, booleans, or JSON, whose
values may be any of these. A path that meets an array continues in each of its elements.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.errors import ConfigError
from pipelines.warehouse.sql import quoted
from sources.suggestions import did_you_mean_or_all

Kind = Literal["text", "number", "bool", "json"]
Bind = Callable[[Any], str]
"""Adds a value to the query's parameters, and returns the parameter's name."""

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE")
_KINDS: Mapping[str, Kind] = {"BOOLEAN": "bool", "JSON": "json", **dict.fromkeys(_NUMBERS, "number")}

# A key that contains a dot is quoted: attributes."plan.name".
_KEY = r'(?:"[^"]*"|[^".]+)'
_PATH = re.compile(rf"[^.]+(?:\.{_KEY})*")


@dataclass(frozen=True, kw_only=True)
class Value:
    """The SQL of a value, and the kind of the value."""

    sql: str
    kind: Kind

    @property
    def missing(self) -> str:
        """The SQL condition for no value: SQL's null, or JSON's."""
        if self.kind == "json":
            return f"coalesce(json_type({self.sql}), 'NULL') = 'NULL'"
        return f"{self.sql} IS NULL"

    def as_kind(self, kind: Kind) -> str:
        """The SQL of the value if it is of that kind, else of null."""
        if self.kind != "json":
            return self.sql
        types, read = _AS[kind]
        return f"CASE WHEN json_type({self.sql}) IN ({types}) THEN {read(self.sql)} END"


# By kind: DuckDB's names of its JSON types, and the SQL that reads one. JSON's numbers are 64-bit floats.
_AS: Mapping[Kind, tuple[str, Callable[[str], str]]] = {
    "text": ("'VARCHAR'", lambda sql: f"json_extract_string({sql}, '$')"),
    "number": ("'UBIGINT', 'BIGINT', 'DOUBLE'", lambda sql: f"TRY_CAST({sql} AS DOUBLE)"),
    "bool": ("'BOOLEAN'", lambda sql: f"TRY_CAST({sql} AS BOOLEAN)"),
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field: its column, and the keys of its path into the column's JSON."""

    path: str
    column: str
    kind: Kind
    cast: bool = False
    keys: tuple[str, ...] = ()

    def value(self, bind: Bind) -> Value:
        """The field's single value, to sort by; the path does not continue into arrays."""
        name = quoted(self.column)
        if self.keys:
            return Value(sql=f"json_extract({name}, {bind(_pointer(self.keys))})", kind="json")
        return Value(sql=f"CAST({name} AS VARCHAR)" if self.cast else name, kind=self.kind)

    def elements(self, bind: Bind) -> str:
        """The values of a JSON field as an SQL list: all elements of the arrays on its path, or one value."""
        name = quoted(self.column)
        values = f"[{name}]"
        for key in self.keys:
            step = bind(_pointer((key,)))
            values = f"list_transform({_spread(values)}, lambda v: json_extract(v, {step}))"
        # Most documents contain no array; flattening them would cost more than the rest of the query.
        return (
            f"CASE WHEN contains({name}::VARCHAR, '[') THEN {_spread(values)} "
            f"ELSE [{self.value(bind).sql}] END"
        )


@dataclass(frozen=True, kw_only=True)
class Fields:
    """The columns of a table, with DuckDB's types."""

    table: str
    types: Mapping[str, str]

    def find(self, path: str) -> Field:
        """The field of that path.

        Raises:
            ConfigError: the table has no such column, or the column is not JSON and has no keys.
        """
        if path in self.types:
            kind = _KINDS.get(self.types[path], "text")
            return Field(
                path=path,
                column=path,
                kind=kind,
                cast=kind == "text" and self.types[path] != "VARCHAR",
            )
        column, *_ = path.split(".")
        if column not in self.types:
            msg = f"{self.table} has no field {column!r}.{did_you_mean_or_all(column, self.types)}"
            raise ConfigError(msg)
        if self.types[column] != "JSON":
            msg = (
                f"{path!r} leads into {column}, which is not a JSON column. Name the field {column!r} alone."
            )
            raise ConfigError(msg)
        if _PATH.fullmatch(path) is None:
            msg = (
                f"{path!r} is not a path. Separate keys by single dots, and quote a key that contains a "
                'dot: attributes."plan.name".'
            )
            raise ConfigError(msg)
        keys = tuple(key.strip('"') for key in re.findall(_KEY, path.removeprefix(f"{column}.")))
        return Field(path=path, column=column, kind="json", keys=keys)


def _spread(values: str) -> str:
    """The list with each array in it replaced by its elements."""
    return (
        f"flatten(list_transform({values}, "
        "lambda v: CASE json_type(v) WHEN 'ARRAY' THEN json_extract(v, '$[*]') ELSE [v] END))"
    )


def _pointer(keys: tuple[str, ...]) -> str:
    """The keys as a JSON pointer, which, unlike a JSONPath, can contain any key."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
