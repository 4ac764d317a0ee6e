"""The errors of the client: drawn in one tree, and kept whole on the way between processes."""

import pickle

import pytest

from sources.customerio.client import CustomerioError, RateLimited, errors
from tests.trees import drawn

OURS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, CustomerioError) and kind.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_errors_survive_pickling(kind: type[CustomerioError]) -> None:
    """An error sent to another process keeps its message and its attributes."""
    error = kind("It failed.", operation="listCampaigns", status=500, pointer="/a", reference="r1")
    error.add_sentence("Again.")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), vars(copy)) == (kind, "It failed. Again.", vars(error))


def test_the_tree_is_drawn_as_it_is() -> None:
    """The drawing in the module's docstring shows every class once, below its parent."""
    parents = {kind.__name__: kind.__bases__[0].__name__ for kind in OURS}
    assert {**parents, "CustomerioError": ""} == drawn(errors.__doc__)


def test_retry_after_is_a_fact() -> None:
    """The seconds to wait are an attribute of the error."""
    assert RateLimited("Wait.", retry_after_s=3.0, status=429).retry_after_s == 3.0
