"""A warehouse in PostgreSQL: another destination is a setting, and holds the same rows."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from sources.customerio.catalogue import Resource
from sources.customerio.extract.own_columns import columns_of
from tests.conftest import Warehouse, settings_for
from tests.pipelines.conftest import Shell
from tests.postgres import cluster

pytestmark = pytest.mark.proof

DAY = 86_400


class InPostgres(Warehouse):
    """A warehouse whose rows are read from a PostgreSQL database."""

    url: str

    def rows(self, resource: Resource, *, tombstones: bool = False) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The rows of a table by key, without columns of the project's own; the driver reads JSON."""
        own = set(columns_of(resource)) - set(resource.columns)
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            found = connection.execute(f"SELECT * FROM customerio_raw.{resource.table}").fetchall()
        return {
            tuple(row[column] for column in resource.key): {
                name: value for name, value in row.items() if name not in own and not name.startswith("_dlt_")
            }
            for row in found
            if tombstones or row.get("deleted_at") is None
        }


@pytest.fixture
def url() -> Iterator[str]:
    """A database of its own; its folder is short, for a socket's path may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder, cluster(Path(folder)) as made:
        yield made


def test_a_workspace_is_replicated_into_postgresql(shell: Shell, url: str) -> None:
    """First everything, then nothing, then what was edited; equal to the workspace, field by field."""
    shell.env |= {"CIO_ELT_DESTINATION": "postgres", "DESTINATION__POSTGRES__CREDENTIALS": url}
    now = shell.sandbox.clock.now()

    first, second = (shell.run("sync", "--json") for _ in range(2))
    shell.sandbox.edit("campaigns", 1, name="Edited")
    shell.sandbox.delete("campaigns", 2)
    third = shell.run("sync", "--json")
    # Nothing tells of usage: without its name it is read by a sweep.
    assert 0 == shell.run("sync", "sender_usage", "segment_usage").code
    days = ("--from", str(now - 90 * DAY), "--to", str(now - 60 * DAY))
    filled = shell.run("backfill", "messages", *days, "--json")
    status = shell.run("status", "--fail-on-gap", "--json")

    assert [0, 0, 0, 0, 0] == [ran.code for ran in (first, second, third, filled, status)], filled.err
    assert 0 == second.document["written"] < first.document["written"]
    assert third.document["written"] >= 2
    there = InPostgres(shell.sandbox, shell.served, settings_for(shell.sandbox, shell.served, shell.data))
    there.url = url
    there.assert_equals_world()
