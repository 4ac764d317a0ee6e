"""dlt's PostgreSQL destination, whose sessions write only while this process holds the writer's lock.

A session that is open keeps others from taking the lock, see `server_lock`: a statement that the server still
runs for a killed process is over before the next writer begins.

JSON columns come as the text that is stored, as they do from DuckDB, and times are in UTC.
"""

from collections.abc import Sequence
from typing import Any

import psycopg2.extras
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.client import FollowupJobRequest
from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.schema import Schema
from dlt.destinations import postgres
from dlt.destinations.impl.postgres.configuration import PostgresClientConfiguration
from dlt.destinations.impl.postgres.postgres import PostgresClient
from dlt.destinations.impl.postgres.sql_client import Psycopg2SqlClient
from dlt.destinations.sql_client import SqlClientBase
from dlt.destinations.sql_jobs import SqlMergeFollowupJob

from pipelines.warehouse.server_lock import share_lock


class PostgresDestination(postgres):
    """`dlt.destinations.postgres`, under whose name dlt keeps it in a pipeline's state."""

    @property
    def client_class(self) -> type[PostgresClient]:
        """The client whose sessions share the writer's lock."""
        return _Client

    @property
    def destination_type(self) -> str:
        """The type of dlt's own destination."""
        return "dlt.destinations.postgres"


class _SqlClient(Psycopg2SqlClient):
    def open_connection(self) -> Any:
        connection = super().open_connection()
        psycopg2.extras.register_default_json(connection, loads=_as_stored)
        psycopg2.extras.register_default_jsonb(connection, loads=_as_stored)
        try:
            with connection.cursor() as cursor:
                share_lock(cursor)
        except BaseException:
            self.close_connection()
            raise
        return connection


class _Client(PostgresClient):
    def __init__(
        self,
        schema: Schema,
        config: PostgresClientConfiguration,
        capabilities: DestinationCapabilitiesContext,
    ) -> None:
        config.credentials.session_timezone = "UTC"
        super().__init__(schema, config, capabilities)
        self.sql_client = _SqlClient(
            self.sql_client.dataset_name,
            self.sql_client.staging_dataset_name,
            config.credentials,
            capabilities,
        )

    def _create_merge_followup_jobs(
        self, table_chain: Sequence[PreparedTableSchema]
    ) -> list[FollowupJobRequest]:
        return [_MergeJob.from_table_chain(table_chain, self.sql_client)]


class _MergeJob(SqlMergeFollowupJob):
    """Merges each key once: after a kill, dlt may have staged a file of rows twice."""

    @classmethod
    def _gen_table_setup_clauses(
        cls, table_chain: Sequence[PreparedTableSchema], sql_client: SqlClientBase[Any]
    ) -> list[str]:
        root = table_chain[0]
        _, staged = sql_client.get_qualified_table_names(str(root["name"]))
        keys = [name for name, column in root["columns"].items() if column.get("primary_key")]
        same = " AND ".join(f"one.{key} = other.{key}" for key in map(sql_client.escape_column_name, keys))
        return [f"DELETE FROM {staged} AS one USING {staged} AS other WHERE {same} AND one.ctid < other.ctid"]


def _as_stored(text: str) -> str:
    return text
