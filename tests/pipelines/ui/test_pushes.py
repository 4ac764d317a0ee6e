"""The limits of a push in words."""

from pipelines.push.spec.spec import Brakes
from pipelines.ui.pushes import brakes_of


def test_limits_that_are_set_are_named() -> None:
    """Each set limit has its words and its value with the unit; one that is off is left out."""
    words = dict(
        brakes_of(
            Brakes(max_deletes=0, max_creates_percent=None, max_changes_percent=2.5, removes_unattended=True)
        )
    )

    assert "0" == words["rows removed at most"]
    assert "2.5\u00a0%" == words["rows changed at most, as a share"]
    assert "yes" == words["a mirror deletes people or objects, up to the limits, without approval"]
    assert not [text for text in words if text.startswith(("people created", "the least number"))]


def test_every_limit_has_words_of_its_own() -> None:
    """No two limits read the same."""
    described = [field.description for field in Brakes.model_fields.values()]

    assert len(set(described)) == len(described)
