"""Reporting webhooks: unwrapped objects with the endpoint's credentials."""

import httpx
import pytest

from sources.customerio.sandbox import Sandbox

GIVEN = {"name": "mine", "endpoint": "https://u:p@example.net/in?key=1", "events": ["email_sent"]}


def test_the_list_is_the_truth_with_credentials(tiny: Sandbox, api: httpx.Client) -> None:
    """The endpoint is shown verbatim, the signing key is not shown."""
    listed = api.get("/v1/reporting_webhooks").json()["reporting_webhooks"]

    assert list(tiny.rows("reporting_webhooks")) == listed
    assert "https://cio:s3cr3t-pass@hooks.example.com/cio?token=abc123&env=prod" == listed[0]["endpoint"]
    assert listed[0] == api.get("/v1/reporting_webhooks/1").json()
    assert {"id", "name", "type", "endpoint", "events", "disabled", "full_resolution", "with_content"} == (
        set(listed[0])
    )


def test_a_webhook_from_its_making_to_its_end(small_api: httpx.Client) -> None:
    """A new webhook has its flags off, an update changes the given fields, a deletion is an empty 200."""
    made = small_api.post("/v1/reporting_webhooks", json=GIVEN).json()
    path = f"/v1/reporting_webhooks/{made['id']}"
    assert {**GIVEN, "disabled": False, "full_resolution": False, "with_content": False} == {
        name: value for name, value in made.items() if name not in ("id", "type")
    }

    changed = small_api.put(path, json={**GIVEN, "name": "ours", "disabled": True}).json()
    again = small_api.put(path, json=GIVEN).json()

    assert {**made, "name": "ours", "disabled": True} == changed
    assert {**made, "disabled": True} == again == small_api.get(path).json()
    deleted = small_api.delete(path)
    assert (200, b"") == (deleted.status_code, deleted.content)
    for call in (small_api.get(path), small_api.delete(path), small_api.put(path, json=GIVEN)):
        assert 404 == call.status_code


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"endpoint": "ftp://x"}, {"endpoint": None}, {"events": []}, {"events": ["sent"]}]
)
def test_what_is_no_webhook_is_refused(api: httpx.Client, wrong: dict[str, object]) -> None:
    """It needs a name, a URL and events, which have the form `object_metric`."""
    assert 400 == api.post("/v1/reporting_webhooks", json={**GIVEN, **wrong}).status_code
