"""The calendar of a table: each day has the state that its stretch and its gaps give it."""

from datetime import date

from pipelines.ingest.status import TableStatus
from pipelines.times import DAY, HOUR, moment
from pipelines.ui.coverage import Calendar, calendar
from sources.customerio.extract import Window


def _calendar(start: str, end: str, *gaps: Window) -> Calendar:
    table = TableStatus(
        table="messages",
        rows=1,
        deleted=0,
        newest=None,
        last_run=None,
        last_success=None,
        error=None,
        lag_s=0,
        target_s=HOUR,
        covered=Window(start=moment(start), end=moment(end) - 1),
        gaps=list(gaps),
    )
    made = calendar(table)
    assert made is not None
    return made


def _states(made: Calendar) -> dict[date, str]:
    return {day.day: day.state for months in made.years.values() for month in months for day in month.days}


def test_whole_days_are_full_and_the_ends_are_edges() -> None:
    """A stretch from noon to noon has an edge at both ends; one at midnight has none."""
    states = _states(_calendar("2026-02-27T12:00", "2026-03-02T12:00"))

    assert ["edge", "full", "full", "edge"] == list(states.values())
    assert [date(2026, 2, 27), date(2026, 3, 2)] == [min(states), max(states)]
    assert ["full"] == list(_states(_calendar("2026-03-01", "2026-03-02")).values())


def test_gaps_make_days_partial_or_empty() -> None:
    """The seconds of all gaps of a day count; a day that is a gap as a whole was not read."""
    noon = moment("2026-03-02T12:00")
    made = _calendar(
        "2026-03-01",
        "2026-03-06",
        Window(start=noon, end=noon + DAY + HOUR - 1),
        Window(start=moment("2026-03-05T01:00"), end=moment("2026-03-05T02:00") - 1),
        Window(start=moment("2026-03-05T03:00"), end=moment("2026-03-05T03:30") - 1),
    )

    assert ["full", "part", "part", "full", "part"] == list(_states(made).values())
    said = [day.said for day in made.years[2026][0].days]
    assert "3 March 2026: read in part: 13 h missing" == said[2]
    assert "5 March 2026: read in part: 1 h 30 min missing" == said[4]
    assert {"full": 2, "part": 3} == made.states
    assert "March 2026, days: 2 read completely, 3 read in part" == made.years[2026][0].said


def test_time_before_the_stretch_may_be_missing() -> None:
    """A gap before the first second that was read, as CUSTOMERIO_START makes one, is drawn too."""
    start = moment("2025-12-30")
    made = _calendar(
        "2026-01-01T06:00", "2026-01-03", Window(start=start, end=moment("2026-01-01T06:00") - 1)
    )

    assert ["none", "none", "part", "full"] == list(_states(made).values())
    assert [2025, 2026] == list(made.years)


def test_a_month_is_drawn_by_weeks() -> None:
    """Monday is the first column; the first of the month is in the first row."""
    days = _calendar("2026-11-01", "2026-12-01").years[2026][0].days

    assert (6, 0) == (days[0].column, days[0].row)
    assert (0, 1) == (days[1].column, days[1].row)
    assert (0, 5) == (days[29].column, days[29].row)


def test_without_coverage_there_is_no_calendar() -> None:
    """A table that is read whole has none."""
    table = TableStatus(
        table="people", rows=1, deleted=0, newest=None, last_run=None, last_success=None, error=None,
        lag_s=0, target_s=HOUR,
    )  # fmt: skip

    assert calendar(table) is None
