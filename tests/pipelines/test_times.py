"""Times as people write and read them."""

import pytest

from pipelines.times import length, moment, span, utc


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-01", 1_767_225_600),
        ("2026-01-01T01:00", 1_767_229_200),
        ("2026-01-01T01:00+01:00", 1_767_225_600),
        ("1767225600", 1_767_225_600),
    ],
)
def test_moments_are_utc_unless_they_say_otherwise(text: str, seconds: int) -> None:
    """A day without a time begins at midnight UTC."""
    assert seconds == moment(text)


@pytest.mark.parametrize(("text", "seconds"), [("45s", 45), ("90m", 5400), ("2h", 7200), ("1d", 86_400)])
def test_lengths_have_a_unit(text: str, seconds: int) -> None:
    """Seconds, minutes, hours and days."""
    assert seconds == length(text)


@pytest.mark.parametrize("text", ["", "2", "h", "2 weeks", "-1h", "1.5h"])
def test_an_invalid_length_is_refused(text: str) -> None:
    """The message shows how one is written."""
    with pytest.raises(ValueError, match="such as 90m, 2h or 1d"):
        length(text)


def test_an_invalid_moment_is_refused() -> None:
    """The message shows how one is written."""
    with pytest.raises(ValueError, match="such as 2025-01-31"):
        moment("yesterday")


def test_a_duration_has_two_units() -> None:
    """A duration is shown in its two largest units."""
    assert ["0 s", "59 s", "1 h 1 s", "3 d 4 h"] == [
        span(n) for n in (0, 59, 3601, 3 * 86_400 + 4 * 3600 + 5)
    ]
    assert "2026-01-01 00:00 UTC" == utc(1_767_225_600)


def test_a_time_that_no_calendar_has_is_its_number() -> None:
    """A row of the year 55840 does not break the status."""
    assert "second 1700000000000000" == utc(1_700_000_000_000_000)


def test_a_mistyped_year_is_refused() -> None:
    """A time range of the year 26 would be a gap of two thousand years."""
    with pytest.raises(ValueError, match="before 1970-01-01"):
        moment("0026-10-01")
