"""Every exception of httpx becomes an error of the client."""

from collections.abc import Iterator

import httpx
import pytest

from sources.customerio.catalogue import operation
from sources.customerio.client import CustomerioError, Unreachable
from sources.customerio.client.hosts import host_of
from sources.customerio.client.transport_errors import EXCEPTIONS, FAILURES, failed_exchange


def _below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for child in kind.__subclasses__():
        # Other packages derive from httpx's exceptions too.
        if child.__module__.split(".")[0] == "httpx":
            yield child
            yield from _below(child)


HTTPX: set[type[BaseException]] = {
    kind for root in EXCEPTIONS for kind in (root, *_below(root)) if not any(_below(kind))
}


def test_every_exception_of_httpx_is_mapped() -> None:
    """Each exception that httpx can raise has a row, and no row is for one that it cannot raise."""
    in_module = {
        kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert {kind for kind in in_module if not any(_below(kind))} == HTTPX == set(FAILURES)


@pytest.mark.parametrize("kind", sorted(HTTPX, key=str), ids=lambda kind: kind.__name__)
def test_a_failed_exchange_is_an_error_of_the_client(kind: type[Exception]) -> None:
    """An exception of httpx becomes an error that names the operation, the exception and the host."""
    error = kind.__new__(kind)
    ours = failed_exchange(error, operation("identify"), host_of("track", "eu", None, ("site", "key")))
    assert isinstance(ours, CustomerioError)
    assert ours.operation == "identify"
    assert kind.__name__ in str(ours)
    assert "track-eu.customer.io" in str(ours)
    assert ours.ambiguous is FAILURES[kind].sent


def test_unreachable_names_the_settings() -> None:
    """The error of an unreachable host names the settings that choose the host."""
    host = host_of("app", "us", None, ("key",))
    ours = failed_exchange(httpx.ConnectError("Name or service not known"), operation("listCampaigns"), host)
    assert isinstance(ours, Unreachable)
    assert "api.customer.io" in str(ours)
    assert "CUSTOMERIO_REGION (us)" in str(ours)
    assert "CUSTOMERIO_APP_URL" in str(ours)
