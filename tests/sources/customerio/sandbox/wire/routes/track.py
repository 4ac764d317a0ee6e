"""Helpers for tests of the Track API: a client with its keys, operations, and reads of their effects."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from sources.customerio.sandbox import Sandbox, Served

Row = dict[str, Any]


@contextmanager
def track_client(sandbox: Sandbox, served: Served) -> Iterator[httpx.Client]:
    """A client with the Track API's keys."""
    keys = (sandbox.track_site_id, sandbox.track_api_key)
    with httpx.Client(base_url=served.track_url, auth=keys, trust_env=False) as client:
        yield client


def person(action: str, identifiers: Row, **more: Any) -> Row:
    """An operation on a person."""
    return {"type": "person", "action": action, "identifiers": identifiers, **more}


def thing(action: str, type_id: str, object_id: str, **more: Any) -> Row:
    """An operation on an object."""
    named = {"object_type_id": type_id, "object_id": object_id}
    return {"type": "object", "action": action, "identifiers": named, **more}


def profile(sandbox: Sandbox, **identifier: str) -> Row | None:
    """The person with that identifier; None if there is none."""
    ((name, value),) = identifier.items()
    return next((row for row in sandbox.rows("people") if row["identifiers"][name] == value), None)


def attributes(sandbox: Sandbox, **identifier: str) -> Row:
    """The attributes of a person, without the identifiers."""
    found = profile(sandbox, **identifier)
    assert found is not None, identifier
    return {
        name: value for name, value in found["attributes"].items() if name not in ("id", "email", "cio_id")
    }


def acts(sandbox: Sandbox, *types: str) -> list[Row]:
    """Activities of those types, newest first."""
    return [row for row in sandbox.rows("activities") if row["type"] in types]


def outcomes(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Outcome and reason of every write, in order of arrival."""
    return [(row["outcome"], row["reason"]) for row in sandbox.writes()]
