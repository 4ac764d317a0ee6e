"""A row that a list by position lacks is looked up before it counts as deleted."""

import httpx
import pytest

from sources.customerio.catalogue import RESOURCES, operation
from sources.customerio.extract import RunSummary
from tests.sources.customerio.extract.conftest import Project
from tests.sources.customerio.extract.test_activities import ClientOf

HERE, GONE = 2, 3


@pytest.mark.parametrize("proxy", [False, True])
def test_a_row_that_shifted_out_of_its_list_gets_no_tombstone(
    project: Project, client_of: ClientOf, proxy: bool
) -> None:
    """A newsletter whose own call answers stays, one that is a 404 is deleted; a 404 of a proxy fails."""
    listed = [1, HERE, GONE]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/newsletters":
            return httpx.Response(200, json={"newsletters": [{"id": number} for number in listed]})
        if request.url.path == f"/v1/newsletters/{HERE}":
            return httpx.Response(200, json={"newsletter": {"id": HERE}})
        if request.url.path == f"/v1/newsletters/{GONE}":
            error = {"errors": [{"detail": "not found", "status": "404"}]}
            return httpx.Response(404, text="<html>") if proxy else httpx.Response(404, json=error)
        return httpx.Response(200, json={"ip_addresses": []})

    project.client = client_of(answer)
    project.run("newsletters")
    listed[:] = [1]
    summary = RunSummary()

    project.run("newsletters", summary=summary)

    deleted = project.cells("SELECT id FROM newsletters WHERE deleted_at IS NOT NULL")
    assert ([] if proxy else [(GONE,)]) == deleted
    assert proxy == bool(summary.failed)


def test_lookups_name_one_path_parameter_a_key_column() -> None:
    """The call of a lookup takes the columns of the key, in their order."""
    rows = [row for row in RESOURCES if row.lookup is not None]

    assert rows
    assert [len(row.key) for row in rows] == [len(operation(str(row.lookup)).path_parameters) for row in rows]
