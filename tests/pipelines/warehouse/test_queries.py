"""Queries of readers: frames of the published file, and messages where there is none."""

from pathlib import Path

import pytest

from pipelines import warehouse as door
from pipelines.settings import read_settings
from pipelines.warehouse import frame
from sources.customerio.client import ConfigError
from tests.conftest import Warehouse


def test_the_package_exports_its_functions() -> None:
    """`frame`, `frames` and `querying` stay functions, also after the module behind frames is imported."""
    assert ["frame", "frames", "querying"] == door.__all__
    assert all(callable(getattr(door, name)) for name in door.__all__)


def test_without_a_published_file_the_next_step_is_named(tmp_path: Path) -> None:
    """No warehouse yet, and one on a server, each have a message."""
    with pytest.raises(ConfigError, match="Run `cio-elt sync`"):
        frame("SELECT 1", settings=read_settings(cio_elt_data=tmp_path))
    with pytest.raises(ConfigError, match=r"postgres.*read_sql"):
        frame("SELECT 1", settings=read_settings(cio_elt_destination="postgres"))


@pytest.mark.proof
def test_a_frame_does_not_hold_the_file(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings come from the environment, and a query after a sync sees the new rows."""
    warehouse.sync("segments")
    monkeypatch.setenv("CIO_ELT_DATA", str(warehouse.settings.cio_elt_data))
    query = "SELECT id, name FROM customerio_raw.segments WHERE deleted_at IS NULL ORDER BY id"
    before = frame(query)
    warehouse.sandbox.add("segments", name="Newest")
    warehouse.sync("segments")

    assert len(frame(query)) == len(before) + 1
    assert "Newest" == frame(query)["name"].iloc[-1]
    assert {"id": "Int64", "name": "str"} == {name: str(kind) for name, kind in before.dtypes.items()}
