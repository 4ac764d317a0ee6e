"""Columns become JSON, by the type that is declared for them; all of it is SQL, so that rows stay in DuckDB.

    column, SQL type, declared type ──> the JSON text of its value, and what is wrong with a value

A type fits some SQL types and no others: the rest is refused before any row is looked at, since what a text
such as "03/04/2026" means, nobody can know.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.errors import ModelFailed
from pipelines.push.spec.spec import Attribute, FieldType, PushSpec
from pipelines.warehouse.sql import literal, quoted

VALUE_BYTES = 1_000
"""An attribute's value has 1,000 bytes at most [track26]."""
FIRST_DAY, LAST_DAY = "1900-01-01", "2200-01-01"
"""Times outside of these are a database's way of saying never, such as year 1 or 9999."""

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_FAMILIES = {
    **dict.fromkeys((*_INTEGERS, *(f"U{name}" for name in _INTEGERS)), "integer"),
    "FLOAT": "float",
    "DOUBLE": "float",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "VARCHAR": "text",
    "UUID": "text",
    "JSON": "json",
    '"NULL"': "null",
}
_PREFIXES = {
    "DECIMAL(": "decimal",
    "TIMESTAMP": "timestamp",
    "ENUM(": "text",
    "STRUCT(": "nested",
    "MAP(": "nested",
}


def family(sql_type: str) -> str:
    """What kind of thing a column of that SQL type holds; `other` if no field can be made of it."""
    if sql_type.endswith("]"):
        return "list"
    if sql_type in _FAMILIES:
        return _FAMILIES[sql_type]
    return next((kind for prefix, kind in _PREFIXES.items() if sql_type.startswith(prefix)), "other")


@dataclass(frozen=True)
class Rule:
    """How a declared type reads a column.

    Attributes:
        takes: The families of SQL types that it fits.
        json: SQL of the JSON text of a column's value.
        faults: SQL conditions that hold for a value that cannot be sent, by what is then said.
        natural: The family that becomes this type where columns are sent by their SQL type.
    """

    takes: tuple[str, ...]
    json: Callable[[str], str]
    faults: Mapping[str, Callable[[str], str]]
    natural: tuple[str, ...] = ()


def _quoted(column: str) -> str:
    return f"to_json({column}::VARCHAR)::VARCHAR"


def _seconds(column: str) -> str:
    return f"TRY_CAST(floor(epoch({column})) AS BIGINT)::VARCHAR"


def _out_of_range(column: str) -> str:
    return (
        f"NOT (isfinite({column}) AND epoch({column}) >= epoch(DATE '{FIRST_DAY}') "
        f"AND epoch({column}) < epoch(DATE '{LAST_DAY}'))"
    )


def _no_whole(column: str) -> str:
    whole = f"isfinite({column}::DOUBLE) AND {column} = floor({column})"
    return f"NOT ({whole} AND TRY_CAST({column} AS HUGEINT) IS NOT NULL)"


def _no_moment(column: str) -> str:
    return f"{column} NOT BETWEEN epoch(DATE '{FIRST_DAY}') AND epoch(DATE '{LAST_DAY}')"


def _no_number(column: str) -> str:
    """NaN and infinities, bare within a JSON text; DuckDB writes them, and JSON has none."""
    bare = f"""regexp_replace(to_json({column})::VARCHAR, '"(\\\\.|[^"\\\\])*"', '""', 'g')"""
    return f"regexp_matches({bare}, 'NaN|Infinity|inf')"


_RANGE = f"lies outside of {FIRST_DAY} to {LAST_DAY}"
_LONG = {f"has more than {VALUE_BYTES:,} bytes": lambda column: f"strlen({column}::VARCHAR) > {VALUE_BYTES}"}
_LONG_JSON = {
    "holds a number that JSON does not have": _no_number,
    f"has more than {VALUE_BYTES:,} bytes": lambda column: (
        f"strlen(to_json({column})::VARCHAR) > {VALUE_BYTES}"
    ),
}

