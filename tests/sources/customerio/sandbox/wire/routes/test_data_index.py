"""The data index accepts descriptions, and its errors point to the invalid part."""

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

ATTRIBUTES, EVENTS = "/v1/data_index/attributes", "/v1/data_index/events"


def test_descriptions_are_taken(api: httpx.Client) -> None:
    """Both operations answer 204."""
    attribute = {"name": "plan", "description": "What they pay for", "privacy_level": 0}
    taken = (
        api.post(ATTRIBUTES, json={"attributes": [attribute]}),
        api.post(EVENTS, json={"events": [{"name": "order_placed", "description": "Paid"}] * 100}),
    )

    assert [(204, b""), (204, b"")] == [(answer.status_code, answer.content) for answer in taken]


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        (ATTRIBUTES, {"attributes": []}, "At least one attribute is required"),
        (
            ATTRIBUTES,
            {"attributes": [{"name": "a"}] * 101},
            "Can not update more than 100 attributes at once",
        ),
        (EVENTS, {"events": []}, "At least one event is required"),
        (EVENTS, {"events": [{"name": "a"}] * 101}, "Can not update more than 100 events at once"),
    ],
)
def test_none_and_too_many_have_a_pointer(
    api: httpx.Client, path: str, body: dict[str, list[object]], detail: str
) -> None:
    """422, as documented."""
    answer = api.post(path, json=body)
    (error,) = answer.json()["errors"]

    assert 422 == answer.status_code
    assert error["detail"].startswith(detail)
    assert error["source"]["pointer"] == f"/data/attributes/{next(iter(body))}"


@pytest.mark.parametrize(
    "body",
    [{}, {"attributes": {}}, {"attributes": [{}]}, {"attributes": [{"name": "a", "description": "x" * 256}]}],
)
def test_another_form_is_refused(api: httpx.Client, body: dict[str, object]) -> None:
    """400 for a body that is not a list of named rows, or has too long a description."""
    assert 400 == api.post(ATTRIBUTES, json=body).status_code


def test_privacy_levels_are_a_matter_of_the_plan(small: Sandbox, small_api: httpx.Client) -> None:
    """On a plan without them, the pointer names the first attribute that has one."""
    small.knobs.privacy_levels = False

    answer = small_api.post(
        ATTRIBUTES, json={"attributes": [{"name": "a"}, {"name": "b", "privacy_level": 1}]}
    )

    assert 422 == answer.status_code
    assert answer.json()["errors"][0]["source"]["pointer"].endswith("[1].privacy_level")
