"""The sentence that says if the page's numbers can be trusted, and what is not compared yet."""

from collections.abc import Sequence
from typing import Any, Final

from pipelines.html.formats import number

Row = dict[str, Any]

SUBJECTS: Final = ("campaign", "newsletter", "broadcast", "transactional", "segment", "people", "export")
"""The subjects that `cio-elt reconcile` compares with Customer.io's own numbers."""


def sentence(reconciled: Sequence[Row], freshness: Sequence[Row]) -> str:
    """Say how many numbers match Customer.io's, what is not compared, and which tables have gaps.

    Args:
        reconciled: a row for each subject that was compared, with compared, matches, explained, mismatches.
        freshness: tables, with gaps.
    """
    gaps = [row["table_name"] for row in freshness if row["gaps"]]
    holes = (
        f"{', '.join(gaps)} lack{'s' if len(gaps) == 1 else ''} time that no sync has read." if gaps else ""
    )
    return " ".join(part for part in (_compared(reconciled), holes) if part)


def _compared(reconciled: Sequence[Row]) -> str:
    missing = [subject for subject in SUBJECTS if subject not in {row["subject"] for row in reconciled}]
    if len(missing) == len(SUBJECTS):
        return "Not known: no number was compared with Customer.io's own yet."
    compared, good, wrong = (
        sum(int(sum(row[name] for name in names)) for row in reconciled)
        for names in (("compared",), ("matches", "explained"), ("mismatches",))
    )
    start = "Yes" if not wrong else "Not all"
    counts = f"{number(good)} of {number(compared)} compared numbers agree with Customer.io's own"
    differ = f", {number(wrong)} differ" if wrong else ""
    rest = f"; not compared yet: {', '.join(missing)}" if missing else ""
    return f"{start}: {counts}{differ}{rest}."
