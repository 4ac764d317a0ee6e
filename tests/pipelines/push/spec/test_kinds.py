"""A kind of rows is one row of `KINDS`: no other module compares kinds, and a new row can be pushed."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.push.confirm.read_back import READERS
from pipelines.push.spec.item import Parts, attributes_of, json_object, json_text
from pipelines.push.spec.kinds import KINDS, PARTS, Kind
from tests.pipelines.push.conftest import Pushing

_ROOT = Path(__file__).parents[4]
_MODULES = sorted(
    file
    for pattern in ("pipelines/push/**/*.py", "pipelines/cli/push*.py", "flows/pushes.py")
    for file in _ROOT.glob(pattern)
    if file != _ROOT / "pipelines/push/spec/kinds.py"
)
_SQL = re.compile(r"\bobject\s*(=|<>|!=|IN|NOT IN)\s*\(?\s*'", re.IGNORECASE)


def _comparisons(source: str) -> Iterator[str]:
    """The places of a module that compare a kind, or anything with the name of a kind."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [each for side in (node.left, *node.comparators) for each in ast.walk(side)]
            named = any(isinstance(each, ast.Constant) and each.value in KINDS for each in parts)
            asked = any(isinstance(each, ast.Attribute) and each.attr == "object" for each in parts)
            if named or (asked and "KINDS" not in ast.unparse(node)):
                yield ast.unparse(node)
        elif isinstance(node, ast.MatchValue) and ast.literal_eval(node.value) in KINDS:
            yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value):
            yield node.value


@pytest.mark.parametrize("file", _MODULES, ids=lambda file: str(file.relative_to(_ROOT)))
def test_no_other_module_compares_kinds(file: Path) -> None:
    """Neither `spec.object == ...` nor a comparison with the name of a kind stands outside of the table."""
    assert [] == list(_comparisons(file.read_text()))


@pytest.mark.parametrize(
    "source",
    [
        "spec.object == other",
        "kind == 'event'",
        "(spec.object, spec.mode) == ('segment', 'mirror')",
        "row.name in ('person', 'device')",
        "sql = \"WHERE object = 'person'\"",
        "sql = \"WHERE r.object <> 'segment'\"",
    ],
)
def test_a_comparison_would_be_found(source: str) -> None:
    """The scan of the source finds each form of a comparison."""
    assert 1 == len(list(_comparisons(source)))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_row_fits_the_others(kind: Kind) -> None:
    """A row names parts, a reader and modes that exist, and its key consists of parts that it needs."""
    assert kind is KINDS[kind.name]
    assert set(kind.needs) <= set(PARTS)
    assert set(kind.key) <= set(kind.needs)
    assert kind.entity in kind.needs
    assert kind.reader in READERS
    assert kind.modes
    assert ("mirror" in kind.modes) == (kind.removal != "NULL")


def _page_view(parts: Parts) -> str:
    return json_object(
        type=json_text("person"),
        action=json_text("page"),
        identifiers=parts.person,
        name=parts.event_name,
        id=parts.event_id,
        timestamp=parts.timestamp,
        attributes=parts.attributes,
    )


@pytest.mark.proof
def test_a_kind_is_added_by_a_row(pushing: Pushing, monkeypatch: pytest.MonkeyPatch) -> None:
    """An eighth kind, views of pages, is planned and delivered: all it takes is its row and its SQL."""
    views = replace(
        KINDS["event"],
        name="page_view",
        plural="page views",
        item=_page_view,
        asks_first_run=False,
        shows_arrival=False,
        failure_types=(),
    )
    monkeypatch.setitem(KINDS, views.name, views)
    at = datetime(2026, 10, 10, 8, 0, tzinfo=UTC)
    rows = [
        {"view": f"v{number}", "who": pushing.ids()[0], "at": at, "seconds": number} for number in range(3)
    ]
    keys: dict[str, Any] = {
        "object": "page_view", "mode": "append", "person": {"id": "who"}, "key": "view",
        "event": {"name": "https://example.com/", "at": "at"}, "fields": {"seconds": "integer"},
        "confirm": {"sample": 0},
    }  # fmt: skip
    spec = pushing.declare("views", rows, **keys)
    assert 3 == pushing.plan(spec).counts["add"]
    result = pushing.push(spec)
    assert result.complete, result.document
    written: list[Any] = [row["op"] for row in pushing.sandbox.writes()]
    assert {"page"} == {op["action"] for op in written}
    assert [0, 1, 2] == sorted(op["attributes"]["seconds"] for op in written)
    assert 0 == pushing.push(spec).plan.sends
    assert [("page_view", 3)] == pushing.query(
        "SELECT object, accepted FROM customerio_push.runs WHERE accepted > 0"
    )


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_attributes_lie_at_their_path(kind: Kind) -> None:
    """The path of a kind leads to the attributes of a payload, without the directive `_update`."""
    payload: Any = {"_update": True, "plan": "x"}
    for step in reversed(kind.attributes.removeprefix("$").replace("[0]", ".0").split(".")[1:]):
        payload = [payload] if step.isdigit() else {step: payload}
    assert {"plan": "x"} == attributes_of(payload, kind.attributes)
