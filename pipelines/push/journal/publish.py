"""Publishes the journal for analysts: schema `customerio_push` of the published warehouse.

Payloads stay in the journal; the published tables have keys, states and reasons. The table of drift has
values too, those of secrets masked.
"""

import duckdb

from pipelines.errors import Busy, EltError
from pipelines.notify import Notify, silent
from pipelines.push.journal.database import SCHEMA, Journal
from pipelines.settings import Settings
from pipelines.warehouse.duckdb_file import open_file
from pipelines.warehouse.publish import publishing
from pipelines.warehouse.writer import writing

_PUBLISHED = {
    "runs": "*",
    "batches": "*",
    "rows": "*",
    "rejects": "* EXCLUDE (payload)",
    "snapshot": "* EXCLUDE (payload)",
    "drift": "*",
}


def publish_journal(settings: Settings, journal: Journal, *, notify: Notify = silent) -> None:
    """Publish the journal; while a load writes the warehouse, this is left to the next push."""
    if not settings.publishes or not settings.load_file.exists():
        return
    try:
        with (
            writing(settings, wait_s=0),
            publishing(settings),
            open_file(settings.load_file) as connection,
            journal.attached(connection),
        ):
            copy_journal(connection)
    except Busy:
        notify("A load is writing the warehouse; the journal of pushes is published with the next push.")
    except EltError as error:
        # The push itself has succeeded and is in the journal.
        notify(f"The journal of pushes could not be published. {error}")


def copy_journal(connection: duckdb.DuckDBPyConnection) -> None:
    """Copy the attached journal's tables into the database of this connection."""
    ((own,),) = connection.execute("SELECT current_database()").fetchall()
    # The file may have another name than its catalogue's default.
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{own}".{SCHEMA}')
    for table, columns in _PUBLISHED.items():
        source = f"SELECT {columns} FROM journal.{SCHEMA}.{table}"
        connection.execute(f'CREATE OR REPLACE TABLE "{own}".{SCHEMA}.{table} AS {source}')
