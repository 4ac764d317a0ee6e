"""The operations' rows: complete against Customer.io's list, and consistent with themselves."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from sources.customerio.catalogue import OPERATIONS, Operation, operation


def _listed(file: str) -> list[dict[str, str]]:
    return list(csv.DictReader((Path(__file__).parent / file).read_text().splitlines(), delimiter="\t"))


# Customer.io's own list of operations, three that its newer documents add, and those that it lacks.
LISTED = _listed("operations.tsv")
NEWER = _listed("newer_operations.tsv")
ADDED = {
    ("POST", "/v1/send/inbox_message"),
    ("POST", "/v1/send/in_app"),
    ("POST", "/v1/snippets"),
    ("GET", "/auth"),
}


def test_every_listed_operation_is_there_and_no_other() -> None:
    """The catalogue has the 133 listed operations, the three added ones and 79 newer, by method and path."""
    expected = {(row["method"], row["path"]) for row in (*LISTED, *NEWER)} | ADDED

    assert (133, 79) == (len(LISTED), len(NEWER))
    assert expected == {(row.method, row.path) for row in OPERATIONS}
    assert len(expected) == len(OPERATIONS)


@pytest.mark.parametrize("listed", [*LISTED, *NEWER], ids=lambda row: row["id"])
def test_an_operation_has_the_listed_name_and_parameters(listed: dict[str, str]) -> None:
    """Id, API and query parameters are Customer.io's; the catalogue may know more parameters."""
    row = operation(listed["id"])
    query = {
        (name.rstrip("?"), not name.endswith("?"))
        for name, place in (parameter.split("@") for parameter in listed["parameters"].split())
        if place == "query"
    }

    assert (row.api, row.method, row.path) == (listed["api"], listed["method"], listed["path"])
    assert query <= {(parameter.name, parameter.required) for parameter in row.query}


@pytest.mark.parametrize("listed", NEWER, ids=lambda row: row["id"])
def test_a_newer_operation_says_how_sure_it_is(listed: dict[str, str]) -> None:
    """Stability, body and the origin of the id are those of the list; 46 operations are stable."""
    row = operation(listed["id"])

    assert listed["stability"] == row.stability
    assert bool(listed["body"]) == (row.body != "none")
    assert (listed["named_by"] == "Customer.io") == row.has_page
    assert 46 == sum(each["stability"] == "stable" for each in NEWER)


def test_the_older_operations_are_stable() -> None:
    """No listed operation is in doubt: 182 are stable with the newer ones."""
    assert {"stable"} == {operation(listed["id"]).stability for listed in LISTED}
    assert 182 == sum(row.stability == "stable" for row in OPERATIONS)


def _check_ids_are_unique(row: Operation) -> None:
    assert Counter(each.id for each in OPERATIONS)[row.id] == 1, "two operations share an id"


def _check_api_and_path_agree(row: Operation) -> None:
    track = row.path.startswith(("/api/v1/", "/api/v2/", "/unsubscribe/", "/auth"))
    assert track == (row.api == "track"), "an App API path starts with /v1/, a Track API path does not"
    assert track or row.path.startswith("/v1/"), "an App API path starts with /v1/"


def _check_paging_has_its_parameter(row: Operation) -> None:
    names = {parameter.name for parameter in row.query}
    assert row.paging == "none" or row.paging in names, "a paged operation takes its paging parameter"
    assert row.paging == "none" or row.records, "a paged operation answers with records"


def _check_page_limits_are_a_pair(row: Operation) -> None:
    assert (row.page_default is None) == (row.page_max is None), (
        "a page has a default and a maximum, or neither"
    )
    assert (row.page_default or 0) <= (row.page_max or 0), "a page's default is within its maximum"


def _check_only_bodies_have_schemas(row: Operation) -> None:
    assert (row.body_schema is None) == (row.body == "none"), "a body has a schema, and only a body"
    assert row.body == "none" or row.method in ("POST", "PUT"), "only POST and PUT have bodies"


def _check_effect_fits_method(row: Operation) -> None:
    assert row.method != "GET" or row.effect == "read", "a GET reads"
    assert row.method != "DELETE" or row.effect == "destroy", "a DELETE destroys"
    assert row.method != "PUT" or row.effect == "write", "a PUT writes"


def _check_bucket_fits_api(row: Operation) -> None:
    assert (row.bucket == "track") == (row.api == "track"), "Track API calls, and only they, share its bucket"
    assert row.effect == "send" or row.bucket not in ("send", "broadcast"), "these buckets are for sending"


def _check_parameters_are_named_once(row: Operation) -> None:
    names = [parameter.name for parameter in (*row.path_parameters, *row.query)]
    assert len(names) == len(set(names)), "a parameter is named once"
    assert all(parameter.required for parameter in row.path_parameters), "a path parameter is required"


def _check_docs_link(row: Operation) -> None:
    assert row.docs.startswith("https://docs.customer.io/"), "the documentation is Customer.io's"
    assert row.docs.endswith(f"/{row.id}") == row.has_page, "the documentation is found by the operation's id"


RULES = [rule for name, rule in sorted(globals().items()) if name.startswith("_check_")]


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.id)
def test_an_operation_keeps_the_rules(row: Operation) -> None:
    """Each row keeps each rule; a broken one is named in its sentence."""
    for rule in RULES:
        rule(row)
