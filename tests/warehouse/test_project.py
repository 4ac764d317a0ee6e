"""The whole dbt project: its unit tests, its sources, its descriptions."""

import shutil
from pathlib import Path

import duckdb
import pytest
from ruamel.yaml import YAML

from pipelines.transform.dbt import PROJECT, Dbt
from pipelines.transform.raw_tables import columns
from tests.conftest import Warehouse, share_parsed

pytestmark = pytest.mark.proof

MARTS = "('main', 'ops', 'staging')"


@pytest.fixture
def dbt(marts: Warehouse, tmp_path: Path) -> Dbt:
    """Dbt on a copy of the warehouse."""
    file = tmp_path / "transform.duckdb"
    shutil.copyfile(marts.settings.load_file, file)
    share_parsed(marts, tmp_path / "dbt")
    return Dbt(file=file, folder=tmp_path / "dbt")


def test_edges_of_the_definitions(dbt: Dbt) -> None:
    """Every dbt unit test passes."""
    nodes = [node for node in dbt.run("test", "--select", "test_type:unit") if node.kind == "unit_test"]
    assert len(nodes) >= 5
    assert [] == [(node.name, node.message) for node in nodes if node.status != "pass"]


def test_raw_tables_have_the_columns(marts: Warehouse) -> None:
    """Synced tables have the columns and types of sources.yml."""
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in marts.query(
        "SELECT table_name, column_name, lower(data_type) FROM information_schema.columns "
        "WHERE table_schema = 'customerio_raw'"
    ):
        found.setdefault(table, {})[name] = kind
    known = columns()
    for table in found.keys() & known.keys():
        assert {name: found[table].get(name) for name in known[table]} == known[table], table


def test_everything_is_described(marts: Warehouse) -> None:
    """Every table, view and column has a comment in the database."""
    tables = marts.query(
        f"SELECT schema_name, table_name FROM duckdb_tables() "
        f"WHERE schema_name IN {MARTS} AND comment IS NULL "
        f"UNION ALL SELECT schema_name, view_name FROM duckdb_views() "
        f"WHERE schema_name IN {MARTS} AND NOT internal AND comment IS NULL"
    )
    cells = marts.query(
        f"SELECT schema_name, table_name, column_name FROM duckdb_columns() "
        f"WHERE schema_name IN {MARTS} AND NOT internal AND comment IS NULL"
    )
    assert ([], []) == (tables, cells)


def test_rates_say_what_they_are(marts: Warehouse) -> None:
    """A rate's comment has its numerator, denominator, first day, and the age at which it is mature."""
    ((comment,),) = marts.query(
        "SELECT comment FROM duckdb_columns() "
        "WHERE table_name = 'campaign_performance' AND column_name = 'human_click_rate'"
    )
    for words in ("clicked by a person / reached", "2025-04-20", "null without any", "is_mature_click"):
        assert words in comment


def test_a_mart_is_a_file_and_an_entry(
    marts: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new mart needs a SQL file and an entry in marts.yml: it is built, tested and described."""
    project = tmp_path / "warehouse"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("data"))
    folder = project / "models" / "marts"
    (folder / "subject_length.sql").write_text(
        "select message_key, length(subject) as letters from {{ ref('dim_message') }}\n"
    )
    with (folder / "marts.yml").open("a") as out:
        out.write(
            "  - name: subject_length\n"
            "    description: The length of each message's subject.\n"
            "    data_tests:\n"
            "      - keyed: {arguments: {by: [message_key]}}\n"
            "    columns:\n"
            "      - name: letters\n"
            "        description: Letters of the subject.\n"
        )
    monkeypatch.setattr("pipelines.transform.dbt.PROJECT", project)
    file = tmp_path / "transform.duckdb"
    shutil.copyfile(marts.settings.load_file, file)
    share_parsed(marts, tmp_path / "dbt")

    nodes = Dbt(file=file, folder=tmp_path / "dbt").run("build", "--select", "subject_length")

    # The hooks of the project run too, as operations.
    built = {(node.kind, node.status) for node in nodes if node.kind != "operation"}
    assert {("model", "success"), ("test", "pass")} == built
    with duckdb.connect(file, read_only=True) as connection:
        comments = connection.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'subject_length'"
        ).fetchall()
    assert ("letters", "Letters of the subject.") in comments
    assert all(comment for _, comment in comments)


@pytest.mark.usefixtures("built")
def test_nothing_is_left_behind() -> None:
    """A build writes nothing into the project, and dbt sends nothing to any host."""
    made = {path.name for path in PROJECT.iterdir()} & {"target", "logs", "dbt_packages", ".user.yml"}
    assert made == set()
    assert YAML(typ="safe").load(PROJECT / "dbt_project.yml")["flags"]["send_anonymous_usage_stats"] is False
