"""The person that a row of any table is about, as SQL: a `cio_id`, an id and an address, each may be null.

Raw tables have theirs in the catalogue. Marts and tables of others are known by the names of their columns.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb

from pipelines.warehouse.erasures import normal_sql
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.sql import literal, quoted
from sources.customerio.catalogue import PERSON_PATHS, RESOURCES, PersonKind
from sources.customerio.extract import REJECTED
from sources.customerio.extract.erased import IdentifierKind
from sources.customerio.extract.rejected import PERSON

KINDS: tuple[IdentifierKind, ...] = ("cio_id", "id", "email")
"""The kinds of identifiers, the surest one first."""

_RAW: Mapping[str, Mapping[str, PersonKind]] = {
    **{row.table: row.person for row in RESOURCES},
    REJECTED: PERSON,
}
_BY_NAME: Mapping[str, PersonKind] = {
    "cio_id": "cio_id",
    "person_id": "id",
    "customer_id": "id",
    "email": "email",
    "recipient": "email",
    "delivery_id": "delivery",
}
_TEXTS, _EMPTY = ("VARCHAR", "JSON"), "''"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a DuckDB file: its columns that name a person (kind by name), its texts, all its columns."""

    schema: str
    name: str
    person: Mapping[str, PersonKind]
    texts: Mapping[str, str]
    columns: Collection[str]

    @property
    def sql(self) -> str:
        """The table's name in SQL."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def place(self) -> str:
        """The table's name for people."""
        return f"{self.schema}.{self.name}"

    @property
    def deliveries(self) -> list[str]:
        """The columns with ids of deliveries."""
        return [name for name, kind in self.person.items() if kind == "delivery"]

    def identifier(self, kind: IdentifierKind) -> str:
        """SQL of the row's identifier of that kind, as it is compared; NULL if no column has one."""
        cells = [cell for name, how in self.person.items() for cell in _cells(quoted(name), how, kind)]
        found = f"coalesce({', '.join(f'nullif({cell}, {_EMPTY})' for cell in cells)})"
        return normal_sql(kind, found) if cells else "NULL::VARCHAR"

    @property
    def subjects(self) -> str:
        """A query of `place` (the row's id in DuckDB), `cio_id`, `id` and `email`."""
        columns = ", ".join(f"{self.identifier(kind)} AS {kind}" for kind in KINDS)
        return f"SELECT rowid AS place, {columns} FROM {self.sql}"

    @property
    def names_people(self) -> bool:
        """True if a column names a person, other than by a delivery."""
        return any(kind != "delivery" for kind in self.person.values())


def _cells(column: str, how: PersonKind, kind: IdentifierKind) -> list[str]:
    if how == kind:
        return [f"{column}::VARCHAR"]
    text = f"{column}::VARCHAR"
    paths = PERSON_PATHS.get(how, {}).get(kind, ())
    document = f"CASE WHEN json_valid({text}) THEN {text} END"
    return [f"json_extract_string({document}, {literal(_path(path))})" for path in paths]


def _path(dotted: str) -> str:
    return "$" + "".join(f'."{name}"' for name in dotted.split("."))


def tables_of(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """The tables of the connection's database, views left out; those with deliveries of others come last."""
    found = connection.execute(
        "SELECT schema_name, table_name, list(column_name), list(data_type) FROM duckdb_columns() "
        "JOIN duckdb_tables() USING (database_name, schema_name, table_name) "
        "WHERE database_name = current_database() AND NOT temporary GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    tables = [
        Table(
            schema=schema,
            name=name,
            person={column: kind for column, kind in _person_of(schema, name).items() if column in columns},
            texts={column: kind for column, kind in zip(columns, kinds, strict=True) if kind in _TEXTS},
            columns=columns,
        )
        for schema, name, columns, kinds in found
    ]
    return sorted(tables, key=lambda table: bool(table.deliveries))


def _person_of(schema: str, table: str) -> Mapping[str, PersonKind]:
    return _RAW.get(table, {}) if schema == DATASET and table in _RAW else _BY_NAME
