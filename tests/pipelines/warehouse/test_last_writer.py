"""A data folder whose state is older than the warehouse's gives it up, and what waits there is read again."""

from pathlib import Path

import psycopg
import pytest

from pipelines.warehouse.pipeline import pipeline
from pipelines.warehouse.settle import settled
from pipelines.warehouse.writer import writing
from sources.customerio.catalogue import resource
from sources.customerio.sandbox import Sandbox
from tests.postgres import query, warehouse_in

pytestmark = pytest.mark.proof


def test_a_waiting_package_is_not_loaded_over_newer_rows(sandbox: Sandbox, tmp_path: Path, url: str) -> None:
    """One folder extracts and is stopped, another one syncs what changed since: the newer rows stay."""
    with sandbox.serve() as served:
        one, other = (warehouse_in(url, sandbox, served, tmp_path / name) for name in ("a", "b"))
        one.sync("campaigns", "messages")
        sandbox.edit("campaigns", 1, name="Older")
        # Without its load, the run is one that was killed after it had extracted.
        _extract(one.settings, "campaigns")
        sandbox.edit("campaigns", 1, name="Newer")
        assert 1 == other.sync("campaigns", "messages").written

        notes: list[str] = []
        with writing(one.settings, wait_s=5, notify=notes.append):
            target = settled(one.settings, notes.append)
            assert not target.has_pending_data
        assert ["An earlier run of this data folder ended before"] == [note[:47] for note in notes]
        name = "SELECT name FROM customerio_raw.campaigns WHERE id = 1"
        assert [("Newer",)] == query(url, name)
        assert 0 == one.sync("campaigns", "messages").written
        assert one.truth(resource("campaigns")).keys() == one.rows(resource("campaigns")).keys()


def test_a_waiting_package_of_the_last_writer_is_loaded(sandbox: Sandbox, tmp_path: Path, url: str) -> None:
    """If no other folder has written since, the next run of the folder loads it first."""
    with sandbox.serve() as served:
        one = warehouse_in(url, sandbox, served, tmp_path / "a")
        one.sync("campaigns")
        sandbox.edit("campaigns", 1, name="Extracted")
        _extract(one.settings, "campaigns")

        with writing(one.settings, wait_s=5):
            settled(one.settings, one.notes.append)

        assert ["An earlier run ended before it had loaded"] == [note[:41] for note in one.notes]
        assert [("Extracted",)] == query(url, "SELECT name FROM customerio_raw.campaigns WHERE id = 1")


def test_an_emptied_server_is_filled_anew(sandbox: Sandbox, tmp_path: Path, url: str) -> None:
    """A folder that has written a warehouse that is gone starts from what the server has: nothing."""
    with sandbox.serve() as served:
        one = warehouse_in(url, sandbox, served, tmp_path / "a")
        first = one.sync("campaigns", "messages").written
        with psycopg.connect(url) as connection:
            connection.execute("DROP SCHEMA customerio_raw CASCADE")
            connection.execute("DROP SCHEMA customerio_raw_staging CASCADE")

        assert first == one.sync("campaigns", "messages").written
        assert [] == one.doubles()


def _extract(settings: object, table: str) -> None:
    from pipelines.connect import client
    from pipelines.warehouse.pipeline import file_format
    from sources.customerio import source_with
    from sources.customerio.extract import Options, RunSummary

    with writing(settings, wait_s=5), client(settings) as calls:  # type: ignore[arg-type]
        target = pipeline(settings)  # type: ignore[arg-type]
        source = source_with([table], calls, Options(), RunSummary())
        target.extract(source, loader_file_format=file_format(target))
