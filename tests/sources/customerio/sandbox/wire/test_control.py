"""The control routes."""

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from sources.customerio.sandbox import Sandbox, Served


@pytest.fixture
def control(small_served: Served) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=small_served.control_url + "/_sandbox", trust_env=False) as client:
        yield client


def _post(control: httpx.Client, path: str, body: object) -> Any:
    return control.post(path, json=body).raise_for_status().json()


def test_the_clock_moves(small: Sandbox, control: httpx.Client) -> None:
    """The clock is read and advanced in seconds."""
    before = control.get("/clock").json()["now"]

    assert _post(control, "/clock", {"advance_s": 3600}) == {"now": before + 3600}
    assert small.clock.now() == before + 3600


def test_faults_and_knobs(small: Sandbox, small_api: httpx.Client, control: httpx.Client) -> None:
    """Faults are set and cleared through the control route."""
    _post(control, "/faults", [{"operation": "listCampaigns", "status": 429, "retry_after": 2}])
    response = small_api.get("/v1/campaigns")
    assert (response.status_code, response.headers["retry-after"]) == (429, "2")
    (fault,) = control.get("/faults").json()["faults"]
    assert fault["calls"] == 1

    _post(control, "/faults", {"clear": True})
    _post(control, "/knobs", {"forbidden": ["listCampaigns"], "delivery_columns": [["ID", "id"]]})
    assert small_api.get("/v1/campaigns").status_code == 403
    assert small.knobs.delivery_columns == (("ID", "id"),)


def test_edits(small: Sandbox, control: httpx.Client) -> None:
    """People and records are added, changed, deleted and read through the control routes."""
    cio_id = _post(control, "/add", {"kind": "people", "fields": {"id": "ann", "plan": "pro"}})["id"]
    _post(control, "/edit", {"kind": "people", "id": "ann", "fields": {"plan": "free"}})
    _post(control, "/join", {"segment_id": 6, "person": "ann"})
    lines = control.get("/rows/people").content.splitlines()
    assert [orjson.loads(line) for line in lines] == list(small.rows("people"))
    assert any(
        row["cio_id"] == cio_id and row["segment_id"] == 6 for row in small.rows("segment_memberships")
    )

    _post(control, "/leave", {"segment_id": 6, "person": "ann"})
    _post(control, "/suppress", {"person": "ann"})
    _post(control, "/delete", {"kind": "campaigns", "id": 1})
    assert 1 not in {row["id"] for row in small.rows("campaigns")}


def test_requests_and_reset(small: Sandbox, small_api: httpx.Client, control: httpx.Client) -> None:
    """API requests are counted, control requests are not, and a reset clears the counts."""
    small_api.get("/v1/campaigns")
    assert control.get("/requests").json()["by_operation"] == {"listCampaigns": 1}

    _post(control, "/clock", {"advance_s": 100})
    _post(control, "/reset", {})

    assert control.get("/requests").json()["total"] == 0
    assert small.clock.now() == small.clock.start


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/clock", {}, 400),
        ("/clock", {"advance_s": -5}, 400),
        ("/edit", {"kind": "nonsense", "id": 1, "fields": {}}, 400),
        ("/delete", {"kind": "campaigns", "id": 77}, 404),
        ("/add", {"kind": "segments", "fields": {"id": 1}}, 400),
        ("/faults", {"colour": 1}, 400),
        ("/nothing", {}, 404),
    ],
)
def test_wrong_controls_say_why(control: httpx.Client, path: str, body: object, status: int) -> None:
    """The response has one sentence about the error."""
    response = control.post(path, json=body)

    assert response.status_code == status
    assert response.json()["error"]
