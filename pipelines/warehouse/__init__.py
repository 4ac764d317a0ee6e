"""The warehouse: its dlt pipeline, its one writer, and the queries of its readers.

A load writes the private file (`pipeline`), under the writer's lock, and then publishes a copy of it
(`publish`). Readers open the published copy (`queries`, and `dataframe` for pandas). `duckdb_file` is the
only module that opens a warehouse's DuckDB file.
"""

from pipelines.warehouse.queries import frame, frames, querying

__all__ = ["frame", "frames", "querying"]
