"""A body that fits an operation's schema, from the examples and choices that the schema itself gives."""

from typing import Any

from sources.customerio.catalogue import Operation
from sources.customerio.client.bodies import schema_of

_VALUES: dict[str, Any] = {"string": "text", "integer": 1, "number": 1, "boolean": True, "null": None}


def example_of(row: Operation) -> Any:
    """A body that the operation takes; None if it has no schema."""
    schema = schema_of(row)
    return None if schema is None else _example(schema, schema.get("$defs", {}))


def _example(schema: dict[str, Any], named: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _example(named[schema["$ref"].removeprefix("#/$defs/")], named)
    if "example" in schema:
        return schema["example"]
    if "enum" in schema:
        return schema["enum"][0]
    merged: dict[str, Any] = {}
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())[:1]):
        found = _example(part, named)
        if not isinstance(found, dict):
            return found
        merged.update(found)
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "array":
        return [_example(schema.get("items", {}), named)]
    if kind != "object":
        return _VALUES[kind]
    return merged | {name: _example(part, named) for name, part in _shown(schema).items()}


def _shown(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties that an example needs; one at least, where the schema knows any."""
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    required = schema.get("required") or (
        [] if "anyOf" in schema or "allOf" in schema else _typed(properties)[:1]
    )
    return {name: properties.get(name, {}) for name in required}


def _typed(properties: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, part in properties.items() if part]
