"""Faults, and their effects on answers."""

from email.utils import formatdate

import httpx
import pytest

from sources.customerio.sandbox import Fault, Sandbox


def test_a_status_for_so_many_calls(small: Sandbox, small_api: httpx.Client) -> None:
    """One call is spared, two fail, the rest is well; other operations never notice."""
    small.faults.add(Fault(operation="listCampaigns", status=503, after=1, times=2))

    assert [small_api.get("/v1/campaigns").status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    assert small_api.get("/v1/broadcasts").status_code == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 429, 500, 502, 503, 504])
def test_every_status_is_an_errors_array(small: Sandbox, small_api: httpx.Client, status: int) -> None:
    """Injected errors look like real ones; a 429 has Retry-After only if it is given."""
    small.faults.add(Fault(status=status, times=None))

    response = small_api.get("/v1/campaigns")

    assert response.status_code == status
    assert response.json()["errors"][0]["status"] == str(status)
    assert "retry-after" not in response.headers


@pytest.mark.parametrize("document", [{}, [], {"message": "hello"}, {"meta": {"error": "not now"}}])
def test_another_document(small: Sandbox, small_api: httpx.Client, document: object) -> None:
    """A fault's document is the answer, with 200, once."""
    small.faults.add(Fault(operation="listCampaigns", document=document))

    response = small_api.get("/v1/campaigns")

    assert (200, document) == (response.status_code, response.json())
    assert "campaigns" in small_api.get("/v1/campaigns").json()


@pytest.mark.parametrize("status", [None, 404])
def test_a_text_in_place_of_json(small: Sandbox, small_api: httpx.Client, status: int | None) -> None:
    """A fault's text is the body, with its status or 200, as from a proxy."""
    small.faults.add(Fault(operation="listCampaigns", status=status, text="<html>Not here</html>"))

    response = small_api.get("/v1/campaigns")

    assert (status or 200, "<html>Not here</html>") == (response.status_code, response.text)


def test_a_date_that_is_off(small: Sandbox, small_api: httpx.Client) -> None:
    """The `Date` is off by the fault's seconds, the sandbox's own time is not."""
    small.faults.add(Fault(date_off_s=7200))

    headers = small_api.get("/v1/campaigns").headers

    assert formatdate(small.clock.now() + 7200, usegmt=True) == headers["date"]
    assert str(small.clock.now()) == headers["x-sandbox-time"]


def test_retry_after_is_given(small: Sandbox, small_api: httpx.Client) -> None:
    """`retry_after` becomes the header."""
    small.faults.add(Fault(status=429, retry_after="3"))

    assert small_api.get("/v1/campaigns").headers["retry-after"] == "3"


def test_a_cut_connection(small: Sandbox, small_api: httpx.Client) -> None:
    """The connection goes before any answer; the next call is well."""
    small.faults.add(Fault(operation="listCampaigns", drop_connection=True))

    with pytest.raises(httpx.TransportError):
        small_api.get("/v1/campaigns")
    assert small_api.get("/v1/campaigns").status_code == 200
    assert small.stats.by_status == {0: 1, 200: 1}


def test_half_an_answer(small: Sandbox, small_api: httpx.Client) -> None:
    """The connection goes in the middle of the body."""
    small.faults.add(Fault(operation="listCampaigns", truncate=True))

    with pytest.raises(httpx.RemoteProtocolError):
        small_api.get("/v1/campaigns")
    assert small_api.get("/v1/campaigns").status_code == 200


def test_a_slow_answer(small: Sandbox, small_api: httpx.Client) -> None:
    """A reader with a short timeout gives up."""
    small.faults.add(Fault(operation="listCampaigns", delay_ms=400))

    with pytest.raises(httpx.ReadTimeout):
        small_api.get("/v1/campaigns", timeout=0.1)
    assert small_api.get("/v1/campaigns").status_code == 200


def test_rows_of_another_shape(small: Sandbox, small_api: httpx.Client) -> None:
    """Fields are given, at the top and inside of an object, and dropped; the workspace stays as it is."""
    own = small_api.get("/v1/messages").json()["messages"]
    small.faults.add(
        Fault.from_json(
            {
                "operation": "listMessages",
                "give_fields": {"mood": "good", "type": "fax", "metrics.read_aloud": 7},
                "drop_fields": ["subject"],
            }
        )
    )

    reshaped = small_api.get("/v1/messages").json()["messages"]

    expected = [
        {**row, "mood": "good", "type": "fax", "metrics": {**row["metrics"], "read_aloud": 7}} for row in own
    ]
    for row in expected:
        del row["subject"]
    assert expected == reshaped
    assert own == small_api.get("/v1/messages").json()["messages"]


def test_rows_that_a_page_lacks(small: Sandbox, small_api: httpx.Client) -> None:
    """The rows at the given places are left out; the rest of the answer is as it was."""
    own = small_api.get("/v1/campaigns").json()
    small.faults.add(Fault.from_json({"operation": "listCampaigns", "drop_rows": [0, 2]}))

    cut = small_api.get("/v1/campaigns").json()

    kept = [row for place, row in enumerate(own["campaigns"]) if place not in (0, 2)]
    assert {**own, "campaigns": kept} == cut


def test_parameters_that_are_not_heeded(small: Sandbox, small_api: httpx.Client) -> None:
    """The call answers as if the parameters were not sent, and heeds the others."""
    asked = {"start_ts": 1, "end_ts": 2, "limit": 7}
    assert [] == small_api.get("/v1/messages", params=asked).json()["messages"]
    small.faults.add(Fault.from_json({"operation": "listMessages", "ignore_query": ["start_ts", "end_ts"]}))

    answer = small_api.get("/v1/messages", params=asked).json()

    assert small_api.get("/v1/messages", params={"limit": 7}).json() == answer
    assert 7 == len(answer["messages"])


def test_clearing(small: Sandbox, small_api: httpx.Client) -> None:
    """Without faults everything works again."""
    small.faults.add(Fault(status=500, times=None))
    assert small_api.get("/v1/campaigns").status_code == 500

    small.faults.clear()

    assert small_api.get("/v1/campaigns").status_code == 200


def test_unknown_fields_are_refused() -> None:
    """A misspelt field is refused with the known ones."""
    with pytest.raises(ValueError, match="no colour"):
        Fault.from_json({"colour": 1})
