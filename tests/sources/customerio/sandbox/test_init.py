"""The names that the package exports."""

import sources.customerio.sandbox as package


def test_exports_are_exact() -> None:
    """`__all__` is sorted and every name in it exists."""
    assert package.__all__ == sorted(package.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(package, name) for name in package.__all__)
