"""An unknown licence, and one that is copyleft alone, are noticed."""

import pytest

from tests.dependencies.licences import REVIEWED, unaccepted


def _component(name: str, *licences: str) -> dict[str, object]:
    return {"name": name, "version": "1", "licenses": [{"license": {"name": each}} for each in licences]}


@pytest.mark.parametrize(
    "licences",
    [
        ("MIT",),
        ("GPL-3.0-only OR Apache-2.0",),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)",),
        ("BSD-3-Clause", "License :: OSI Approved :: BSD License"),
    ],
)
def test_what_may_be_used_is_accepted(licences: tuple[str, ...]) -> None:
    """One licence of a choice is enough."""
    assert unaccepted(_component("new", *licences)) is None


@pytest.mark.parametrize(
    ("licences", "shown"),
    [
        ((), "unknown"),
        (("Proprietary, see file",), "Proprietary, see file"),
        (("GPL-3.0-or-later",), "GPL-3.0-or-later"),
        (("AGPL-3.0-only AND MIT",), "AGPL-3.0-only AND MIT"),
        (("LGPL-3.0-only",), "LGPL-3.0-only"),
        (
            ("MIT", "License :: OSI Approved :: GNU General Public License (GPL)"),
            "GNU General Public License",
        ),
    ],
)
def test_what_may_not_be_used_is_noticed(licences: tuple[str, ...], shown: str) -> None:
    """The sentence names package and licence."""
    told = unaccepted(_component("new", *licences))
    assert told is not None
    assert "new 1" in told
    assert shown in told


def test_a_reviewed_package_with_another_licence_is_noticed() -> None:
    """A review holds for the licence that was read."""
    expression, _ = REVIEWED["pyte"]

    assert unaccepted(_component("pyte", expression)) is None
    assert unaccepted(_component("pyte", "GPL-3.0-only")) is not None
