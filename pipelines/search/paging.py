"""Keyset pagination: a page begins after the last record of the page before, by its values in the sort.

So as long as the file is not published anew, paging returns each record once. The sort always ends with the
table's key, which is unique; a missing value comes last in both directions.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.errors import ConfigError
from pipelines.search.document import Search, Sort
from pipelines.search.fields import Bind, Fields, Value


@dataclass(frozen=True, kw_only=True)
class Term:
    """One expression of the ORDER BY."""

    sql: str
    descending: bool

    @property
    def order(self) -> str:
        """The term with its direction, for ORDER BY."""
        return f"{self.sql} {'DESC' if self.descending else 'ASC'} NULLS LAST"


def terms(search: Search, key: Sequence[str], fields: Fields, bind: Bind) -> list[Term]:
    """The order of a search: its sort, then the columns of the key that are not in it.

    Raises:
        ConfigError: a field to sort by does not exist.
    """
    named = {sort.path for sort in search.query.sort}
    sorts = [*search.query.sort, *(Sort({name: "asc"}) for name in key if name not in named)]
    return [
        Term(sql=sql, descending=sort.descending)
        for sort in sorts
        for sql in _comparable(fields.find(sort.path).value(bind))
    ]


def _comparable(value: Value) -> list[str]:
    """The expressions to sort a value by: of a JSON value its number, then any other value as text."""
    if value.kind != "json":
        return [value.sql]
    text = f"CASE WHEN {value.as_kind('number')} IS NULL AND NOT {value.missing} "
    return [value.as_kind("number"), f"{text}THEN json_extract_string({value.sql}, '$') END"]


def beyond(order: Sequence[Term], last: Sequence[Any], bind: Bind) -> str:
    """The SQL condition for records after the one that has the values `last` in that order."""
    names = [bind(value) for value in last]
    cases = []
    for place, (term, name) in enumerate(zip(order, names, strict=True)):
        if last[place] is None:
            continue
        same = [f"{before.sql} IS NOT DISTINCT FROM {names[i]}" for i, before in enumerate(order[:place])]
        further = f"({term.sql} {'<' if term.descending else '>'} {name} OR {term.sql} IS NULL)"
        cases.append(" AND ".join([*same, further]))
    return f"({' OR '.join(cases)})" if cases else "false"


def cursor(table: str, search: Search, last: Sequence[Any]) -> str:
    """The cursor for the records after the one that has the values `last` in the order of the search."""
    document = json.dumps([_digest(table, search, last), *last], separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode()


def last_of(table: str, search: Search) -> list[Any] | None:
    """The values that the search's cursor contains; None if it has no cursor.

    Raises:
        ConfigError: the cursor is of another search, or invalid.
    """
    if search.cursor is None:
        return None
    try:
        last: list[Any]
        digest, *last = json.loads(base64.b64decode(search.cursor, altchars=b"-_", validate=True))
        belongs = digest == _digest(table, search, last)
    except (binascii.Error, ValueError, TypeError):
        belongs = False
    if not belongs:
        msg = (
            "The cursor does not belong to this search. Take meta.cursor, unchanged, from an answer of the "
            "same table, filter, sort and include_deleted; or leave it out to start from the first record."
        )
        raise ConfigError(msg)
    return last


def _digest(table: str, search: Search, last: Sequence[Any]) -> str:
    """A digest of everything that decides the next page; limit and fields may differ from page to page."""
    query = search.query.model_dump(mode="json", by_alias=True, exclude_unset=True)
    parts = [table, query, search.include_deleted, list(last)]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=12).hexdigest()
