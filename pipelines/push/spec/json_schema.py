"""The JSON Schema `warehouse/push/schema.json`, by which editors complete and check specs.

Run as a program, `python -m pipelines.push.spec.json_schema`, it writes the file.
"""

import json
from pathlib import Path

from pipelines.push.spec.spec import PushSpec

FILE = Path("warehouse/push/schema.json")


def document() -> str:
    """The JSON Schema of a spec; a field may be written as its type alone."""
    schema = PushSpec.model_json_schema()
    fields = schema["properties"]["fields"]
    types = schema["$defs"]["Attribute"]["properties"]["type"]["enum"]
    fields["additionalProperties"] = {"anyOf": [{"enum": types}, {"$ref": "#/$defs/Attribute"}]}
    schema["properties"]["key"]["anyOf"].insert(0, {"type": "string"})
    schema["properties"]["object_type_id"]["anyOf"].append({"type": "integer"})
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(document())
