"""What an operator is told of how far a run has come."""

from flows import progress
from sources.customerio.extract import Report


def test_requests_and_minutes_left_are_told() -> None:
    """Of 30 requests 10 are made in no time; the rest takes less than a minute, which is told as one."""
    report = Report()
    report.open("messages")
    tally = report.tallies["messages"]
    look = progress.of(report)
    tally.begin()
    tally.requests, tally.requests_left = 10, 20

    reached = look()

    assert "10 requests made, 20 left that are known of; about 1 min left; reading messages." == reached.words
    assert 33.3 == round(reached.percent, 1)


def test_a_backfill_counts_its_chunks() -> None:
    """Two of four chunks are read and a half of the third."""
    report = Report()
    report.open("messages")
    report.tallies["messages"].requests, report.tallies["messages"].requests_left = 5, 5

    reached = progress.of_chunks(report, 2, 4, began=0.0)()

    assert 62.5 == reached.percent
    assert reached.words.startswith("Chunk 3 of 4, 1 left after it; about ")
