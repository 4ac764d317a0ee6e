"""The table of contents of the store."""

import pkgutil

from sources.customerio.sandbox.state import store


def test_the_docstring_lists_every_module() -> None:
    """Every module of the store is in its docstring, so that a name can be found there."""
    listed = {word for line in (store.__doc__ or "").splitlines()[4:] for word in line.split()}

    assert {module.name for module in pkgutil.iter_modules(store.__path__)} <= listed
