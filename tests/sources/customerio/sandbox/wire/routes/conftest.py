"""Fixtures of the routes' tests."""

from collections.abc import Iterator

import httpx
import pytest

from sources.customerio.sandbox import Sandbox, Served
from tests.sources.customerio.sandbox.wire.routes.track import track_client


@pytest.fixture
def track(small: Sandbox, small_served: Served) -> Iterator[httpx.Client]:
    """The small world's Track API."""
    with track_client(small, small_served) as client:
        yield client
