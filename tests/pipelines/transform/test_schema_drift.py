"""Changes of the raw tables between two transforms."""

from pathlib import Path

import duckdb

from pipelines.transform import Change
from pipelines.transform.schema_drift import record_changes


def test_changes_are_reported_once(tmp_path: Path) -> None:
    """New, vanished and retyped columns, new metrics and channels are reported once, links are not."""
    file = tmp_path / "load.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute(
            """
            CREATE SCHEMA customerio_raw;
            CREATE TABLE customerio_raw.sync_runs AS SELECT 1790000000 AS finished_at;
            CREATE TABLE customerio_raw.campaigns (
                id BIGINT, name VARCHAR, tags JSON, extra JSON, "rare" JSON, _dlt_load_id VARCHAR
            );
            INSERT INTO customerio_raw.campaigns
                SELECT i, 'name', '["a"]', '1', CASE WHEN i = 1 THEN '2' END, '1' FROM range(50) AS n(i);
            CREATE TABLE customerio_raw.messages (
                id VARCHAR, type VARCHAR, metrics JSON, _dlt_load_id VARCHAR
            );
            INSERT INTO customerio_raw.messages VALUES ('a', 'email', '{"sent": 1}', '1');
            """
        )
    assert [] == record_changes(file)
    assert [] == record_changes(file)
    with duckdb.connect(file) as connection:
        connection.execute(
            """
            ALTER TABLE customerio_raw.campaigns ADD COLUMN fresh JSON;
            INSERT INTO customerio_raw.campaigns
                SELECT i, NULL, '{"a": 1}', '2', NULL, '2', '"x"' FROM range(50, 90) AS numbers(i);
            INSERT INTO customerio_raw.messages VALUES (
                'b', 'fax', '{"sent": 2, "read_aloud": 3, "link:77": 4, "human_link:77": 4}', '2'
            );
            """
        )
    changes = record_changes(file)
    assert [
        Change(change="vanished_column", table_name="campaigns", name="name", before="VARCHAR"),
        Change(
            change="retyped_column",
            table_name="campaigns",
            name="tags",
            before="ARRAY",
            after="ARRAY or OBJECT",
        ),
        Change(change="new_column", table_name="campaigns", name="fresh", after="VARCHAR"),
        Change(change="new_metric", table_name="messages", name="read_aloud"),
        Change(change="new_channel", table_name="messages", name="fax"),
    ] == changes
    assert [] == record_changes(file)
    with duckdb.connect(file) as connection:
        assert len(changes) == len(connection.execute("FROM customerio_raw.schema_changes").fetchall())
