"""The resources' rows: consistent with the operations, and enough to read and to key a table."""

import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest

from sources.customerio.catalogue import OPERATIONS, RESOURCES, Resource, operation, resource
from sources.customerio.catalogue.resource import Reader
from sources.customerio.extract.resources import READERS

TABLES = {row.table for row in RESOURCES}
SOURCES = Path(__file__).parents[4] / "sources"


def _check_table_is_named_once(row: Resource) -> None:
    assert Counter(each.table for each in RESOURCES)[row.table] == 1, "two resources fill one table"
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", row.table), "a table's name is lower case, words joined by _"


def _check_description_is_a_sentence(row: Resource) -> None:
    said = [each.table for each in RESOURCES if each.description == row.description]
    assert said == [row.table], "no two tables are described alike"
    assert row.description[:1].isupper() and row.description.endswith("."), "a description is a sentence"


def _check_operation_exists_and_reads(row: Resource) -> None:
    assert row.operation in {each.id for each in OPERATIONS}, "a resource is filled by an operation"
    assert operation(row.operation).effect == "read", "reading a table changes nothing"


def _check_key_is_known(row: Resource) -> None:
    assert row.key, "a table has a key"
    assert set(row.key) <= set(row.columns), "a key's columns are known, with their types"
    assert "json" not in {row.columns[name] for name in row.key}, "a key's columns compare, so are no JSON"


def _check_cursor_is_a_time(row: Resource) -> None:
    assert row.cursor is None or row.columns[row.cursor] == "bigint", "a cursor is a known column of seconds"


def _check_parent_is_a_table(row: Resource) -> None:
    assert row.parent is None or row.parent in TABLES, "a parent is a table too"
    call = operation(row.operation)
    in_path = {parameter.name for parameter in call.path_parameters}.difference(*row.asked)
    assert row.parent or not in_path, "what has an id in its path has a parent"
    assert in_path or call.body == "json" or not row.parent, "a parent's id is in the path, or in the body"
    assert row.parent_type is None or row.parent, "a parent's type needs a parent"


def _check_what_is_asked_is_a_parameter(row: Resource) -> None:
    call = operation(row.operation)
    names = {parameter.name for parameter in (*call.path_parameters, *call.query)}
    assert names.issuperset(chain.from_iterable(row.asked)), (
        "a list is asked with parameters that its call has"
    )
    assert row.asked, "a list is asked for at least once"


def _check_special_columns_are_known(row: Resource) -> None:
    assert {*row.masked, *filter(None, [row.value])} <= set(row.columns), "a column with a rule is known"
    assert not row.wrapped or operation(row.operation).records is None, "what is wrapped is no list"


def _check_own_columns_are_free(row: Resource) -> None:
    taken = {"deleted_at", "first_seen_at", "_row_hash"} & set(row.columns)
    assert not taken, "the API's columns leave the project's own names free"


RULES = [rule for name, rule in sorted(globals().items()) if name.startswith("_check_")]


@pytest.mark.parametrize("row", RESOURCES, ids=lambda row: row.table)
def test_a_resource_keeps_the_rules(row: Resource) -> None:
    """Each row keeps each rule; a broken one is named in its sentence."""
    for rule in RULES:
        rule(row)


def test_each_reader_that_a_row_can_name_exists_and_is_used() -> None:
    """The readers' names in the catalogue, the functions, and the rows agree."""
    assert set(get_args(Reader)) == set(READERS) == {row.reader for row in RESOURCES}


def test_the_keys_are_the_ones_other_people_join_on() -> None:
    """Keys of tables are contracts."""
    assert {
        "people": ("cio_id",),
        "campaign_actions": ("campaign_id", "id"),
        "segment_memberships": ("segment_id", "cio_id"),
        "messages": ("id",),
    } == {
        table: resource(table).key
        for table in ("people", "campaign_actions", "segment_memberships", "messages")
    }


def test_no_code_asks_for_a_table_by_name() -> None:
    """A difference between tables is a field of their rows, never a branch."""
    branch = re.compile(r"""\.table\s*(==|!=|in)\s*[\[({]?["']""")

    guilty = [str(file) for file in SOURCES.rglob("*.py") if branch.search(file.read_text())]

    assert [] == guilty
