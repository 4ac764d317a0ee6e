"""Errors: one tree, every failure of the network in it, nothing lost on the way between processes."""

import pickle
from collections.abc import Iterator

import httpx
import pytest

from sources.customerio.catalogue import operation
from sources.customerio.client import CustomerioError, RateLimited, Unreachable, errors
from sources.customerio.client.hosts import host_of
from sources.customerio.client.transport_errors import EXCEPTIONS, FAILURES, failed_exchange
from tests.trees import drawn


def _below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for child in kind.__subclasses__():
        # Others derive from httpx's exceptions too, wherever they are imported.
        if child.__module__.split(".")[0] == "httpx":
            yield child
            yield from _below(child)


HTTPX: set[type[BaseException]] = {
    kind for root in EXCEPTIONS for kind in (root, *_below(root)) if not any(_below(kind))
}
OURS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, CustomerioError) and kind.__module__ == errors.__name__
]


def test_every_exception_of_httpx_is_mapped() -> None:
    """Each exception that httpx can raise has a row, and no row is for one that it cannot raise."""
    in_module = {
        kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert {kind for kind in in_module if not any(_below(kind))} == HTTPX == set(FAILURES)


@pytest.mark.parametrize("kind", sorted(HTTPX, key=str), ids=lambda kind: kind.__name__)
def test_a_failed_exchange_is_one_of_ours(kind: type[Exception]) -> None:
    """What httpx raises becomes an error that names the operation, the exception and the host."""
    error = kind.__new__(kind)
    ours = failed_exchange(error, operation("identify"), host_of("track", "eu", None, ("site", "key")))
    assert isinstance(ours, CustomerioError)
    assert ours.operation == "identify"
    assert kind.__name__ in str(ours)
    assert "track-eu.customer.io" in str(ours)
    assert ours.ambiguous is FAILURES[kind].sent


def test_unreachable_names_the_settings() -> None:
    """A host that cannot be found is told with the settings that choose it."""
    host = host_of("app", "us", None, ("key",))
    ours = failed_exchange(httpx.ConnectError("Name or service not known"), operation("listCampaigns"), host)
    assert isinstance(ours, Unreachable)
    assert "api.customer.io" in str(ours)
    assert "CUSTOMERIO_REGION (us)" in str(ours)
    assert "CUSTOMERIO_APP_URL" in str(ours)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_errors_survive_pickling(kind: type[CustomerioError]) -> None:
    """An error crosses to another process with its message and its facts."""
    error = kind("It failed.", operation="listCampaigns", status=500, pointer="/a", reference="r1")
    error.add_sentence("Again.")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), vars(copy)) == (kind, "It failed. Again.", vars(error))


def test_the_tree_is_drawn_as_it_is() -> None:
    """The drawing in the module's docstring shows every class once, below its parent."""
    parents = {kind.__name__: kind.__bases__[0].__name__ for kind in OURS}
    assert {**parents, "CustomerioError": ""} == drawn(errors.__doc__)


def test_retry_after_is_a_fact() -> None:
    """How long to wait can be read from the error."""
    assert RateLimited("Wait.", retry_after_s=3.0, status=429).retry_after_s == 3.0
