"""The JSON Schema `warehouse/privacy.schema.json`, by which editors complete and check the privacy file.

Run as a program, `python -m pipelines.privacy.json_schema`, it writes the file.
"""

import json

from pipelines.privacy.policy import SCHEMA, Policy
from sources.customerio.catalogue import RESOURCES


def document() -> str:
    """The JSON Schema of a privacy file."""
    schema = Policy.model_json_schema()
    schema["properties"]["tables"]["propertyNames"] = {"enum": sorted(row.table for row in RESOURCES)}
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(document())
