"""The page about the warehouse has the demo's answers and all tables."""

import re

import pytest

from pipelines.warehouse.queries import frames
from tests.conftest import Warehouse
from tests.warehouse.readme import BLOCK, README, answered

pytestmark = pytest.mark.proof


def test_the_answers_are_the_demos(demonstrated: Warehouse) -> None:
    """In the demo's workspace, every query has the answer on the page."""
    page = README.read_text("utf-8")
    with frames(demonstrated.settings) as ask:
        assert page == answered(page, ask), "run: python -m tests.warehouse.readme"


def test_the_questions_can_be_asked(marts: Warehouse) -> None:
    """Every query works on any workspace; there are ten, with answers."""
    blocks = list(BLOCK.finditer(README.read_text("utf-8")))
    with frames(marts.settings) as ask:
        for found in blocks:
            assert list(ask(found["query"]).columns)

    assert 10 == len(blocks)
    assert all(found["answer"].count("\n") > 3 for found in blocks)


def test_the_map_names_every_table(marts: Warehouse) -> None:
    """The page lists all marts and all tables of `ops`."""
    page = README.read_text("utf-8")
    map_of_tables = page[page.index("## The tables") : page.index("## Ten questions")]
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
