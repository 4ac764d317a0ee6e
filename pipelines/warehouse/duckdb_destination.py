"""dlt's DuckDB destination, with another way of merging, and without the repeated work on its settings.

A file of rows is merged into its table by one transaction, straight from Parquet: the held rows of its keys
are deleted, then its rows are inserted. dlt writes a file into a staging table first and joins that with the
table: each row is written twice, and the join holds whole rows of both in memory, where this holds keys. A
file that is merged again, after a kill, leaves the same rows.

dlt asks for the capabilities of a destination more than twenty times a run, and resolves the configuration
each time, from environment and files: a third of the time of a small sync. DuckDB's capabilities do not
depend on it.
"""

from collections.abc import Sequence

from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.client import FollowupJobRequest, LoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.normalizers.naming import NamingConvention
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob


class DuckdbDestination(duckdb):
    """`dlt.destinations.duckdb`, under whose name dlt keeps it in a pipeline's state."""

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client that merges each file at once."""
        return _Client

    def capabilities(
        self, config: DuckDbClientConfiguration | None = None, naming: NamingConvention | None = None
    ) -> DestinationCapabilitiesContext:
        """The capabilities of DuckDB for identifiers of that naming; without `config`, none is resolved."""
        return super().capabilities(config or self.spec(), naming)

    @property
    def destination_type(self) -> str:
        """The type of dlt's own destination."""
        return "dlt.destinations.duckdb"


class _Client(DuckDbClient):
    """Needs no staging tables for files that are merged."""

    def should_load_data_to_staging_dataset(self, table_name: str) -> bool:
        is_merged = self.prepare_load_table(table_name)["write_disposition"] == "merge"
        return not is_merged and super().should_load_data_to_staging_dataset(table_name)

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        job = super().create_load_job(table, file_path, load_id, restore)
        is_merged = isinstance(job, DuckDbCopyJob) and table["write_disposition"] == "merge"
        return _MergeJob(file_path) if is_merged else job

    def _create_merge_followup_jobs(
        self, _table_chain: Sequence[PreparedTableSchema]
    ) -> list[FollowupJobRequest]:
        return []


class _MergeJob(DuckDbCopyJob):
    def run(self) -> None:
        client = self._job_client.sql_client
        table = client.make_qualified_table_name(self.load_table_name)
        keys = [name for name, column in self._load_table["columns"].items() if column.get("primary_key")]
        same = " AND ".join(f"read.{key} = held.{key}" for key in map(client.escape_column_name, keys))
        with client.begin_transaction():
            client.execute_sql(
                f"DELETE FROM {table} AS held WHERE EXISTS "
                f"(SELECT 1 FROM read_parquet('{self._file_path}') AS read WHERE {same})"
            )
            super().run()
