"""Comparisons that tests of forecasts share."""

from pathlib import Path

NEAR = 0.05


def assert_near(predicted: int, actual: int) -> None:
    """Assert that the predicted number is within 5 % of the actual one, or one beside it."""
    assert abs(predicted - actual) <= max(1, NEAR * actual), f"{predicted} predicted, {actual} actual"


def files(folder: Path) -> list[Path]:
    """The files below a folder, without those of the rate limits."""
    limits = folder / "limits"
    return sorted(file for file in folder.rglob("*") if file.is_file() and limits not in file.parents)
