"""Finds out who is to be erased: all identifiers of each person that this data folder knows.

    identifiers that are given ──> cio_ids ──> ids and addresses of theirs, former ones too ──> ...

An identifier that belongs to another living person today is not followed: it stays that person's.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.erase.subject import KINDS, Table
from pipelines.errors import ConfigError
from pipelines.warehouse.erasures import has_sql
from pipelines.warehouse.pipeline import DATASET
from sources.customerio.extract.erased import Erased, IdentifierKind, normal

Identifier = tuple[IdentifierKind, str]
"""A kind and a value, as it is compared."""

PAIRS, NODES = "erase_pairs", "erase_nodes"
"""Temporary tables: identifiers that stand in one row; all identifiers, and if they are of the erased."""

_WANTED = "Give a CSV file with a header of email, id or cio_id, and a line for each person."


def read_people(file: Path) -> list[Identifier]:
    """The identifiers of a CSV file with a header of `email`, `id` and `cio_id`; a line may fill any of them.

    Raises:
        ConfigError: the file cannot be read, or has no such column or no identifier.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            columns = [kind for kind in KINDS if kind in (reader.fieldnames or ())]
            found = [(kind, line[kind]) for line in reader for kind in columns]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{file} cannot be read ({type(error).__name__}). {_WANTED}"
        raise ConfigError(msg) from None
    given = identifiers(found)
    if not given:
        msg = f"{file} names no person. {_WANTED}"
        raise ConfigError(msg)
    return given


def identifiers(given: Iterable[tuple[IdentifierKind, str | None]]) -> list[Identifier]:
    """The identifiers that are not empty, as they are compared, each once."""
    return list(
        dict.fromkeys((kind, normal(kind, value)) for kind, value in given if value and value.strip())
    )


def arrow(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """The rows of a query."""
    found: pa.Table = connection.sql(query).to_arrow_table()
    return found


def resolve(
    connection: duckdb.DuckDBPyConnection,
    given: Sequence[Identifier],
    tables: Sequence[Table],
    others: pa.Table,
) -> list[set[Identifier]]:
    """All identifiers of each person who is meant by one of those that are given.

    `others` are rows of `cio_id`, `id` and `email` from other places than the tables. The tables `NODES`
    and `PAIRS` are left behind.
    """
    _collect_pairs(connection, tables, others)
    seeds = pa.table({"kind": [kind for kind, _ in given], "value": [value for _, value in given]})
    connection.register("erase_given", seeds)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE erase_known AS SELECT DISTINCT kind, value FROM erase_given"
    )
    connection.unregister("erase_given")
    _allow_living(connection, tables)
    while _grow(connection):
        pass
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {NODES} AS
        SELECT kind, value, bool_or(known) AS known FROM (
            SELECT kind, value, true AS known FROM erase_known
            UNION ALL SELECT kind, value, false FROM erase_barred)
        GROUP BY ALL;
        -- A column of ids may hold addresses and cio_ids.
        INSERT INTO {NODES}
        SELECT 'id', prefix || value, bool_or(known) FROM {NODES}, (VALUES (''), ('cio_')) AS p(prefix)
        WHERE kind = 'cio_id' OR (kind = 'email' AND prefix = '') GROUP BY ALL
        """
    )
    return _grouped(connection)


def recorded(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], erased: Erased
) -> set[Identifier]:
    """The identifiers in these tables that are of people with a record."""
    found: set[Identifier] = set()
    for table in tables:
        for kind in KINDS:
            if (cell := table.identifier(kind)) != "NULL::VARCHAR":
                values = f"SELECT DISTINCT {cell} AS value FROM {table.sql}"
                rows = connection.execute(f"FROM ({values}) WHERE {has_sql(erased, kind, 'value')}")
                found |= {(kind, value) for (value,) in rows.fetchall()}
    return found


def _collect_pairs(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], others: pa.Table) -> None:
    connection.register("erase_others", others)
    parts = ["SELECT cio_id, id, email FROM erase_others"]
    parts += [
        f"SELECT DISTINCT cio_id, id, email FROM ({table.subjects})"
        for table in tables
        if table.schema == DATASET and sum(table.identifier(kind) != "NULL::VARCHAR" for kind in KINDS) > 1
    ]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {PAIRS} AS SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)})"
    )
    connection.unregister("erase_others")


_ANY = " OR ".join(
    f"{{rows}}.{kind} IN (SELECT value FROM {{nodes}} WHERE kind = '{kind}')" for kind in KINDS
)


def _nodes_of(rows: str) -> str:
    """SQL of the identifiers in rows of `cio_id`, `id`, `email`, one each."""
    return " UNION ".join(f"SELECT '{kind}' AS kind, {kind} AS value FROM ({rows})" for kind in KINDS)


def _allow_living(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> None:
    """Bar the identifiers of living people who are not meant.

    Those are meant who have a given identifier today; or who had it, if no other person of it is known.
    """
    people = next((table for table in tables if table.place == f"{DATASET}.people"), None)
    alive = "SELECT NULL::VARCHAR AS cio_id, NULL::VARCHAR AS id, NULL::VARCHAR AS email WHERE false"
    if people is not None:
        alive = f"SELECT cio_id, id, email FROM ({people.subjects}) WHERE place IN "
        alive += f"(SELECT rowid FROM {people.sql} WHERE deleted_at IS NULL)"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE erase_living AS {alive}")
    meant = _ANY.format(rows="l", nodes="erase_known")
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE erase_meant AS SELECT cio_id FROM erase_living AS l WHERE {meant};
        CREATE OR REPLACE TEMP TABLE erase_former AS
        SELECT k.kind, k.value, p.cio_id, p.cio_id IN (SELECT cio_id FROM erase_living) AS lives
        FROM erase_known AS k JOIN {PAIRS} AS p
          ON CASE k.kind WHEN 'id' THEN p.id WHEN 'email' THEN p.email ELSE p.cio_id END = k.value
        WHERE p.cio_id IS NOT NULL;
        INSERT INTO erase_meant
        SELECT DISTINCT cio_id FROM erase_former AS f WHERE lives AND NOT EXISTS (
            SELECT 1 FROM erase_former AS o WHERE o.kind = f.kind AND o.value = f.value
              AND (NOT o.lives OR o.cio_id IN (SELECT cio_id FROM erase_meant)));
        CREATE OR REPLACE TEMP TABLE erase_barred AS
        SELECT DISTINCT kind, value FROM (
            {_nodes_of("SELECT * FROM erase_living WHERE cio_id NOT IN (SELECT cio_id FROM erase_meant)")})
        WHERE value IS NOT NULL;
        INSERT INTO erase_known SELECT 'cio_id', cio_id FROM erase_meant;
        DELETE FROM erase_barred USING erase_known AS k
        WHERE k.kind = erase_barred.kind AND k.value = erase_barred.value
        """
    )


