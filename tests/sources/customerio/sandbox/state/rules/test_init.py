"""The rule by which a name is found: `rules` takes a Workspace, everything else is in `store`."""

import inspect
import pkgutil
from importlib import import_module

import pytest

from sources.customerio.sandbox.state import rules
from sources.customerio.sandbox.state.workspace import Workspace

MODULES = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_every_rule_takes_a_workspace(name: str) -> None:
    """A module without a public function or class that takes a Workspace belongs to store."""
    module = import_module(f"{rules.__name__}.{name}")
    own = [
        value
        for key, value in vars(module).items()
        if not key.startswith("_") and callable(value) and value.__module__ == module.__name__
    ]

    assert any(_takes_workspace(value) for value in own)


def test_the_docstring_lists_every_rule() -> None:
    """The package's docstring is the table of contents of its modules."""
    listed = {word for line in (rules.__doc__ or "").splitlines()[4:] for word in line.split()}

    assert set(MODULES) <= listed


def _takes_workspace(value: object) -> bool:
    return callable(value) and any(
        parameter.annotation is Workspace for parameter in inspect.signature(value).parameters.values()
    )
