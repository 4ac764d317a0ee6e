"""The sandbox answers the requests of Segment's and RudderStack's destinations, and keeps what they write."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox, Served
from tests.sources.customerio.sandbox.clients.calls import operation, recorded
from tests.sources.customerio.sandbox.clients.destinations import RUDDERSTACK, SEGMENT, Case, Request
from tests.sources.customerio.sandbox.wire.routes.track import outcomes, track_client

CASES = [
    *(pytest.param(case, id=f"segment: {case.name}") for case in SEGMENT),
    *(pytest.param(case, id=f"rudderstack: {case.name}") for case in RUDDERSTACK),
]


@pytest.fixture
def track(small: Sandbox, small_served: Served) -> Iterator[httpx.Client]:
    """The small world's Track API."""
    with track_client(small, small_served) as client:
        yield client


class State:
    """The parts of a workspace that writes change, without those that the world had before."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._people = {row["identifiers"]["cio_id"] for row in sandbox.rows("people")}
        self._activities = {row["id"] for row in sandbox.rows("activities")}
        self._relationships = {self._relationship(row) for row in sandbox.rows("relationships")}

    def now(self) -> dict[str, Any]:
        """The new people, devices, events with their times, and relationships; the outcomes of the writes."""
        people = {
            row["id"] or row["attributes"]["email"]: row
            for row in self._sandbox.rows("people")
            if row["identifiers"]["cio_id"] not in self._people
        }
        events = [
            row
            for row in reversed(list(self._sandbox.rows("activities")))
            if row["id"] not in self._activities and row["type"] in ("event", "page", "screen")
        ]
        return {
            "people": {key: self._attributes(key, row) for key, row in people.items()},
            "devices": {key: self._devices(row) for key, row in people.items() if row["devices"]},
            "events": sorted((row["type"], row.get("name") or row["url"], self._of(row)) for row in events),
            "times": [row["timestamp"] for row in events],
            "relationships": sorted(
                {self._relationship(row) for row in self._sandbox.rows("relationships")} - self._relationships
            ),
            "outcomes": outcomes(self._sandbox),
        }

    @staticmethod
    def _attributes(key: str, row: dict[str, Any]) -> dict[str, str]:
        return {name: v for name, v in row["attributes"].items() if name not in ("id", "cio_id") and v != key}

    @staticmethod
    def _devices(row: dict[str, Any]) -> list[tuple[Any, ...]]:
        return [
            (held["id"], held["platform"], held["last_used"], held["attributes"].get("app_version"))
            for held in row["devices"]
        ]

    @staticmethod
    def _of(row: dict[str, Any]) -> str | None:
        return (row["customer_identifiers"] or {}).get("id")

    @staticmethod
    def _relationship(row: dict[str, Any]) -> tuple[str, str, str]:
        return str(row["object_type_id"]), str(row["object_id"]), str(row["id"])


def _errors(response: httpx.Response) -> list[Any]:
    """The errors of an answer, as a list: version 1 puts the only error of a merge into `meta`."""
    body = response.json()
    return list(body["errors"]) if "errors" in body else [body["meta"]]


@pytest.mark.parametrize("case", CASES)
def test_a_destination_writes(small: Sandbox, track: httpx.Client, case: Case) -> None:
    """Every request has its status and errors, also if it is a repeat, and the workspace has its effect."""
    state = State(small)

    for request in case.requests:
        _check(track, request)

    after = state.now()
    assert case.state == {part: after[part] for part in case.state}


def _check(track: httpx.Client, request: Request) -> None:
    # Customer.io's own client marks a repeated request with this header.
    response = track.request(request.method, request.path, json=request.body, headers={"X-Retry-Count": "1"})
    assert request.status == response.status_code, response.text
    if request.errors is not None:
        assert request.errors == _errors(response)


@pytest.mark.parametrize(("client", "cases"), [("Segment", SEGMENT), ("RudderStack", RUDDERSTACK)])
def test_its_calls_are_recorded(client: str, cases: list[Case]) -> None:
    """The operations of a destination's requests are those that FIDELITY.md names."""
    made = {operation(request.method, request.path) for case in cases for request in case.requests}

    assert made == recorded(client)
