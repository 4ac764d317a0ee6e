"""Warnings of dlt while it extracts this source, and another one beside it."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path

import dlt
import pyarrow as pa
import pytest
from dlt.common import logger

from sources.customerio import customerio_source
from sources.customerio.client import Client, RateLimits
from sources.customerio.sandbox import Sandbox


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dlt.Pipeline]:
    """A pipeline as a project of its own makes it, with dlt's own level of its log."""
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "WARNING")
    made = dlt.pipeline("own", destination=dlt.destinations.duckdb(str(tmp_path / "own.duckdb")))
    # The level is of the whole process; dlt reads the variable once, and an earlier test may have set it.
    level = logger.LOGGER.level
    logger.LOGGER.setLevel(logging.WARNING)
    yield made
    logger.LOGGER.setLevel(level)


class _Lines(logging.Handler):
    """Keeps the lines of dlt's log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line of a record."""
        self.lines.append(record.getMessage())


def _campaigns() -> Iterator[pa.Table]:
    yield pa.table({"id": [1], "tags": ["[]"]})


def test_dlt_warns_of_other_sources_alone(sandbox: Sandbox, pipeline: dlt.Pipeline) -> None:
    """JSON columns and keys of this source are no warning; those of another source of the process are."""
    log, limits = _Lines(), RateLimits(None, speed=math.inf)
    logger.LOGGER.addHandler(log)
    try:
        with (
            sandbox.serve() as served,
            Client(app_api_key=sandbox.app_api_key, app_url=served.app_url, limits=limits) as api,
        ):
            pipeline.run(customerio_source(["campaigns", "segments"], client=api))
        quiet = list(log.lines)
        other = dlt.resource(_campaigns, name="campaigns", columns={"tags": {"data_type": "json"}})
        pipeline.run(dlt.source(lambda: other, name="another")())
    finally:
        logger.LOGGER.removeHandler(log)
        limits.close()

    assert [] == quiet
    assert "In resource: campaigns, when merging arrow schema with dlt schema" in "".join(log.lines)
