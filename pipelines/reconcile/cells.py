"""One number that the warehouse and Customer.io both know, and what is to be thought of it."""

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
    """A number here and there.

    Attributes:
        subject: `campaign`, `newsletter`, `broadcast`, `transactional`, `segment`, `people` or `export`.
        parent_id: Customer.io's id of that thing; of the workspace, for people.
        cohort_day: The day on which the messages were made: UTC for campaigns, Eastern time for the others,
            as Customer.io counts them. None where the number has no day.
        metric: As Customer.io's series are called; `people`, `members` or `rows`.
        ours: The warehouse's number.
        theirs: Customer.io's; None where it no longer has the thing.
        reason: Why they differ, in a sentence or two; None for a match.
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
    # Subject, parent, day and metric: a cell's last check is the one that counts.
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
    """`customerio_raw.reconciliation` as a dlt resource: a row per cell, as it was checked last."""
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
