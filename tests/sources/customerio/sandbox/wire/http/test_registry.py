"""Operations are registered by the functions that answer them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sources.customerio.catalogue import OPERATIONS, Operation
from sources.customerio.sandbox import Sandbox
from sources.customerio.sandbox.wire import app
from sources.customerio.sandbox.wire.http import registry
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.routes import HANDLERS

ROW = Operation(
    id="listLayouts",
    method="GET",
    path="/v1/layouts/{layout_id}",
    bucket="app",
    effect="read",
    api="app",
)


def _get(sandbox: Sandbox, path: str) -> httpx.Response:
    with sandbox.serve() as served:
        headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
        return httpx.get(served.app_url + path, headers=headers, trust_env=False)


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> Iterator[Operation]:
    """A row that is added to the catalogue for one test; a handler registered meanwhile is removed again."""
    for module in (registry, app):
        monkeypatch.setattr(module, "OPERATIONS", (*OPERATIONS, ROW))
    yield ROW
    HANDLERS.pop(ROW.id, None)


def test_a_row_and_a_function_add_an_operation(row: Operation, small: Sandbox) -> None:
    """A decorated function answers its operation over HTTP, with the parameters of the path."""

    @answers(row.id)
    def list_layouts(context: RequestContext) -> dict[str, Any]:
        return {"layouts": [context.id("layout_id")], "now": context.now}

    answer = _get(small, "/v1/layouts/7")

    assert (200, {"layouts": [7], "now": small.clock.now()}) == (answer.status_code, answer.json())


def test_one_function_answers_several_operations(row: Operation, small: Sandbox) -> None:
    """Keyword arguments of the decorator are passed to the function with each request."""

    @answers(row.id, noun="layouts")
    def list_records(context: RequestContext, noun: str) -> dict[str, Any]:
        return {noun: [context.path["layout_id"]]}

    assert {"layouts": ["7"]} == _get(small, "/v1/layouts/7").json()


def test_a_row_without_a_function_is_501(row: Operation, small: Sandbox) -> None:
    """An operation of the catalogue that has no handler says so by its id."""
    answer = _get(small, "/v1/layouts/7")

    assert 501 == answer.status_code
    assert f"the sandbox does not model {row.id}" in answer.json()["errors"][0]["detail"]


def test_two_functions_for_an_operation_are_an_error() -> None:
    """The second decorator of the same id raises and leaves the first handler in place."""
    first = HANDLERS["listCampaigns"]

    with pytest.raises(ValueError, match="'listCampaigns' has a handler already"):
        answers("listCampaigns")(first)

    assert first is HANDLERS["listCampaigns"]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [("listCampaign", "Did you mean 'listCampaigns'"), ("zzzzzzzzzzzzzz", "Add its row to the catalogue")],
)
def test_an_unknown_operation_is_an_error(wrong: str, hint: str) -> None:
    """An id that the catalogue lacks raises, with the most similar id if there is one."""
    with pytest.raises(ValueError, match=f"no operation '{wrong}'.*{hint}"):
        answers(wrong)
