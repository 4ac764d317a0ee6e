"""A file that is read once is counted, leaves no row in the warehouse, and is that of a new export."""

import duckdb
import pytest

from pipelines.connect import client
from pipelines.errors import FileBroken
from pipelines.export import PeopleRequest, create
from pipelines.export.read_once import exported_file
from pipelines.export.registry import folder, open_registry
from tests.pipelines.export.conftest import Exporting

_REQUEST = PeopleRequest(attributes=("id", "plan"))


def _plans(exporting: Exporting) -> dict[str, str]:
    """The plans of people with an id, read from the file of an export."""
    settings = exporting.warehouse.settings
    with (
        client(settings) as calls,
        exported_file(settings, _REQUEST, calls, pause=exporting.pause) as file,
        duckdb.connect() as connection,
    ):
        sql = f"SELECT {file.exactly('id')}, {file.exactly('plan')} FROM {file.scan}"
        return {user: plan for user, plan in connection.execute(sql).fetchall() if user}


def test_it_shows_the_workspace_as_it_is_now(exporting: Exporting) -> None:
    """An equal export that an earlier reader did not finish is not used, and no file is left."""
    settings, sandbox = exporting.warehouse.settings, exporting.warehouse.sandbox
    create(settings, _REQUEST)
    user = next(row["id"] for row in sandbox.rows("people") if row["id"])
    sandbox.edit("people", user, plan="new")
    assert "new" == _plans(exporting)[user]
    assert 2 == exporting.orders()
    assert [] == list(folder(settings).glob("*.csv"))
    with open_registry(settings) as registry:
        assert registry.unfinished(_REQUEST) is None
        assert 2 == len(registry.ids())


def test_a_file_that_is_not_what_the_export_says_is_refused(exporting: Exporting) -> None:
    """A file with other rows than the export says is fetched twice, and then nothing is said of it."""
    exporting.warehouse.sandbox.knobs.export_miscounts = 1
    with pytest.raises(FileBroken, match="and the export says"):
        _plans(exporting)
    assert 2 == exporting.warehouse.sandbox.stats.by_operation["downloadExport"]
