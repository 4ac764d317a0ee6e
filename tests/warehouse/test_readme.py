"""The page about the warehouse has all tables."""

import re

import pytest

from pipelines.warehouse.queries import frames
from tests.conftest import Warehouse
from tests.warehouse.questions import FOLDER

pytestmark = pytest.mark.proof

README = FOLDER.parent / "README.md"


def test_the_map_names_every_table(marts: Warehouse) -> None:
    """The page lists all marts and all tables of `ops`."""
    page = README.read_text("utf-8")
    map_of_tables = page[page.index("## The tables") : page.index("## Questions")]
    named = {
        name
        for line in map_of_tables.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z0-9_.]+)`", line.split("|")[1])
    }
    with frames(marts.settings) as ask:
        found = ask(
            "SELECT CASE WHEN table_schema = 'ops' THEN 'ops.' ELSE '' END || table_name AS name "
            "FROM information_schema.tables WHERE table_schema IN ('main', 'ops')"
        )
    assert named == set(found["name"])


def test_tables_have_the_names_that_the_page_says(marts: Warehouse) -> None:
    """The file has a view `customerio.NAME` for each mart, and for the reconciliation."""
    names = marts.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
    assert ("reconciliation",) in names
    for (name,) in names:
        assert marts.query(f"SELECT count(*) FROM {name}") == marts.query(
            f"SELECT count(*) FROM customerio.{name}"
        )
    assert marts.query("FROM customerio.reconciliation") == marts.query("FROM ops.reconciliation")
