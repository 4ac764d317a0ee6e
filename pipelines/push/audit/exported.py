"""Finds differences of people by a people export, whose cells are text.

The export has the identifier and exactly the attributes that the push writes. DuckDB leaves out the cells
that are equal as text, which are nearly all; `confirm.mismatch` decides about the others.
"""

from collections.abc import Callable, Iterator, Sequence

import duckdb
import orjson

from pipelines.errors import FileBroken
from pipelines.export import PeopleRequest
from pipelines.export.csvfile import CsvFile
from pipelines.export.read_once import exported_file
from pipelines.push.audit.difference import Difference, differences_of
from pipelines.push.audit.wanted import WANTED
from pipelines.push.confirm.mismatch import Mismatch, changed_values
from pipelines.push.context import PushContext
from pipelines.push.spec.item import attributes_of
from pipelines.push.spec.spec import PushSpec
from pipelines.warehouse.erasures import redacting
from pipelines.warehouse.sql import literal


def by_export(
    context: PushContext,
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    pause: Callable[[float], object],
) -> Iterator[Difference]:
    """The differences of the wanted people and of their attributes of these names.

    Raises:
        FileBroken: the file lacks a column that was asked for, so that nothing can be said.
    """
    spec = context.spec
    # A dot path is a part of another attribute.
    plain = [name for name in dict.fromkeys(names) if "." not in name]
    request = PeopleRequest(attributes=tuple(dict.fromkeys((spec.identifier, *plain))))
    with exported_file(context.settings, request, context.client, notify=context.notify, pause=pause) as file:
        redacting(connection, file.erased)
        rows = connection.execute(_differing(spec, file, plain))
        while found := rows.fetchmany(1_000):
            for key, payload, held, cells in found:
                yield from _differences(spec, key, payload, held, dict(zip(plain, cells, strict=True)))


def _differences(
    spec: PushSpec, key: str, payload: str, held: bool, cells: dict[str, str | None]
) -> Iterator[Difference]:
    if held != spec.kind.shows_arrival:
        yield Difference(key=key, kind="missing")
    elif held:
        values = changed_values(attributes_of(orjson.loads(payload), spec.kind.attributes), cells)
        if values:
            yield from differences_of(key, Mismatch("changed", values))


def _differing(spec: PushSpec, file: CsvFile, names: Sequence[str]) -> str:
    """SQL of wanted people who are not in the file or differ in a cell: key, payload, held, cells."""
    identifier = _column(file, spec.identifier)
    key = f"lower({identifier})" if spec.identifier == "email" else identifier
    columns = [_column(file, name) for name in names]
    paths = [literal(f'{spec.kind.attributes}."{name}"') for name in names]
    other = " OR ".join(
        f"json_extract_string(w.payload, {path}) <> t.{column}"
        for path, column in zip(paths, columns, strict=True)
    )
    there = ", ".join((f"{key} AS key", *dict.fromkeys(columns)))
    cells = ", ".join(f"t.{column}" for column in columns)
    return f"""
        SELECT w.key, w.payload, t.key IS NOT NULL, [{cells}]::VARCHAR[]
        FROM {WANTED} AS w
        LEFT JOIN (SELECT {there} FROM {file.scan} WHERE {identifier} <> '') AS t ON t.key = w.key
        WHERE t.key IS NULL OR {other or "false"} OR NOT {spec.kind.shows_arrival}
        ORDER BY w.key
    """


def _column(file: CsvFile, name: str) -> str:
    column = file.exactly(name)
    if column is None:
        msg = (
            f"The file of the people export has no column {name!r}, though it was asked for, so the audit "
            "can say nothing. Read people instead: `cio-elt push audit NAME --by reads`."
        )
        raise FileBroken(msg)
    return column
