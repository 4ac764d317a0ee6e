"""The cost of one table in the next sync, and what the costs of several readers share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pipelines.ingest.forecast.survey import Survey
from sources.customerio.catalogue import Operation, Resource

Item = TypeVar("Item")

Shared = str | tuple[str, int]
"""A list that several tables of a run share: a table, or a table and the parent below which it is read."""

ASKED = 3
"""Parents of a table of which a sample is asked, at most."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of one table in the next sync.

    `requests` are beside those of `lists`, which several tables share: each is a table, or a table and the
    parent below which it is read. `rows` are rows that come, None if it is not known. `hourly` are the
    requests of a sync an hour later, where they are others; `daily` those that come on top once a day. `note`
    says what is an estimate, and of what.
    """

    requests: float = 0.0
    rows: float | None = None
    lists: tuple[Shared, ...] = ()
    hourly: float | None = None
    daily: float = 0.0
    path: str = "pages"
    note: str = ""


def pages_of(call: Operation, rows: float) -> int:
    """The pages of a list of so many rows, by the largest page of its call; at least one."""
    return max(1, -(-round(rows) // call.page_max)) if call.page_max else 1


def listed_by_id(survey: Survey, table: str) -> dict[int, Any]:
    """The rows of a table as they are listed, by id."""
    return {int(record["id"]): record for record in survey.listed(table).rows}


def ids_of_parents(survey: Survey, row: Resource) -> list[int]:
    """The ids of the parents of a table, each once."""
    return list(listed_by_id(survey, str(row.parent)))


NAMED_IN = {
    "campaign_actions": "actions",
    "broadcast_actions": "actions",
    "newsletter_contents": "content_ids",
}
"""The field of a parent's record that names its children, by their table."""


def parts_of_parents(survey: Survey, row: Resource) -> dict[int, list[int]]:
    """The ids of the children of each parent, which names them."""
    return {
        key: [_id(part) for part in record.get(NAMED_IN[row.table]) or ()]
        for key, record in listed_by_id(survey, str(row.parent)).items()
    }


def _id(part: Any) -> int:
    return int(part["id"] if isinstance(part, dict) else part)


def spread(items: Sequence[Item], number: int) -> list[Item]:
    """So many of the items, the first and the last among them, evenly spread; all if they are fewer."""
    if len(items) <= number:
        return list(items)
    return [items[round(part * (len(items) - 1) / (number - 1))] for part in range(number)]
