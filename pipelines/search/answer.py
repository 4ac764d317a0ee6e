"""The answer of a search: records in Customer.io's shape, and the cursor of the next page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from pipelines.search.fields import Field

_Tree = dict[str, "_Tree"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One page of records; `cursor` leads to the next one, None on the last. `took_ms` is in milliseconds."""

    data: list[dict[str, Any]]
    has_more: bool
    cursor: str | None
    took_ms: float

    @property
    def document(self) -> dict[str, Any]:
        """The answer as JSON: `data`, and `meta` with has_more, cursor and took_ms."""
        meta = {"has_more": self.has_more, "cursor": self.cursor, "took_ms": self.took_ms}
        return {"data": self.data, "meta": meta}


class Shape:
    """Reduces records to the wanted fields; nested objects stay nested."""

    def __init__(self, fields: Sequence[Field], types: Mapping[str, str]) -> None:
        self._json = {field.column for field in fields if types[field.column] == "JSON"}
        self._tree: _Tree = {}
        whole = {field.column for field in fields if not field.keys}
        for field in fields:
            branch = self._tree.setdefault(field.column, {})
            for key in field.keys if field.column not in whole else ():
                branch = branch.setdefault(key, {})

    def record(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """The record of a row, given its cells by column."""
        return {
            column: _pruned(_parsed(cells[column]) if column in self._json else cells[column], tree)
            for column, tree in self._tree.items()
        }


def _parsed(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def _pruned(value: Any, tree: _Tree) -> Any:
    """The value with the wanted keys alone; a key that it lacks is None."""
    if not tree or value is None:
        return value
    if isinstance(value, list):
        return [_pruned(each, tree) for each in value]
    if not isinstance(value, dict):
        return None
    return {key: _pruned(value.get(key), branch) for key, branch in tree.items()}
