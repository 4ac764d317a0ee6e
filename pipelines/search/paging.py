"""Pages by key: a page goes on behind the last record of the one before, by its values in the sort.

So paging a file that nobody publishes anew shows each record once, whatever else is in it. The sort always
ends with the table's key, which no two records share; a missing value comes last in either direction.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.errors import ConfigError
from pipelines.search.document import Query, Sort
from pipelines.search.fields import Bind, Fields, Value


@dataclass(frozen=True, kw_only=True)
class Term:
    """One expression of the order."""

    sql: str
    descending: bool

    @property
    def order(self) -> str:
        """The term as ORDER BY takes it."""
        return f"{self.sql} {'DESC' if self.descending else 'ASC'} NULLS LAST"


def terms(query: Query, key: Sequence[str], fields: Fields, bind: Bind) -> list[Term]:
    """The order of a search: its sort, then what of the key is not in it.

    Raises:
        ConfigError: a field to sort by does not exist.
    """
    named = {sort.path for sort in query.sort}
    sorts = [*query.sort, *(Sort(path=name, descending=False) for name in key if name not in named)]
    return [
        Term(sql=sql, descending=sort.descending)
        for sort in sorts
        for sql in _comparable(fields.find(sort.path).value(bind))
    ]


def _comparable(value: Value) -> list[str]:
    """What of a value can be put in order: of JSON numbers first, then everything else as text."""
    if value.kind != "json":
        return [value.sql]
    text = f"CASE WHEN {value.as_kind('number')} IS NULL AND NOT {value.missing} "
    return [value.as_kind("number"), f"{text}THEN json_extract_string({value.sql}, '$') END"]


def beyond(order: Sequence[Term], last: Sequence[Any], bind: Bind) -> str:
    """The SQL of coming after the record that has the values `last` in that order."""
    names = [bind(value) for value in last]
    ways = []
    for place, (term, name) in enumerate(zip(order, names, strict=True)):
        if last[place] is None:
            continue
        same = [f"{before.sql} IS NOT DISTINCT FROM {names[i]}" for i, before in enumerate(order[:place])]
        further = f"({term.sql} {'<' if term.descending else '>'} {name} OR {term.sql} IS NULL)"
        ways.append(" AND ".join([*same, further]))
    return f"({' OR '.join(ways)})" if ways else "false"


def cursor(table: str, query: Query, last: Sequence[Any]) -> str:
    """The cursor that leads behind a record with these values in the order of the search."""
    document = json.dumps([_seal(table, query, last), *last], separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode()


def last_of(table: str, query: Query) -> list[Any] | None:
    """The values that the search's cursor carries; None if it has no cursor.

    Raises:
        ConfigError: the cursor is of another search, or none at all.
    """
    if query.cursor is None:
        return None
    try:
        last: list[Any]
        seal, *last = json.loads(base64.b64decode(query.cursor, altchars=b"-_", validate=True))
        belongs = seal == _seal(table, query, last)
    except (binascii.Error, ValueError, TypeError):
        belongs = False
    if not belongs:
        msg = (
            "The cursor does not belong to this search. Give meta.cursor of an answer to the same table, "
            "filter, sort and include_deleted, as it is; or leave it out to start from the beginning."
        )
        raise ConfigError(msg)
    return last


def _seal(table: str, query: Query, last: Sequence[Any]) -> str:
    """A digest of what the next page depends on; limit and fields may change from page to page."""
    asked = asdict(query)
    parts = [table, asked["filter"], asked["sort"], query.include_deleted, list(last)]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=12).hexdigest()