RULES: Mapping[FieldType, Rule] = {
    "text": Rule(
        ("text", "integer", "decimal", "boolean", "date"), _quoted, _LONG, natural=("text",)
    ),
    "integer": Rule(
        ("integer", "decimal", "float"),
        lambda column: f"TRY_CAST({column} AS HUGEINT)::VARCHAR",
        {"is no whole number": _no_whole},
        natural=("integer",),
    ),
    "number": Rule(
        ("integer", "decimal", "float"),
        lambda column: f"{column}::VARCHAR",
        {"is no number": lambda column: f"NOT isfinite({column}::DOUBLE)"},
        natural=("decimal", "float"),
    ),
    "boolean": Rule(("boolean",), lambda column: f"{column}::VARCHAR", {}, natural=("boolean",)),
    "date": Rule(("date",), _seconds, {_RANGE: _out_of_range}, natural=("date",)),
    "timestamp": Rule(("timestamp", "date"), _seconds, {_RANGE: _out_of_range}, natural=("timestamp",)),
    "unix": Rule(
        ("integer",),
        lambda column: f"{column}::VARCHAR",
        {_RANGE: _no_moment},
    ),
    "list": Rule(("list",), lambda column: f"to_json({column})::VARCHAR", _LONG_JSON, natural=("list",)),
    "json": Rule(
        ("json", "nested", "list"), lambda column: f"to_json({column})::VARCHAR", _LONG_JSON,
        natural=("json", "nested"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Mapped:
    """A field, as SQL over the model's row `d` and the payload `f.before` that was accepted last.

    Attributes:
        name: The attribute.
        json: JSON text of the value; null if it is not sent.
        fault: What is wrong with the value, as text; null if nothing is.
    """

    name: str
    json: str
    fault: str


def attributes(declaration: PushSpec, columns: Mapping[str, str]) -> dict[str, Attribute]:
    """The attributes of a sync: the declared ones, and where it says so, all other columns by SQL type.

    Raises:
        ModelFailed: a column is named nowhere, and is not to be ignored.
    """
    fields = dict(declaration.fields)
    used = used_columns(declaration)
    beyond = [column for column in columns if column not in used]
    if not beyond or declaration.unmapped == "ignore":
        return fields
    if declaration.unmapped == "refuse":
        msg = (
            f"{declaration.sync}: the model has columns that are named nowhere: {', '.join(beyond)}. Map "
            "them under `fields`, take them out of the model, or set `unmapped` to ignore or send."
        )
        raise ModelFailed(msg)
    return fields | {
        column: Attribute(type=_natural(declaration, column, columns[column])) for column in beyond
    }


def mapped(declaration: PushSpec, columns: Mapping[str, str], stored: str) -> list[Mapped]:
    """Every attribute of a sync whose model has those columns (name to SQL type).

    `stored` is the JSON path to the attributes in a payload.

    Raises:
        ModelFailed: a column is not there, or its SQL type is not one that the declared type can read.
    """
    return [
        _mapped(declaration, name, field, columns, stored)
        for name, field in attributes(declaration, columns).items()
    ]


def column(declaration: PushSpec, name: str, columns: Mapping[str, str], *families: str) -> str:
    """The SQL name of a column that has to be there, and to be of one of those families.

    Raises:
        ModelFailed: it is not.
    """
    if name not in columns:
        msg = f"{declaration.sync}: the model has no column {name!r}; it has {', '.join(columns)}."
        raise ModelFailed(msg)
    if families and family(columns[name]) not in (*families, "null"):
        msg = (
            f"{declaration.sync}: the column {name} is {columns[name]}, and has to be of the kind "
            f"{' or '.join(families)}. Cast it in the model."
        )
        raise ModelFailed(msg)
    return f"d.{quoted(name)}"


def _mapped(
    declaration: PushSpec, name: str, field: Attribute, columns: Mapping[str, str], stored: str
) -> Mapped:
    rule = RULES[field.type]
    cell = column(declaration, field.column or name, columns, *rule.takes)
    if family(columns[field.column or name]) == "null":
        cell = f"{cell}::{_ANY[field.type]}"
    # An empty text and no value are the same to Customer.io.
    present = f"nullif({cell}::VARCHAR, '')" if field.type == "text" else cell
    value = f"CASE WHEN {present} IS NOT NULL THEN {rule.json(cell)} END"
    path = literal(f'{stored}."{name}"')
    missing = {"omit": "NULL", "clear": "'\"\"'", "keep": f"json_extract(f.before, {path})::VARCHAR"}
    whens = " ".join(
        f"WHEN {condition(cell)} THEN {literal(f'{name}: {said}')}"
        for said, condition in rule.faults.items()
        if not (declaration.object == "event" and "bytes" in said)  # an event's data has its own limit
    )
    fault = f"CASE WHEN {present} IS NULL THEN NULL {whens} END" if whens else "NULL"
    return Mapped(name, f"coalesce({value}, {missing[field.nulls]})", fault)


_ANY: Mapping[FieldType, str] = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
    "timestamp": "TIMESTAMP", "unix": "BIGINT", "list": "VARCHAR[]", "json": "JSON",
}  # fmt: skip
"""What a column that is nothing but NULL is taken for."""


def _natural(declaration: PushSpec, name: str, sql_type: str) -> FieldType:
    kind = family(sql_type)
    for field_type, rule in RULES.items():
        if kind in (*rule.natural, "null"):
            return field_type
    msg = f"{declaration.sync}: no attribute can be made of {name} ({sql_type}). Cast it in the model."
    raise ModelFailed(msg)


def used_columns(declaration: PushSpec) -> set[str]:
    """The columns that a declaration names."""
    named = [field.column or name for name, field in declaration.fields.items()] + [*declaration.keyed_by]
    if declaration.person:
        named.append(declaration.person.column)
    if declaration.event:
        named += [declaration.event.at, declaration.event.name_column or ""]
    if declaration.device:
        named += [declaration.device.platform, declaration.device.last_used or ""]
    return set(named) - {""}
