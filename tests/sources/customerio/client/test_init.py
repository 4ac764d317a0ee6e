"""The public names of the client."""

import subprocess
import sys

import pytest

from sources.customerio import client

LAZY = {"Client", "Request"}
"""Names that are loaded on first use."""
TYPING = {"TYPE_CHECKING", "Any"}


def test_all_lists_the_public_names() -> None:
    """`__all__` is sorted and holds exactly the public names."""
    modules = {name for name, value in vars(client).items() if type(value).__name__ == "module"}
    public = {name for name in vars(client) if not name.startswith("_")} - modules - TYPING
    assert sorted(client.__all__, key=lambda name: (not name.isupper(), name)) == client.__all__
    assert set(client.__all__) == public | LAZY


@pytest.mark.parametrize("name", client.__all__)
def test_every_public_name_can_be_loaded(name: str) -> None:
    """Each name of `__all__` is there, those that are loaded on first use too."""
    assert getattr(client, name) is not None
    assert name not in LAZY or name == getattr(client, name).__name__


def test_the_package_imports_no_httpx() -> None:
    """Errors and constants cost no httpx; the first use of `Client` imports it."""
    seen = (
        "import sys; from sources.customerio import client; before = 'httpx' in sys.modules; "
        "client.Client; print(before, 'httpx' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert "False True" == found.stdout.strip()


def test_an_unknown_name_is_refused() -> None:
    """A name that the package does not have is an AttributeError with the package's name."""
    with pytest.raises(AttributeError, match=r"'sources\.customerio\.client' has no attribute 'Clinet'"):
        _ = client.Clinet
