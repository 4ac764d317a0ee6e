"""People are found by search, and their profiles are read by the hundred, by any identifier."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import BadAnswer, Client
from sources.customerio.extract import Options, RunContext, RunSummary
from sources.customerio.extract.people import people
from sources.customerio.sandbox import Fault
from tests.sources.customerio.extract.conftest import Project, ReadTable


def test_everybody_is_read(project: Project) -> None:
    """More people than fit into one request of profiles are read, some of them known by email only."""
    for number in range(120):
        project.sandbox.add("people", email=f"person{number}@example.com", plan="free")
    summary = RunSummary()

    project.run("people", summary=summary)

    project.assert_equal("people")
    assert any(not row["id"] for row in project.rows(resource("people")).values())
    asked = project.sandbox.stats.by_operation
    assert (1, 2) == (asked["getPeopleFilter"], asked["getPeopleById"])
    assert len(project.truth(resource("people"))) == summary.resources["people"].read


def test_a_deleted_person_becomes_a_tombstone_and_an_edit_arrives(project: Project) -> None:
    """Deleted and suppressed people get tombstones; edits arrive, though they carry no time of change."""
    project.run("people")
    deleted, suppressed, edited = sorted(key for (key,) in project.truth(resource("people")))[:3]
    project.sandbox.delete("people", deleted)
    project.sandbox.suppress(suppressed)
    project.sandbox.edit("people", edited, plan="enterprise")
    of_run = RunSummary()

    project.run("people", summary=of_run)

    project.assert_equal("people")
    summary = of_run.resources["people"]
    assert (0, 1, 2) == (summary.new, summary.changed, summary.deleted)
    dead = project.cells("SELECT cio_id FROM people WHERE deleted_at IS NOT NULL ORDER BY cio_id")
    assert [(deleted,), (suppressed,)] == dead


def test_somebody_deleted_between_the_search_and_the_profiles(project: Project) -> None:
    """A person without a profile was deleted after the search, which is no failure."""
    project.run("people")
    gone = max(key for (key,) in project.truth(resource("people")))
    project.sandbox.faults.add(Fault(operation="getPeopleFilter", then_delete=("people", gone)))

    project.run("people")

    project.assert_equal("people")
    assert [(gone,)] == project.cells("SELECT cio_id FROM people WHERE deleted_at IS NOT NULL")


def test_profiles_that_an_answer_lacks_are_looked_up(project: Project) -> None:
    """An answer that is cut short makes no person deleted and leaves out no new one: each is asked for."""
    project.run("people")
    project.sandbox.add("people", id="new", email="new@example.com", plan="free")
    gone = max(key for (key,) in project.truth(resource("people")))
    project.sandbox.faults.add(
        Fault(operation="getPeopleFilter", then_delete=("people", gone)),
        Fault(operation="getPeopleById", drop_rows=tuple(range(9)), times=None),
    )

    project.run("people")

    project.assert_equal("people")
    assert [(gone,)] == project.cells("SELECT cio_id FROM people WHERE deleted_at IS NOT NULL")


def test_a_search_that_lists_people_twice_has_a_profile_of_each(project: Project) -> None:
    """No profile lacks, so none is looked up."""
    project.sandbox.faults.add(Fault(operation="getPeopleFilter", repeat_rows=True, times=None))

    project.run("people")

    project.assert_equal("people")
    assert "getPersonAttributes" not in project.sandbox.stats.by_operation


@pytest.mark.parametrize("other", [True, False], ids=["of others", "repeated"])
def test_profiles_in_the_place_of_those_asked_for_delete_no_person(
    client_of: Callable[..., Client], read: ReadTable, other: bool
) -> None:
    """A repeated profile stands for no other person, who is looked up; one of another person is refused."""
    people_found = [{"cio_id": f"a{number}", "email": None, "id": None} for number in range(3)]

    def profile(cio_id: str) -> dict[str, Any]:
        return {"id": "", "identifiers": {"cio_id": cio_id, "email": None, "id": None}, "attributes": {}}

    def outside(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/customers":
            return httpx.Response(200, json={"identifiers": people_found, "ids": ["", "", ""], "next": ""})
        if path == "/v1/customers/attributes":
            sent = ["a0", "a1", "zz" if other else "a1"]
            return httpx.Response(200, json={"customers": [profile(each) for each in sent]})
        assert path == "/v1/customers/a2/attributes"
        return httpx.Response(200, json={"customer": profile("a2")})

    if other:
        with pytest.raises(BadAnswer, match=r"2 profiles for 3 people .*, and 1 of others"):
            read(client_of(outside), "people")
        return
    assert ["a0", "a1", "a1", "a2"] == [row["cio_id"] for row in read(client_of(outside), "people").rows]


def test_an_answer_that_lacks_many_profiles_deletes_no_person(project: Project) -> None:
    """More profiles lack than people are deleted within a second: the table fails, and stays."""
    project.run("people")
    before = project.rows(resource("people"))
    lacking = tuple(range(len(before) - 11, len(before)))
    project.sandbox.faults.add(Fault(operation="getPeopleById", drop_rows=lacking, times=None))
    summary = RunSummary()

    project.run("people", summary=summary)

    assert [summary.resources["people"]] == summary.failed
    assert f"profiles for {len(before)} people" in str(summary.resources["people"].error)
    assert before == project.rows(resource("people"))


def test_profiles_that_fail_take_nobody_for_deleted(project: Project) -> None:
    """If the search succeeds and the profiles fail, no person counts as deleted."""
    project.run("people")
    before = project.rows(resource("people"))
    project.sandbox.faults.add(Fault(operation="getPeopleById", status=500, times=None))
    summary = RunSummary()

    project.run("people", summary=summary)

    assert [summary.resources["people"]] == summary.failed
    assert before == project.rows(resource("people"))


@pytest.mark.parametrize("wrapped", [True, False])
def test_profiles_come_wrapped_or_not(
    client_of: Callable[..., Client], read: ReadTable, wrapped: bool
) -> None:
    """The specification wraps each profile in `customer`; the live service does not."""
    profile: dict[str, Any] = {
        "id": "",
        "identifiers": {"cio_id": "a300", "email": "a@example.com", "id": None},
        "attributes": {"cio_id": "a300"},
        "unsubscribed": False,
    }

    def outside(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/customers":
            found = {"identifiers": [profile["identifiers"]], "ids": [""], "next": ""}
            return httpx.Response(200, content=orjson.dumps(found))
        assert {"ids": ["a300"]} == orjson.loads(request.content)
        assert "cio_id" == request.url.params["id_type"]
        item = {"customer": profile} if wrapped else profile
        return httpx.Response(200, content=orjson.dumps({"customers": [item]}))

    found = read(client_of(outside), "people")

    assert [{"cio_id": "a300", **profile}] == found.rows
    assert [False, True] == [batch.last for batch in found.batches]


def test_nobody(client_of: Callable[..., Client], read: ReadTable) -> None:
    """A search without a match answers null; the table is empty and complete."""

    def outside(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/customers"
        return httpx.Response(200, json={"identifiers": None, "ids": None, "next": ""})

    found = read(client_of(outside), "people")

    assert [] == found.rows
    assert found.batches[-1].last


def test_a_search_whose_profiles_do_not_come_deletes_nobody(client_of: Callable[..., Client]) -> None:
    """Unknown ids are left out without an error; if all are, the answer is not trusted."""

    def nobody(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/customers":
            found = [{"cio_id": "a1", "email": None, "id": "1"}, {"cio_id": "a2", "email": None, "id": "2"}]
            return httpx.Response(
                200, content=orjson.dumps({"identifiers": found, "ids": ["1", "2"], "next": ""})
            )
        return httpx.Response(200, content=b'{"customers": []}')

    run = RunContext(client=client_of(nobody), options=Options(), summary=RunSummary(), clock=lambda: 1)
    run.begin("people")

    with pytest.raises(BadAnswer, match="2 people and not one of their profiles"):
        list(people(run, resource("people"), {}))
    run.close()
