"""The shipped JSON Schema is that of the specs."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from ruamel.yaml import YAML

from pipelines.push.spec import json_schema

_ROOT = Path(__file__).parents[4]


def test_the_schema_is_the_models() -> None:
    """`python -m pipelines.push.spec.json_schema` writes what is shipped."""
    assert json_schema.document() == (_ROOT / json_schema.FILE).read_text()


SHIPPED = _ROOT / "warehouse" / "push" / "examples"


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yml")), ids=lambda file: file.stem)
def test_examples_fit_the_schema(file: Path) -> None:
    """The shipped examples are valid by the JSON Schema."""
    document = json.loads(json.dumps(YAML(typ="safe").load(file)))
    jsonschema.validate(document, json.loads((_ROOT / json_schema.FILE).read_text()))
