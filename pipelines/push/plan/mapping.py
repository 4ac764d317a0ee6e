"""Maps columns to JSON by their declared types; all of it is SQL, so that rows stay in DuckDB.

    column, SQL type, declared type ──> JSON text of the value, and its rejection reason

A type fits some SQL types and no others. The rest is refused before any row is read, because the meaning of
a text such as "03/04/2026" cannot be known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipelines.errors import ModelFailed
from pipelines.push.spec.item import pointer
from pipelines.push.spec.spec import Attribute, FieldType, PushSpec
from pipelines.warehouse.sql import literal, quoted

VALUE_BYTES = 1_000
"""An attribute's value has 1,000 bytes at most [track26]."""
FIRST_DAY, LAST_DAY = "1900-01-01", "2200-01-01"
"""Times outside of these stand for "never" in a database, such as year 1 or 9999."""

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


def type_family(sql_type: str) -> str:
    """The family of a SQL type; `other` if it fits no field."""
    if sql_type.endswith("]"):
        return "list"
    if sql_type in _FAMILIES:
        return _FAMILIES[sql_type]
    return next((found for prefix, found in _PREFIXES.items() if sql_type.startswith(prefix)), "other")


@dataclass(frozen=True)
class TypeRule:
    """The columns that a declared type takes, and the JSON that it makes of them.

    Attributes:
        takes: The families of SQL types that it fits.
        json: SQL of the JSON text of a column's value.
        limits: SQL conditions that hold for a value over a limit of bytes, by rejection reason.
        rejections: SQL conditions that hold for any other value that cannot be sent, by rejection reason.
        natural: The families that get this type where columns are sent by their SQL type.
    """

    takes: tuple[str, ...]
    json: Callable[[str], str]
    rejections: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    limits: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
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


def _is_fraction(column: str) -> str:
    return f"NOT (isfinite({column}::DOUBLE) AND {column} = floor({column}))"


def _is_too_large(column: str) -> str:
    return f"TRY_CAST({column} AS HUGEINT) IS NULL"


def _is_no_moment(column: str) -> str:
    return f"{column} NOT BETWEEN epoch(DATE '{FIRST_DAY}') AND epoch(DATE '{LAST_DAY}')"


def _number(column: str) -> str:
    """SQL: a number as JSON; DuckDB writes a decimal of fractions alone as `.5`, and JSON does not."""
    return f"regexp_replace({column}::VARCHAR, '^(-?)\\.', '\\10.')"


def _has_no_number(column: str) -> str:
    """SQL: the JSON text has a bare NaN or infinity, which DuckDB writes and JSON does not have."""
    bare = f"""regexp_replace(to_json({column})::VARCHAR, '"(\\\\.|[^"\\\\])*"', '""', 'g')"""
    return f"regexp_matches({bare}, 'NaN|Infinity|inf')"


_RANGE = f"lies outside of {FIRST_DAY} to {LAST_DAY}"
_LONG = {f"has more than {VALUE_BYTES:,} bytes": lambda column: f"strlen({column}::VARCHAR) > {VALUE_BYTES}"}
_LONG_JSON = {
    f"has more than {VALUE_BYTES:,} bytes": lambda column: (
        f"strlen(to_json({column})::VARCHAR) > {VALUE_BYTES}"
    ),
}
_BAD_JSON = {"holds a number that JSON does not have": _has_no_number}

