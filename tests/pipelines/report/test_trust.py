"""The sentence about trust."""

from pipelines.report.trust import SUBJECTS, sentence

FRESH = {"table_name": "messages", "gaps": 0}


def _row(subject: str, mismatches: int = 0) -> dict[str, object]:
    return {
        "subject": subject,
        "compared": 10,
        "matches": 8 - mismatches,
        "explained": 2,
        "mismatches": mismatches,
    }


def test_what_is_not_compared_is_named() -> None:
    """Counts of all subjects are summed; those without a comparison are listed."""
    assert (
        "Yes: 20 of 20 compared numbers agree with Customer.io's own; not compared yet: broadcast, "
        "transactional, segment, people, export."
    ) == sentence([_row("campaign"), _row("newsletter")], [FRESH])
    assert "Yes: 70 of 70 compared numbers agree with Customer.io's own." == sentence(
        [_row(subject) for subject in SUBJECTS], [FRESH]
    )
    assert "Not known: no number was compared with Customer.io's own yet." == sentence([], [])


def test_differences_and_gaps_are_told() -> None:
    """A mismatch makes it a no; a table with a gap is named."""
    said = sentence([_row(subject, 1) for subject in SUBJECTS], [{"table_name": "messages", "gaps": 2}])

    assert said.startswith("Not all: 63 of 70 compared numbers agree with Customer.io's own, 7 differ.")
    assert said.endswith("messages lacks time that no sync has read.")
