"""The schemas of answers and events, written from Customer.io's OpenAPI documents.

    python -m tests.sources.customerio.sandbox.contract.documents app.json track.json webhooks.json

writes `responses.json` beside this module: the schema of the 200 of every GET that the documents have,
without prose; and `events.json`: the schemas of the events of reporting webhooks. An object takes no field
but the documented ones, so that a field of the sandbox's own is found; parts that occur several times stand
once, in `$defs`.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sources.customerio.catalogue import OPERATIONS

Schema = dict[str, Any]

FILE = Path(__file__).parent / "responses.json"
EVENTS_FILE = Path(__file__).parent / "events.json"
_LONG = 160
"""Characters from which on a repeated part stands in `$defs`."""


def converted(part: Schema) -> Schema:
    """A part of a document as JSON Schema: nullable is a type, `allOf` is merged, objects are closed."""
    if "allOf" in part:
        part = _merged([part, *part["allOf"]])
    choices = part.get("oneOf") or part.get("anyOf")
    if choices:
        own = {name: part[name] for name in ("properties", "required") if name in part}
        return {"anyOf": [converted(_merged([own, choice]) if own else choice) for choice in choices]}
    kept: Schema = {name: part[name] for name in ("type", "enum", "required") if name in part}
    if part.get("nullable"):
        kept |= {"type": [part["type"], "null"]} if "type" in part else {}
        kept |= {"enum": [*part["enum"], None]} if "enum" in part else {}
    if "items" in part:
        kept["items"] = converted(part["items"])
    if "properties" in part:
        kept["properties"] = {name: converted(inner) for name, inner in part["properties"].items()}
        kept["additionalProperties"] = False
    if "additionalProperties" in part:
        more = part["additionalProperties"]
        kept["additionalProperties"] = converted(more) if isinstance(more, dict) else more
    return kept


def _merged(parts: list[Schema]) -> Schema:
    """One schema that demands what all the parts demand."""
    whole: Schema = {}
    for part in parts:
        for name, value in part.items():
            if name == "properties":
                whole[name] = {**whole.get(name, {}), **value}
            elif name == "required":
                whole[name] = sorted({*whole.get(name, ()), *value})
            elif name == "allOf":
                whole = _merged([whole, *value]) if part is not parts[0] else whole
            else:
                whole[name] = value
    return whole


def responses(documents: dict[str, Schema]) -> Schema:
    """The schema of the 200 of every GET of the catalogue that a document has, by operation."""
    found = {}
    for row in OPERATIONS:
        described = documents[row.api]["paths"].get(row.path, {}).get(row.method.lower(), {})
        content = described.get("responses", {}).get("200", {}).get("content", {}).get("application/json")
        if row.method == "GET" and content is not None:
            found[row.id] = converted(content["schema"])
    return found


def events(document: Schema) -> Schema:
    """The schema of each event of reporting webhooks, by object and metric, such as `email_sent`."""
    schemas = document["components"]["schemas"]
    return {
        row["$ref"].rpartition("/")[2]: converted(_resolved(row, document))
        for name, schema in schemas.items()
        if name.endswith("_event")
        for row in schema.get("oneOf", ())
    }


def _resolved(part: Any, document: Schema) -> Any:
    """The part with each reference replaced by its target."""
    if isinstance(part, list):
        return [_resolved(item, document) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _resolved(document["components"]["schemas"][part["$ref"].rpartition("/")[2]], document)
    return {name: _resolved(value, document) for name, value in part.items()}


def shared(schemas: Schema) -> Schema:
    """The schemas, with long parts that occur several times in `$defs`."""
    counts = Counter(_text(part) for schema in schemas.values() for part in _parts(schema))
    names = {
        text: f"part{number}"
        for number, text in enumerate(
            text for text, count in counts.items() if count > 1 and len(text) > _LONG
        )
    }
    definitions = {name: _referring(json.loads(text), names, top=True) for text, name in names.items()}
    written = {name: _referring(schema, names) for name, schema in schemas.items()}
    return {"$defs": definitions, "schemas": written}


def _text(part: Schema) -> str:
    return json.dumps(part, sort_keys=True)


def _inner(part: Schema) -> Iterator[Schema]:
    yield from part.get("anyOf", ())
    yield from part.get("properties", {}).values()
    for name in ("items", "additionalProperties"):
        if isinstance(part.get(name), dict):
            yield part[name]


def _parts(schema: Schema) -> Iterator[Schema]:
    yield schema
    for part in _inner(schema):
        yield from _parts(part)


def _referring(part: Schema, names: dict[str, str], *, top: bool = False) -> Schema:
    if not top and _text(part) in names:
        return {"$ref": f"#/$defs/{names[_text(part)]}"}
    out = dict(part)
    if "anyOf" in part:
        out["anyOf"] = [_referring(each, names) for each in part["anyOf"]]
    if "properties" in part:
        out["properties"] = {name: _referring(each, names) for name, each in part["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(part.get(name), dict):
            out[name] = _referring(part[name], names)
    return out


def _written(parts: Schema) -> str:
    """The document with a line for each definition and each schema."""
    folders = (
        f"{json.dumps(key)}: {{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(s)}" for n, s in part.items())
        for key, part in parts.items()
    )
    return "{\n" + "\n},\n".join(folders) + "\n}}\n"


if __name__ == "__main__":
    app, track, webhooks = (json.loads(Path(name).read_text()) for name in sys.argv[1:])
    for file, schemas in ((FILE, responses({"app": app, "track": track})), (EVENTS_FILE, events(webhooks))):
        file.write_text(_written(shared(schemas)))
