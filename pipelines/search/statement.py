"""A search as one query: where, order, limit, each part from its own module, all values as parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.search.document import Filter, Group, Query
from pipelines.search.fields import Bind, Field, Fields
from pipelines.search.operators import holds
from pipelines.search.paging import Term, beyond, terms
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import quoted

TOMBSTONE = "deleted_at"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """The query, its parameters by name, and what its columns are: the record's, then the order's."""

    sql: str
    parameters: dict[str, Any]
    columns: tuple[str, ...]
    fields: tuple[Field, ...]


@dataclass
class _Parameters:
    """Values on their way into a query; the same value twice is one parameter."""

    by_name: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any) -> str:
        name = f"p{len(self.by_name)}"
        self.by_name[name] = value
        return f"${name}"


def statement(query: Query, fields: Fields, key: Sequence[str], last: Sequence[Any] | None) -> Statement:
    """The query of a search, from behind the record `last` on; it asks for one record more than wanted.

    Raises:
        ConfigError: a field does not exist, or a value does not fit its field or operator.
    """
    parameters = _Parameters()
    bind = parameters.bind
    wanted = tuple(fields.find(path) for path in _paths(query, fields))
    columns = tuple(dict.fromkeys(each.column for each in wanted))
    order = terms(query, key, fields, bind)
    parts = [
        "SELECT",
        ", ".join([*map(quoted, columns), *(term.sql for term in order)]),
        f"FROM {DATASET}.{quoted(fields.table)}",
        "WHERE",
        " AND ".join(_conditions(query, fields, order, last, bind)),
        "ORDER BY",
        ", ".join(term.order for term in order),
        f"LIMIT {query.limit + 1}",
    ]
    return Statement(sql=" ".join(parts), parameters=parameters.by_name, columns=columns, fields=wanted)


def _paths(query: Query, fields: Fields) -> Sequence[str]:
    """What is asked for; without that everything but the project's own bookkeeping."""
    return query.fields or [name for name in fields.types if not name.startswith("_")]


def _conditions(
    query: Query, fields: Fields, order: Sequence[Term], last: Sequence[Any] | None, bind: Bind
) -> list[str]:
    conditions = ["true"]
    if TOMBSTONE in fields.types and not query.include_deleted:
        conditions.append(f"{TOMBSTONE} IS NULL")
    if query.filter is not None:
        conditions.append(_where(query.filter, fields, bind))
    if last is not None:
        conditions.append(beyond(order, last, bind))
    return conditions


def _where(condition: Filter, fields: Fields, bind: Bind) -> str:
    if isinstance(condition, Group):
        parts = [_where(part, fields, bind) for part in condition.parts]
        return f"NOT ({parts[0]})" if condition.word == "not" else f"({f' {condition.word} '.join(parts)})"
    return holds(condition.operator, fields.find(condition.path), condition.value, bind)
