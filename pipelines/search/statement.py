"""The SQL of a search: one query, with all values as parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.search.document import Filter, Search
from pipelines.search.fields import Bind, Field, Fields
from pipelines.search.operators import holds
from pipelines.search.paging import Term, beyond, terms
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import quoted

TOMBSTONE = "deleted_at"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """The query and its parameters by name. Its columns are `columns`, followed by those of the order."""

    sql: str
    parameters: dict[str, Any]
    columns: tuple[str, ...]
    fields: tuple[Field, ...]


@dataclass
class _Parameters:
    """The parameters of a query."""

    by_name: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any) -> str:
        """Add the value; return the parameter's name as SQL has it."""
        name = f"p{len(self.by_name)}"
        self.by_name[name] = value
        return f"${name}"


def statement(search: Search, fields: Fields, key: Sequence[str], last: Sequence[Any] | None) -> Statement:
    """The query for the records after `last`, or for the first ones; it fetches one more than the limit.

    Args:
        search: the search.
        fields: the table's columns.
        key: the table's key; it completes the sort.
        last: the last record's values in the order of the search, from the cursor.

    Raises:
        ConfigError: a field does not exist, or a value has another type than its field or operator.
    """
    parameters = _Parameters()
    bind = parameters.bind
    wanted = tuple(fields.find(path) for path in _paths(search, fields))
    columns = tuple(dict.fromkeys(each.column for each in wanted))
    order = terms(search, key, fields, bind)
    parts = [
        "SELECT",
        ", ".join([*map(quoted, columns), *(term.sql for term in order)]),
        f"FROM {DATASET}.{quoted(fields.table)}",
        "WHERE",
        " AND ".join(_conditions(search, fields, order, last, bind)),
        "ORDER BY",
        ", ".join(term.order for term in order),
        f"LIMIT {search.limit + 1}",
    ]
    return Statement(sql=" ".join(parts), parameters=parameters.by_name, columns=columns, fields=wanted)


def _paths(search: Search, fields: Fields) -> Sequence[str]:
    """The wanted fields; by default all columns but the project's own, which begin with an underscore."""
    return search.fields or [name for name in fields.types if not name.startswith("_")]


def _conditions(
    search: Search, fields: Fields, order: Sequence[Term], last: Sequence[Any] | None, bind: Bind
) -> list[str]:
    conditions = ["true"]
    if TOMBSTONE in fields.types and not search.include_deleted:
        conditions.append(f"{TOMBSTONE} IS NULL")
    if search.query.filter is not None:
        conditions.append(_where(search.query.filter, fields, bind))
    if last is not None:
        conditions.append(beyond(order, last, bind))
    return conditions


def _where(condition: Filter, fields: Fields, bind: Bind) -> str:
    parts = [_where(part, fields, bind) for part in condition.parts]
    if condition.word == "not":
        return f"NOT ({parts[0]})"
    if parts:
        return f"({f' {condition.word} '.join(parts)})"
    path, value = condition.comparison
    return holds(condition.word, fields.find(path), value, bind)
