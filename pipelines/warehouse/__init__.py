"""The warehouse: its dlt pipeline, its one writer, and the queries of its readers."""

from pipelines.warehouse.pipeline import frame, frames, querying

__all__ = ["frame", "frames", "querying"]