RULES: Mapping[FieldType, TypeRule] = {
    "text": TypeRule(
        ("text", "integer", "decimal", "boolean", "date"), _quoted, limits=_LONG, natural=("text",)
    ),
    "integer": TypeRule(
        ("integer", "decimal", "float"),
        lambda column: f"TRY_CAST({column} AS HUGEINT)::VARCHAR",
        {"is no whole number": _is_fraction, "has more than 38 digits": _is_too_large},
        natural=("integer",),
    ),
    "number": TypeRule(
        ("integer", "decimal", "float"),
        _number,
        {"is no number (NaN, or infinite as after / 0)": lambda column: f"NOT isfinite({column}::DOUBLE)"},
        natural=("decimal", "float"),
    ),
    "boolean": TypeRule(("boolean",), lambda column: f"{column}::VARCHAR", natural=("boolean",)),
    "date": TypeRule(("date",), _seconds, {_RANGE: _out_of_range}, natural=("date",)),
    "timestamp": TypeRule(
        ("timestamp", "date"), _seconds, {_RANGE: _out_of_range}, natural=("timestamp",)
    ),
    "unix": TypeRule(
        ("integer",),
        lambda column: f"{column}::VARCHAR",
        {_RANGE: _is_no_moment},
    ),
    "list": TypeRule(
        ("list",), lambda column: f"to_json({column})::VARCHAR", _BAD_JSON, _LONG_JSON, natural=("list",)
    ),
    "json": TypeRule(
        ("json", "nested", "list"), lambda column: f"to_json({column})::VARCHAR", _BAD_JSON, _LONG_JSON,
        natural=("json", "nested"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class MappedField:
    """A field, as SQL over the model's row `d` and the payload `f.before` that was accepted last.

    Attributes:
        name: The attribute.
        json: JSON text of the value; null if it is not sent.
        rejection: The reason why the value cannot be sent, as text; null if it can.
    """

    name: str
    json: str
    rejection: str


def map_fields(spec: PushSpec, columns: Mapping[str, str]) -> list[MappedField]:
    """Every attribute of a push whose model has those columns (name to SQL type).

    Raises:
        ModelFailed: a column has a SQL type that the declared type cannot read.
    """
    return [_map_field(spec, name, field, columns) for name, field in spec.fields.items()]


def with_unmapped(spec: PushSpec, columns: Mapping[str, str]) -> PushSpec:
    """The spec with every attribute: with `unmapped: send`, columns that it does not name are among them.

    Raises:
        ModelFailed: a column is missing, is named nowhere, or cannot be an attribute.
    """
    used = used_columns(spec)
    for name in dict.fromkeys((*spec.keyed_by, *sorted(used))):
        column_sql(spec, name, columns)
    extra = [column for column in columns if column not in used]
    if not extra or spec.unmapped == "ignore":
        return spec
    if spec.unmapped == "refuse":
        msg = (
            f"{spec.sync}: the model has columns that are named nowhere: {', '.join(extra)}. Map "
            "them under `fields`, take them out of the model, or set `unmapped` to ignore or send."
        )
        raise ModelFailed(msg)
    added = {column: Attribute(type=_natural(spec, column, columns[column])) for column in extra}
    whole = spec.model_copy(update={"fields": {**spec.fields, **added}})
    for wrong in whole.wrong_fields():
        msg = (
            f"{spec.sync}: with `unmapped: send` each column is an attribute, and {wrong}. Take the column "
            "out of the model, or name it otherwise."
        )
        raise ModelFailed(msg)
    return whole


def column_sql(spec: PushSpec, name: str, columns: Mapping[str, str], *families: str) -> str:
    """The SQL name of a column that must exist and be of one of those families.

    Raises:
        ModelFailed: it does not exist, or is of another family.
    """
    if name not in columns:
        msg = f"{spec.sync}: the model has no column {name!r}; it has {', '.join(columns)}."
        raise ModelFailed(msg)
    if families and type_family(columns[name]) not in (*families, "null"):
        msg = (
            f"{spec.sync}: the column {name} is {columns[name]}, and has to be of the kind "
            f"{' or '.join(families)}. Cast it in the model."
        )
        raise ModelFailed(msg)
    return f"d.{quoted(name)}"


def _map_field(spec: PushSpec, name: str, field: Attribute, columns: Mapping[str, str]) -> MappedField:
    rule = RULES[field.type]
    cell = column_sql(spec, field.column or name, columns, *rule.takes)
    if type_family(columns[field.column or name]) == "null":
        cell = f"{cell}::{_TYPE_OF_NULLS[field.type]}"
    # An empty text and no value are the same to Customer.io.
    present = f"nullif({cell}::VARCHAR, '')" if field.type == "text" else cell
    value = f"CASE WHEN {present} IS NOT NULL THEN {rule.json(cell)} END"
    path = pointer(spec.kind.attributes, name)
    missing = {"omit": "NULL", "clear": "'\"\"'", "keep": f"json_extract(f.before, {path})::VARCHAR"}
    conditions = {**rule.rejections, **(rule.limits if spec.kind.limits_values else {})}
    whens = " ".join(
        f"WHEN {condition(cell)} THEN {literal(f'{name}: {reason}')}"
        for reason, condition in conditions.items()
    )
    rejection = f"CASE WHEN {present} IS NULL THEN NULL {whens} END" if whens else "NULL"
    return MappedField(name, f"coalesce({value}, {missing[field.nulls]})", rejection)


_TYPE_OF_NULLS: Mapping[FieldType, str] = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
    "timestamp": "TIMESTAMP", "unix": "BIGINT", "list": "VARCHAR[]", "json": "JSON",
}  # fmt: skip
"""The SQL type of a column that has only nulls, by declared type."""


def _natural(spec: PushSpec, name: str, sql_type: str) -> FieldType:
    family = type_family(sql_type)
    for field_type, rule in RULES.items():
        if family in (*rule.natural, "null"):
            return field_type
    msg = f"{spec.sync}: the column {name} ({sql_type}) cannot become an attribute. Cast it in the model."
    raise ModelFailed(msg)


def used_columns(spec: PushSpec) -> set[str]:
    """The columns that a spec names."""
    named = [field.column or name for name, field in spec.fields.items()] + [*spec.keyed_by]
    if spec.person:
        named.append(spec.person.column)
    if spec.event:
        named += [spec.event.at, spec.event.name_column or ""]
    if spec.device:
        named += [spec.device.platform, spec.device.last_used or ""]
    named += [each.column for each in spec.left_out.values()]
    return set(named) - {""}
