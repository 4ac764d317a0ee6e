"""The schemas of request bodies, written from Customer.io's OpenAPI documents.

    python -m sources.customerio.catalogue.openapi app-openapi.json track-openapi.json

writes `schemas/OPERATION.json` for every operation whose body the documents describe, as plain JSON Schema
without references. The documents are stricter than the API in places, and than their own examples. A schema
that refused a valid body would be worse than none, so each step below only loosens:

    document -> resolved -> requested -> loosened -> written
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sources.customerio.catalogue import OPERATIONS, Operation

FOLDER = Path(__file__).parents[1] / "schemas"
KEPT = frozenset(
    {
        "allOf",
        "anyOf",
        "enum",
        "example",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "minItems",
        "properties",
        "required",
        "type",
    }
)
"""Keywords that are copied. Descriptions are left to the linked page; unknown keys are always allowed."""

# Errors of the documents, by operation: properties that they call required and that are optional.
OPTIONAL = {
    # Its default is `all`, and the documents' own example leaves it out.
    "sendPush": frozenset({"to"}),
}
LISTS = frozenset({"updateCollectionContents"})
"""Bodies that the documents call an object, and that may also be a list of such objects."""
REQUIRED = {
    # The documents require nothing; a call without a batch does nothing.
    "batch": ("batch",),
}
ANYTHING = frozenset({"headers"})
"""Properties whose examples have another type than their declaration."""
FILTERS = frozenset({"filter", "filters", "recipients"})
"""Properties that hold a filter, which the documents write out three levels deep."""
FILTER = {
    "type": "object",
    "properties": {
        "and": {"type": "array", "items": {"$ref": "#/$defs/filter"}},
        "or": {"type": "array", "items": {"$ref": "#/$defs/filter"}},
        "not": {"$ref": "#/$defs/filter"},
        "segment": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
        "attribute": {
            "type": "object",
            "required": ["field", "operator"],
            "properties": {
                "field": {"type": "string"},
                "operator": {"enum": ["eq", "exists"]},
                # It is compared with attributes, which are of any type.
                "value": {},
            },
        },
        "object_attribute": {
            "type": "object",
            "required": ["field", "operator", "type_id"],
            "properties": {
                "field": {"type": "string"},
                "operator": {"enum": ["eq", "exists"]},
                "type_id": {"type": ["string", "integer"]},
                "value": {},
            },
        },
    },
    "example": {
        "and": [{"segment": {"id": 4}}, {"not": {"attribute": {"field": "plan", "operator": "exists"}}}]
    },
}


def schema_of(row: Operation, document: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of the operation's body, or None if the document does not have the operation."""
    described = document["paths"].get(row.path, {}).get(row.method.lower(), {})
    content = described.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = _loosened(_requested(_resolved(content["schema"], document)))
    for part in _parts(schema):
        if left := [name for name in part.get("required", ()) if name not in OPTIONAL.get(row.id, ())]:
            part["required"] = left
        else:
            part.pop("required", None)
    if row.id in LISTS:
        schema["type"] = [schema["type"], "array"]
    if row.id in REQUIRED:
        schema["required"] = [*schema.get("required", ()), *REQUIRED[row.id]]
    if "example" in content:
        schema["example"] = content["example"]
    if any("$ref" in part for part in _parts(schema)):
        schema["$defs"] = {"filter": FILTER}
    return schema


def _resolved(schema: Any, document: dict[str, Any]) -> Any:
    """The schema with each reference replaced by its target."""
    if isinstance(schema, list):
        return [_resolved(item, document) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        found: Any = document
        for name in schema["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return _resolved(found, document)
    return {name: _resolved(value, document) for name, value in schema.items()}


def _requested(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in JSON Schema's keywords, without properties that only answers have."""
    kept = {name: value for name, value in schema.items() if name in KEPT}
    if "oneOf" in schema:
        # The choices are open objects: what fits one mostly fits others too, examples included.
        kept["anyOf"] = [*kept.get("anyOf", ()), *schema["oneOf"]]
    if schema.get("nullable") and "type" in kept:
        kept["type"] = [kept["type"], "null"]
    for name in ("allOf", "anyOf"):
        if name in kept:
            kept[name] = [_requested(part) for part in kept[name]]
    if "items" in kept:
        kept["items"] = _requested(kept["items"])
    if "properties" in kept:
        given = {name: part for name, part in kept["properties"].items() if not part.get("readOnly")}
        missing = kept["properties"].keys() - given.keys()
        kept["properties"] = {name: _property(name, part) for name, part in given.items()}
        if "required" in kept:
            kept["required"] = [name for name in kept["required"] if name not in missing]
    return kept


def _property(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    if name in FILTERS:
        return {"$ref": "#/$defs/filter"}
    return {} if name in ANYTHING else _requested(schema)


def _loosened(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, loosened to accept its own examples; each choice of an `anyOf` checks all properties."""
    for part in _parts(schema):
        if any(str(choice).startswith("$") for choice in part.get("enum", ())):
            del part["enum"]  # a placeholder such as `$device_token`
        _admit(part, part.get("example"))
        for name, value in part.get("properties", {}).items():
            example = part["example"].get(name) if isinstance(part.get("example"), dict) else None
            _admit(value, example)
        if "anyOf" in part:
            _share(part["anyOf"])
            part["anyOf"] = [one for i, one in enumerate(part["anyOf"]) if one not in part["anyOf"][:i]]
    return schema


def _admit(part: dict[str, Any], example: Any) -> None:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number"}
    kind = kinds.get(type(example))
    declared = part.get("type", [])
    types = [declared] if isinstance(declared, str) else declared
    if kind and types and not {kind, "number", "object", "array"} & set(types):
        part["type"] = [*types, kind]


def _share(choices: list[dict[str, Any]]) -> None:
    """Let each of the choices check what the others declare.

    Open objects would let anything pass under a name that only another choice knows.
    """
    own = [dict(_properties(choice)) for choice in choices]
    if any(all("enum" in each.get(name, ()) for each in own) for name in ("type", "action", "metric")):
        return  # a property identifies the choice
    declared: dict[str, list[dict[str, Any]]] = {}
    for properties in own:
        for name, part in properties.items():
            if part not in declared.setdefault(name, []):
                declared[name].append(part)
    for choice, properties in zip(choices, own, strict=True):
        if not properties:
            continue
        for name in declared.keys() - properties.keys():
            parts = declared[name]
            choice.setdefault("properties", {})[name] = parts[0] if len(parts) == 1 else {"anyOf": parts}


def _properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from schema.get("properties", {}).items()
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        yield from _properties(part)


def _parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and all schemas inside, innermost first."""
    inner = [*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("properties", {}).values()]
    if "items" in schema:
        inner.append(schema["items"])
    for part in inner:
        yield from _parts(part)
    yield schema


def write(documents: dict[str, dict[str, Any]], folder: Path = FOLDER) -> None:
    """Write the schema of each operation with a body into the folder."""
    for row in OPERATIONS:
        schema = schema_of(row, documents[row.api]) if row.body == "json" else None
        if schema is not None:
            (folder / f"{row.id}.json").write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    app, track = (json.loads(Path(name).read_text()) for name in sys.argv[1:])
    write({"app": app, "track": track})
