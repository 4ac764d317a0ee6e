"""Exports into a warehouse that is no local file are loaded by dlt; here DuckDB stands for the server."""

from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from pipelines.errors import FileBroken
from pipelines.export import ExportRequest, PeopleRequest, export
from pipelines.settings import Settings
from tests.conftest import Warehouse, settings_for
from tests.pipelines.export.conftest import Exporting


@pytest.fixture
def server(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose destination dlt knows only by its name."""
    monkeypatch.setenv("DESTINATION__SERVER__DESTINATION_TYPE", "duckdb")
    monkeypatch.setenv("DESTINATION__SERVER__CREDENTIALS", str(tmp_path / "server.duckdb"))
    return settings_for(
        warehouse.sandbox,
        warehouse.served,
        warehouse.settings.cio_elt_data,
        cio_elt_destination="server",
    )


@pytest.mark.proof
def test_exports_on_a_server(exporting: Exporting, server: Settings, tmp_path: Path) -> None:
    """The same rows land in the same tables once; stored deliveries stay, changed people change."""
    sandbox = exporting.warehouse.sandbox
    campaign = exporting.campaign()

    people, deliveries = _exported(exporting, server, PeopleRequest()), _exported(exporting, server, campaign)

    assert people == (people[0], people[0], 0, 0)
    assert deliveries == (deliveries[0], deliveries[0], 0, 0)
    found = _query(tmp_path, 'SELECT "row" FROM customerio_raw.exported_people ORDER BY row_number')
    assert exporting.file_rows(104) == [orjson.loads(row) for (row,) in found]
    (one,), (two,), *_ = _query(tmp_path, "SELECT cio_id FROM customerio_raw.people")
    sandbox.edit("people", one, plan="bespoke")
    sandbox.delete("people", two)

    assert (people[0] - 1, 0, 1, 1) == _exported(exporting, server, PeopleRequest())
    assert (deliveries[0], 0, 0, 0) == _exported(exporting, server, campaign)
    assert [(deliveries[0],)] == _query(tmp_path, "SELECT count(DISTINCT id) FROM customerio_raw.messages")

    sandbox.knobs.export_miscounts = 1
    with pytest.raises(FileBroken, match="the export says"):
        _exported(exporting, server, PeopleRequest())
    assert [(2,)] == _query(tmp_path, "SELECT count(DISTINCT export_id) FROM customerio_raw.exported_people")


def _exported(exporting: Exporting, server: Settings, what: ExportRequest) -> tuple[int, ...]:
    result = export(server, what, pause=exporting.pause)
    return result.rows, result.new, result.changed, result.deleted


def _query(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(tmp_path / "server.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()
