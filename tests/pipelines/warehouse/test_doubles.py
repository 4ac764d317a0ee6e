"""Double rows that earlier loads left are removed by the next sync."""

import duckdb
import pytest

from sources.customerio.catalogue import resource
from tests.conftest import Warehouse

TABLES = ("campaigns", "segments", "segment_memberships")


@pytest.mark.proof
def test_doubles_are_healed_by_the_next_sync(warehouse: Warehouse) -> None:
    """Rows that are there three times are one again, the one that was loaded last, and it is told."""
    warehouse.sync(*TABLES)
    with duckdb.connect(warehouse.settings.load_file) as connection:
        for table in TABLES[1:]:
            for copy in ("0.1", "0.2"):
                connection.execute(
                    f"INSERT INTO customerio_raw.{table} "
                    f"SELECT * REPLACE ('{copy}' AS _dlt_load_id) FROM customerio_raw.{table} "
                    f"WHERE _dlt_load_id > '1' LIMIT 5"
                )

    result = warehouse.sync(*TABLES)

    assert 0 == result.written
    for table in TABLES:
        row = resource(table)
        assert warehouse.truth(row).keys() == warehouse.rows(row).keys()
        counted = warehouse.query(
            f"SELECT count(*), count_if(_dlt_load_id < '1') FROM customerio_raw.{table}"
        )
        assert [(len(warehouse.truth(row)), 0)] == counted
    assert ["segments had 10", "segment_memberships had 10"] == [
        note.split(" row(s)")[0] for note in warehouse.notes
    ]
