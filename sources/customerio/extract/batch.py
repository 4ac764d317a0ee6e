"""What a reader hands over: rows as Customer.io sent them, and what they are to be compared with.

Readers know the network and no table; tables are made from batches elsewhere. Neither does both.
"""

from dataclasses import dataclass

from sources.customerio.extract.rows import Rows


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The rows of a table whose `column` lies between `low` and `high`, both included."""

    column: str
    low: int
    high: int


WHOLE_TABLE = None


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some rows of one scope.

    `last` says that the scope is now read completely: rows the warehouse holds in it and that no batch
    of the scope named are gone from Customer.io. A reader that cannot promise that never sets it.
    """

    rows: Rows
    scope: Scope | None = WHOLE_TABLE
    last: bool = False
