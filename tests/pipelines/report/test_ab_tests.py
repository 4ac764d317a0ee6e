"""A/B tests of the report: a line each, with the verdict in words."""

from typing import Any

import pytest

from pipelines.report.ab_tests import lines


def _arm(name: str, metric: str, verdict: str, **more: Any) -> dict[str, Any]:
    row = {"test": "Digest", "test_key": "newsletter:1", "arm_name": name, "is_control": verdict == "control"}
    numbers = {"n": 200, "rate": 0.1, "difference": 0.02, "difference_low": -0.01, "difference_high": 0.05}
    return {**row, "metric": metric, "verdict": verdict, **numbers, **more}


def _two(metric: str, verdict: str, **more: Any) -> list[dict[str, Any]]:
    return [_arm("A", metric, "control", rate=0.08), _arm("B", metric, verdict, **more)]


def test_the_comparison_that_says_most_decides() -> None:
    """A winner by clicks comes before conversions that are too few to tell; one line is left of four rows."""
    rows = [*_two("conversion_rate", "underpowered"), *_two("human_click_rate", "winner")]

    assert [
        {
            "test": "Digest",
            "measure": "clicked by a person",
            "arms": ["A: 8.0 % of 200", "B: 10.0 % of 200"],
            "difference": "+2.0 (−1.0 to +5.0)",
            "verdict": "winner",
            "words": "B wins against A.",
        }
    ] == lines(rows)


def test_arms_without_messages_are_left_out() -> None:
    """An arm that was sent to no one has no place in the line; a test of such arms has no line."""
    rows = [*_two("human_open_rate", "immature"), _arm("C", "human_open_rate", "immature", n=0, rate=None)]

    (line,) = lines(rows)

    assert ["A: 8.0 % of 200", "B: 10.0 % of 200"] == line["arms"]
    assert [] == lines(_two("human_open_rate", "immature", n=0))


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("loser", "B loses against A."),
        ("no_difference", "No difference that matters."),
        ("underpowered", "Too few messages to tell."),
        ("immature", "Too early to tell"),
        ("srm_fail", "Broken: the arms differ in size"),
    ],
)
def test_a_verdict_has_words(verdict: str, words: str) -> None:
    """Each verdict of the mart is a sentence."""
    (line,) = lines(_two("human_open_rate", verdict))

    assert line["words"].startswith(words)
