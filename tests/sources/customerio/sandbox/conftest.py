"""Sandboxes to test: one that tests only read, and small fresh ones that tests may change and break."""

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sources.customerio.sandbox import Sandbox, Scale, Served

Rows = list[dict[str, Any]]
Reader = Callable[..., Rows]

SMALL = Scale(
    name="small",
    people=40,
    campaigns=3,
    newsletter_every_days=15,
    broadcasts=1,
    segments=6,
    deliveries=200,
    events=60,
    burst=20,
    history_days=45,
)


# Loopback is plain HTTP; not loading the certificate store saves most of a client's start.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _client(sandbox: Sandbox, served: Served) -> httpx.Client:
    headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
    return httpx.Client(base_url=served.app_url, headers=headers, trust_env=False, verify=_NO_TLS)


@pytest.fixture(scope="session")
def tiny() -> Sandbox:
    """A tiny world that no test changes."""
    return Sandbox(scale="tiny")


@pytest.fixture(scope="session")
def api(tiny: Sandbox) -> Iterator[httpx.Client]:
    """The tiny world over HTTP, with its App API key."""
    with tiny.serve() as served, _client(tiny, served) as client:
        yield client


@pytest.fixture
def small() -> Sandbox:
    """A fresh small world."""
    return Sandbox(scale=SMALL)


@pytest.fixture
def small_served(small: Sandbox) -> Iterator[Served]:
    """The small world's URLs."""
    with small.serve() as served:
        yield served


@pytest.fixture
def small_api(small: Sandbox, small_served: Served) -> Iterator[httpx.Client]:
    """The small world over HTTP, with its App API key."""
    with _client(small, small_served) as client:
        yield client


@pytest.fixture(scope="session")
def read() -> Reader:
    """Reads every page of a list: `read(client, path, key, **params)`."""

    def read_all(client: httpx.Client, path: str, key: str, **params: Any) -> Rows:
        rows: Rows = []
        start = ""
        while True:
            asked = {**params, **({"start": start} if start else {})}
            body = client.get(path, params=asked).raise_for_status().json()
            rows += body[key] or []
            start = body.get("next", "")
            if not start:
                return rows

    return read_all