def _grow(connection: duckdb.DuckDBPyConnection) -> bool:
    """Add the identifiers that stand in a row with known ones; returns False if there were none."""
    rows = (
        f"SELECT p.* FROM {PAIRS} AS p WHERE ({_ANY.format(rows='p', nodes='erase_known')}) "
        "AND (p.cio_id IS NULL OR p.cio_id NOT IN (SELECT value FROM erase_barred WHERE kind = 'cio_id'))"
    )
    added = connection.execute(
        f"""
        INSERT INTO erase_known SELECT kind, value FROM ({_nodes_of(rows)})
        WHERE value IS NOT NULL
        EXCEPT (SELECT kind, value FROM erase_known) EXCEPT (SELECT kind, value FROM erase_barred)
        """
    ).fetchone()
    return bool(added and added[0])


def _grouped(connection: duckdb.DuckDBPyConnection) -> list[set[Identifier]]:
    """The known identifiers by person: those that stand in one row are one person's."""
    known = set(connection.execute("SELECT DISTINCT kind, value FROM erase_known").fetchall())
    rows = connection.execute(
        f"SELECT cio_id, id, email FROM {PAIRS} AS p WHERE {_ANY.format(rows='p', nodes='erase_known')}"
    ).fetchall()
    owner = {each: each for each in known}

    def root(each: Identifier) -> Identifier:
        while owner[each] != each:
            owner[each] = owner[owner[each]]
            each = owner[each]
        return each

    for row in rows:
        together = [node for node in zip(KINDS, row, strict=True) if node in known]
        for one, other in pairwise(together):
            owner[root(one)] = root(other)
    people: dict[Identifier, set[Identifier]] = defaultdict(set)
    for each in known:
        people[root(each)].add(each)
    return list(people.values())
