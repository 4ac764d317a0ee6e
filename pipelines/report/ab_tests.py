"""A/B tests for the page: a line each, with the one comparison that decides, and the verdict in words."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from pipelines.html.formats import number, percent, points

Row = dict[str, Any]

_WEIGHT: Final = ("srm_fail", "winner", "loser", "no_difference", "underpowered", "immature")
"""Verdicts in the order of what they say; the first that a test has decides."""

_METRICS: Final = {
    "conversion_rate": "converted",
    "human_click_rate": "clicked by a person",
    "human_open_rate": "opened by a person",
    "unsubscribe_rate": "unsubscribed",
}
"""Measures in the order of what they are worth."""

_WORDS: Final = {
    "srm_fail": "Broken: the arms differ in size by more than chance, so compare nothing.",
    "winner": "{arm} wins against {control}.",
    "loser": "{arm} loses against {control}.",
    "no_difference": "No difference that matters.",
    "underpowered": "Too few messages to tell.",
    "immature": "Too early to tell: opens, clicks or conversions still come in.",
}


def lines(rows: Iterable[Row]) -> list[Row]:
    """A line for each test, in the order of the rows; arms without a message have none.

    Args:
        rows: an arm and a measure each, control arms included; the rows of a test follow one another.

    Returns:
        Rows with test, measure, arms (their names with their rates), difference (in points, with its 95 %
        interval), verdict (its name) and words.
    """
    tests = (list(group) for _, group in groupby(rows, key=lambda row: row["test_key"]))
    return [line for test in tests if (line := _line(test)) is not None]


def _line(test: list[Row]) -> Row | None:
    compared = [row for row in test if row["n"] and not row["is_control"]]
    if not compared:
        return None
    decides = min(compared, key=_rank)
    arms = [row for row in test if row["metric"] == decides["metric"] and row["n"]]
    control = next((row["arm_name"] for row in arms if row["is_control"]), "the control")
    return {
        "test": decides["test"],
        "measure": _METRICS[decides["metric"]],
        "arms": [f"{row['arm_name']}: {percent(row['rate'])} of {number(row['n'])}" for row in arms],
        "difference": _difference(decides),
        "verdict": decides["verdict"],
        "words": _WORDS[decides["verdict"]].format(arm=decides["arm_name"], control=control),
    }


def _rank(row: Row) -> tuple[int, int]:
    return _WEIGHT.index(row["verdict"]), [*_METRICS].index(row["metric"])


def _difference(row: Row) -> str:
    if row["difference_low"] is None:
        return points(row["difference"])
    low, high = points(row["difference_low"]), points(row["difference_high"])
    return f"{points(row['difference'])} ({low} to {high})"
