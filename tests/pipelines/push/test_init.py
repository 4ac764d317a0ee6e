"""The package of pushes has names of its own: none is that of a module."""

from pkgutil import iter_modules

import pipelines.push


def test_no_function_hides_a_module() -> None:
    """A public name that is also a module's would be one or the other, by the order of imports."""
    modules = {module.name for module in iter_modules(pipelines.push.__path__)}
    assert set() == modules & set(pipelines.push.__all__)


def test_the_public_names_are_sorted_and_there() -> None:
    """`__all__` is sorted, without repeats, and each of its names exists."""
    names = pipelines.push.__all__
    assert sorted(set(names)) == names
    assert [] == [name for name in names if not hasattr(pipelines.push, name)]
