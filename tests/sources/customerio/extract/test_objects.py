"""Objects and relationships are read whole, each row once."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import Client
from sources.customerio.extract import Options, RunSummary
from sources.customerio.sandbox import Fault, Sandbox, Served
from tests.sources.customerio.extract.conftest import Project, ReadTable

DAY = 86_400
ClientOf = Callable[..., Client]
TABLES = ("object_types", "objects", "relationships")


def _send(sandbox: Sandbox, served: Served, *ops: dict[str, Any]) -> None:
    keys = (sandbox.track_site_id, sandbox.track_api_key)
    url = f"{served.track_url}/api/v2/batch"
    assert httpx.post(url, json={"batch": ops}, auth=keys, trust_env=False).status_code == 200


def _thing(action: str, object_id: str, **more: Any) -> dict[str, Any]:
    named = {"object_type_id": "1", "object_id": object_id}
    return {"type": "object", "action": action, "identifiers": named, **more}


@pytest.mark.parametrize("page", [2, 50])
def test_the_tables_are_the_sandboxs(project: Project, page: int) -> None:
    """With any page size, and with rows that come on two pages, each row is there once."""
    project.sandbox.knobs.objects_page = page

    project.run(*TABLES)

    project.assert_equal(*TABLES)
    assert project.cells("SELECT count(*) FROM relationships")[0][0] > 20


@pytest.mark.proof
def test_changes_and_ends(project: Project, small_served: Served) -> None:
    """Changed objects are written; deleted ones get a tombstone, and so do their relationships."""
    project.run(*TABLES)
    held = {row["object_id"] for row in project.sandbox.rows("relationships") if row["object_id"] == "acme"}
    assert held
    _send(
        project.sandbox,
        small_served,
        _thing("delete", "acme"),
        _thing("identify", "borealis", attributes={"seats": 999, "trial": None}),
        _thing("identify", "new/one", attributes={"name": "New"}),
    )
    project.run(*TABLES)

    project.assert_equal(*TABLES)
    for table in ("objects", "relationships"):
        gone = project.cells(f"SELECT DISTINCT object_id FROM {table} WHERE deleted_at IS NOT NULL")
        assert gone == [("acme",)]


def test_objects_are_searched_once_a_run(api: Client, read: ReadTable, project: Project) -> None:
    """The two tables share the search; each makes one request per object, and more for longer lists."""
    things = list(project.sandbox.rows("objects"))
    project.sandbox.knobs.objects_page = 100
    project.run(*TABLES)

    asked = project.sandbox.stats.by_operation
    assert asked["getObjectTypes"] == 1
    assert asked["getObjectsFilter"] == 3
    assert asked["getObjectAttributes"] == asked["getObjectRelationships"] == len(things)
    assert read(api, "objects").summary.requests == 1 + 3 + len(things)


@pytest.mark.proof
def test_a_sweep_finds_changed_attributes(project: Project, small_served: Served) -> None:
    """Where objects are read as they are due, new and deleted ones are seen at once, others in a week."""
    due, rule = Options(due_only=True, deletion_share=1), resource("objects").changes_with
    project.run(*TABLES, options=due)
    _send(
        project.sandbox,
        small_served,
        _thing("delete", "acme"),
        _thing("identify", "borealis", attributes={"seats": 999}),
        _thing("identify", "new/one", attributes={"name": "New"}),
    )
    project.run(*TABLES, options=due)
    for table in ("objects", "relationships"):
        gone = project.cells(f"SELECT DISTINCT object_id FROM {table} WHERE deleted_at IS NOT NULL")
        assert gone == [("acme",)]
    assert project.cells("SELECT attributes FROM objects WHERE object_id = 'new/one'")
    for _ in range(rule.sweep_s // DAY if rule else 0):
        project.sandbox.clock.advance(DAY)
        project.run(*TABLES, options=due)

    project.assert_equal(*TABLES)


def test_an_object_that_vanishes_meanwhile_is_gone(client_of: ClientOf, read: ReadTable) -> None:
    """A 404 between the search and the call below it is no failure, if the next search lacks the object."""
    searched = [["a", "b"], ["a"]]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/object_types":
            return httpx.Response(200, json={"types": [{"id": "1"}]})
        if request.url.path == "/v1/objects":
            found = [{"object_id": name, "cio_object_id": name} for name in searched.pop(0)]
            return httpx.Response(200, json={"identifiers": found, "next": ""})
        if request.url.path == "/v1/objects/1/a/attributes":
            return httpx.Response(200, json={"object": {"attributes": {}, "timestamps": {}}})
        return httpx.Response(404, json={"errors": [{"detail": "not found", "status": "404"}]})

    found = read(client_of(answer), "objects", clock=lambda: 1)

    assert ["a"] == [row["object_id"] for row in found.rows]
    assert found.batches[-1].last
    assert [] == searched


def test_an_incomplete_reading_buries_nothing(project: Project) -> None:
    """A page that fails leaves no tombstones."""
    project.run(*TABLES)
    project.sandbox.faults.add(Fault(operation="getObjectRelationships", status=500, times=None, after=2))
    project.run(*TABLES, summary=RunSummary())

    assert project.cells("SELECT count(*) FROM relationships WHERE deleted_at IS NOT NULL") == [(0,)]
