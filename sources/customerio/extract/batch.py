"""What a reader hands over: rows as Customer.io sent them, and what they are to be compared with.

Readers know the network and no table; tables are made from batches elsewhere. Neither does both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from sources.customerio.extract.rows import Rows


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

    `last` says that the scope is now read completely: rows the warehouse holds in it and that no batch
    of the scope named are gone from Customer.io. A reader that cannot promise that never sets it.
    """

    rows: Rows
    scope: Scope | None = WHOLE_TABLE
    last: bool = False


def unlisted(column: str, listed: Iterable[int]) -> Iterator[Batch]:
    """Batches without rows for all ids that are not listed: what belonged to them is gone with them."""
    for low, high in pairwise([-1, *sorted(listed), _EVER]):
        if high - low > 1:
            yield Batch(rows=(), scope=Scope(column=column, low=low + 1, high=high - 1), last=True)
