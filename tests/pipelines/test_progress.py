"""The progress of a run counts tables, requests and rows, and estimates the time left."""

from pipelines.progress import of, reached
from sources.customerio.extract import RunSummary


def test_requests_and_minutes_left_are_shown() -> None:
    """After 10 of 30 requests the rest takes less than a minute, which is shown as one."""
    summary = RunSummary()
    summary.open("messages")
    tally = summary.resources["messages"]
    look = of(summary)
    tally.begin()
    tally.requests, tally.requests_left = 10, 20

    now = look()

    words = "0 of 1 tables read, 10 of at least 30 requests, 0 rows to write; about 1 min left"
    assert (words, f"{words}; reading messages.") == (now.words, now.sentence)
    assert 33.3 == round(now.percent, 1)


def test_a_run_that_has_read_everything_still_writes() -> None:
    """A table whose end is not known has no time left; with all tables read, the rows are being written."""
    summary = RunSummary()
    summary.open("activities")
    tally = summary.resources["activities"]
    tally.begin()
    tally.requests, tally.new = 300, 1_200

    under_way = reached(summary, 60.0)
    tally.end()
    done = reached(summary, 70.0)

    assert "0 of 1 tables read, 300 requests, 1,200 rows to write; reading activities." == under_way.sentence
    assert "1 of 1 tables read, 300 requests; writing 1,200 rows." == done.sentence
    assert 99.0 == under_way.percent == done.percent
