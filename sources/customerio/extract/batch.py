"""Batches: rows that a reader hands over, and the scope in which they are compared.

Readers know the network and no table; tables are made from batches elsewhere. Neither does both.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sources.customerio.extract.rows import Row, Rows


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The rows of a table whose `column` lies between `low` and `high`, both included.

    `where` narrows them to those with these values in other columns.
    """

    column: str
    low: int
    high: int
    where: tuple[tuple[str, int | str], ...] = ()


WHOLE_TABLE = None
_EVER = 2**62


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some rows of one scope.

    `last` says that the scope is now read completely: rows that the destination holds in it and that no
    batch of the scope named are deleted in Customer.io. A reader that cannot promise that never sets it.

    `doubt` says, in the words of a message, why such rows may be there still: they are held back until the
    user accepts their deletion.

    `kept` says of a row's key that its parent was left out of this reading: such rows are not deleted.

    `complete` is set where the rows, as dicts, carry some of the columns only: called with such a row and
    the row that the destination holds, it returns the whole row, or the held row itself if nothing differs.
    """

    rows: Rows
    scope: Scope | None = WHOLE_TABLE
    last: bool = False
    doubt: str = ""
    kept: Callable[[Any], bool] | None = None
    complete: Callable[[Row, Row], Row] | None = None


def unlisted(column: str, listed: Iterable[int]) -> Iterator[Batch]:
    """Batches without rows for all ids that are not listed: what belonged to them is deleted with them."""
    for low, high in pairwise([-1, *sorted(listed), _EVER]):
        if high - low > 1:
            yield Batch(rows=(), scope=Scope(column=column, low=low + 1, high=high - 1), last=True)
