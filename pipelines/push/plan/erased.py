"""Leaves erased people out of a push: of the model's rows, and of a segment's members."""

import duckdb

from pipelines.push.plan.diff import MEMBERS
from pipelines.push.plan.query import ROWS
from pipelines.push.spec.spec import PushSpec
from pipelines.warehouse.erasures import has_sql
from pipelines.warehouse.sql import quoted
from sources.customerio.extract.erased import Erased, IdentifierKind

_IDENTIFIERS: tuple[IdentifierKind, ...] = ("id", "email", "cio_id")


def leave_out_rows(connection: duckdb.DuckDBPyConnection, spec: PushSpec, erased: Erased) -> int:
    """Delete the model's rows that name an erased person; returns their number.

    A row names its person by the person's column, and a profile by the attributes that identify it too.
    """
    if not erased or spec.person is None:
        return 0
    columns: list[tuple[IdentifierKind, str]] = [(spec.person.identifier, spec.person.column)]
    if spec.kind.profile:
        columns += [(name, spec.fields[name].column or name) for name in _IDENTIFIERS if name in spec.fields]
    named = (has_sql(erased, kind, f"{quoted(column)}::VARCHAR") for kind, column in columns)
    found = connection.execute(f"DELETE FROM {ROWS} WHERE {' OR '.join(named)}").fetchone()
    return int(found[0]) if found else 0


def leave_out_members(connection: duckdb.DuckDBPyConnection, spec: PushSpec, erased: Erased) -> None:
    """Delete the members of the segment who are erased people."""
    if erased and spec.person is not None:
        connection.execute(f"DELETE FROM {MEMBERS} WHERE {has_sql(erased, spec.person.identifier, 'key')}")
