"""Shared by the tests of the client: no waits between tries, and clients answered by a callable."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import stamina

from sources.customerio.client import Client, RateLimits

TRIES = 4


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """Repeats come at once, and a call is tried four times at most."""
    with stamina.set_testing(True, attempts=TRIES):
        yield


@pytest.fixture
def unlimited() -> Iterator[RateLimits]:
    """Rate limits without any limit."""
    limits = RateLimits(None, speed=float("inf"))
    yield limits
    limits.close()


@pytest.fixture
def client_of(unlimited: RateLimits) -> Iterator[Callable[..., Client]]:
    """Makes a client, with all keys, whose requests are answered by the given callable."""
    with ExitStack() as clients:

        def make(outside: Callable[[httpx.Request], httpx.Response], **options: Any) -> Client:
            settings: dict[str, Any] = {
                "app_api_key": "app-key",
                "track_site_id": "site",
                "track_api_key": "track-key",
                "limits": unlimited,
                "transport": httpx.MockTransport(outside),
            }
            return clients.enter_context(Client(**(settings | options)))

        yield make
