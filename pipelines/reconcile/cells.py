"""Cells: a number of the warehouse beside Customer.io's, with a verdict; stored as a table."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from dlt.common.schema.typing import TTableSchemaColumns
    from dlt.extract import DltResource

TABLE = "reconciliation"

Verdict = Literal["match", "explained", "mismatch"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A number of the warehouse beside the same number of Customer.io.

    Attributes:
        subject: `campaign`, `newsletter`, `broadcast`, `transactional`, `segment`, `people` or `export`.
        parent_id: Customer.io's id of the subject; for people, of the workspace.
        cohort_day: The day on which the messages were created: in UTC for campaigns, in Eastern time for the
            others, as Customer.io counts them. None for a number without a day.
        metric: The name of Customer.io's series, or `people`, `members` or `rows`.
        ours: The warehouse's number.
        theirs: Customer.io's number; None if the subject was deleted there.
        verdict: `match`; `explained` for a difference with a known cause; `mismatch` for any other.
        reason: The cause of the difference, in a sentence or two; None for a match.
    """

    subject: str
    parent_id: int
    name: str | None
    cohort_day: date | None
    metric: str
    ours: int
    theirs: int | None
    verdict: Verdict
    reason: str | None = None


_COLUMNS: "TTableSchemaColumns" = {
    # Subject, parent, day and metric: the key, so that a later check replaces an earlier one.
    "cell": {"data_type": "text", "nullable": False},
    # Customer.io's clock, Unix seconds.
    "checked_at": {"data_type": "bigint", "nullable": False},
    "subject": {"data_type": "text", "nullable": False},
    "parent_id": {"data_type": "bigint", "nullable": False},
    "name": {"data_type": "text"},
    "cohort_day": {"data_type": "date"},
    "metric": {"data_type": "text", "nullable": False},
    "ours": {"data_type": "bigint"},
    "theirs": {"data_type": "bigint"},
    "verdict": {"data_type": "text", "nullable": False},
    "reason": {"data_type": "text"},
}


def cells_table(cells: Iterable[Cell], checked_at: int) -> "DltResource":
    """`customerio_raw.reconciliation` as a dlt resource: a row for each cell, with its last check."""
    import dlt

    return dlt.resource(
        [_row(cell, checked_at) for cell in cells],
        name=TABLE,
        primary_key="cell",
        write_disposition="merge",
        columns=_COLUMNS,
    )


def _row(cell: Cell, checked_at: int) -> dict[str, Any]:
    day = cell.cohort_day or ""
    return {
        "cell": f"{cell.subject}:{cell.parent_id}:{day}:{cell.metric}",
        "checked_at": checked_at,
        **asdict(cell),
    }
