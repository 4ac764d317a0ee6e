"""Rows arrive, and others go, between two requests: every row that was there at the beginning is read."""

from collections.abc import Callable

import httpx
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import Client
from sources.customerio.sandbox import Sandbox
from tests.sources.customerio.extract.conftest import ReadTable

DAY = 86_400
_STEP_S = 3 * 3600


@pytest.fixture(scope="module")
def busy() -> Sandbox:
    """A workspace with thousands of deliveries a month: a window of them has several pages."""
    return Sandbox(scale="demo")


@pytest.mark.proof
@pytest.mark.parametrize("table", ["messages", "activities"])
def test_rows_that_arrive_between_pages_move_none_out_of_sight(
    busy: Sandbox, client_of: Callable[..., Client], read: ReadTable, table: str
) -> None:
    """After each answer hours pass, and new rows shift all positions; the rows of the beginning all come."""
    row, began = resource(table), busy.clock.now()
    start = began - 20 * DAY
    expected = {each["id"] for each in busy.rows(table) if start <= each[str(row.cursor)] < began}
    new = 0
    with busy.serve() as served, httpx.Client(base_url=served.app_url) as passed_on:

        def outside(request: httpx.Request) -> httpx.Response:
            nonlocal new
            answer = passed_on.request(request.method, request.url.raw_path.decode(), headers=request.headers)
            if new < 12:  # thousands more would take long
                busy.clock.advance(_STEP_S)
                new += 1
            return httpx.Response(answer.status_code, content=answer.content)

        found = read(client_of(outside, busy.app_api_key), table, start=start)

    ids = [each["id"] for each in found.rows]
    assert new > 3, "one page has them all: nothing was tested"
    assert expected <= set(ids)
    assert len(ids) == len(set(ids)), "a row came twice"
