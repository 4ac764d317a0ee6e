"""The text of a row's key: equal values have equal texts, whatever SQL type the model gives them.

    SQL type                        text
    integers, DECIMAL, DOUBLE       `1` for 1, 1.0 and 1.00
    DATE, TIMESTAMP, TIMESTAMPTZ    `2026-10-10 00:00:00`, UTC
    any other                       as DuckDB writes it

Journals of earlier releases have the texts that DuckDB writes, which depend on the type: `rewrite_keys` takes
them up.
"""

import re
from collections.abc import Mapping

import duckdb

from pipelines.push.journal.database import SCHEMA, PushId
from pipelines.push.plan.mapping import type_family
from pipelines.push.spec.spec import PushSpec

_EXACT = {"FLOAT": 2**24, "DOUBLE": 2**53}
"""Floating-point types have every whole number up to these; above, two values may be one."""
_NUMBERS, _TIMES = ("integer", "decimal", "float"), ("date", "timestamp")


def key_text(cell: str, sql_type: str) -> str:
    """SQL of the key's text of a column; null for a floating-point number that is not exact."""
    family, text = type_family(sql_type), f"{cell}::VARCHAR"
    if family == "float":
        return f"CASE WHEN NOT ({inexact(cell, sql_type)}) THEN TRY_CAST({cell} AS HUGEINT)::VARCHAR END"
    # Nanoseconds are kept: a cast to TIMESTAMP would cut them off.
    if family in _TIMES and sql_type != "TIMESTAMP_NS":
        text = f"{cell}::TIMESTAMP::VARCHAR"
    return _number(text) if family == "decimal" else text


def same_texts(before: str, now: str) -> bool:
    """Checks that equal values of two keys have equal texts; the SQL types of their columns are given.

    A text is kept as it is: that of a date, a moment with a zone or a decimal number may have many forms.
    """
    pairs = zip(_split(before), _split(now), strict=False)
    return all(
        one == other
        or "text" not in (type_family(one), type_family(other))
        or not any(_has_forms(each) for each in (one, other))
        for one, other in pairs
    )


def _split(types: str) -> list[str]:
    """The types of a list in which those of decimals have a comma of their own."""
    return re.split(r", (?![^()]*\))", types)


def _has_forms(sql_type: str) -> bool:
    return type_family(sql_type) in ("date", "decimal", "float") or sql_type == "TIMESTAMP WITH TIME ZONE"


def inexact(cell: str, sql_type: str) -> str:
    """SQL: a floating-point number is no whole number, or larger than its type has exactly."""
    return f"NOT (isfinite({cell}) AND {cell} = floor({cell}) AND abs({cell}) <= {_EXACT[sql_type]})"


def rewrite_keys(
    connection: duckdb.DuckDBPyConnection, spec: PushSpec, push_id: PushId, columns: Mapping[str, str]
) -> None:
    """Rewrite the keys of a push in the attached journal as `key_text` makes them for these columns."""
    families = [type_family(columns[name]) for name in spec.keyed_by]
    if not any(family in (*_NUMBERS, *_TIMES) for family in families):
        return
    text = _rewritten(families)
    unfinished = f"SELECT run_id FROM journal.{SCHEMA}.runs WHERE {push_id.where} AND state <> 'done'"
    for table, rows in (
        ("rejects", push_id.where),
        ("log", f"run_id IN ({unfinished})"),
        ("snapshot", push_id.where),
    ):
        changed = connection.execute(
            f"UPDATE journal.{SCHEMA}.{table} SET key = {text} WHERE {rows} AND key <> {text}"
        ).fetchone()
    if changed != (0,):
        # Two texts of one value have become one key.
        keys = f"SELECT max(rowid) FROM journal.{SCHEMA}.snapshot WHERE {push_id.where} GROUP BY key"
        connection.execute(
            f"DELETE FROM journal.{SCHEMA}.snapshot WHERE {push_id.where} AND rowid NOT IN ({keys})"
        )


def _rewritten(families: list[str]) -> str:
    """SQL of the text for a stored key of columns of these families."""
    if len(families) == 1:
        return _of_stored("key", families[0])
    parts = ", ".join(_of_stored(f"(key->>{place})", family) for place, family in enumerate(families))
    whole = f"json_valid(key) AND json_array_length(key) = {len(families)}"
    return f"CASE WHEN {whole} THEN to_json([{parts}])::VARCHAR ELSE key END"


def _of_stored(text: str, family: str) -> str:
    if family in _NUMBERS:
        return _number(text)
    if family in _TIMES:
        day = f"regexp_full_match({text}, '[0-9]+-[0-9]{{2}}-[0-9]{{2}}( \\(BC\\))?')"
        return f"CASE WHEN {day} THEN {text} || ' 00:00:00' ELSE regexp_replace({text}, '\\+00$', '') END"
    return text


def _number(text: str) -> str:
    """SQL of a number's text without zeros behind the point, and with one before it."""
    whole = f"regexp_replace({text}, '^(-?)[.]', '\\10.')"
    return f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({whole}, '0'), '.') ELSE {text} END"
