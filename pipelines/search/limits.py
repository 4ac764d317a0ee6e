"""The largest search that is accepted, and the number of records that it returns by default."""

from typing import Final

DEFAULT_LIMIT: Final = 1000
"""Records in an answer when the search gives no `limit`."""

MAX_LIMIT: Final = 100_000
"""Records in an answer at most, since they are in memory together; a cursor leads to more."""

MAX_DEPTH: Final = 50
"""Levels of `and`, `or` and `not` around a condition."""

MAX_CONDITIONS: Final = 1000
"""Conditions of a filter: DuckDB plans thousands of them for minutes."""

MAX_SORT: Final = 10
"""Fields to sort by."""

MAX_VALUES: Final = 10_000
"""Values of one `in`."""

MAX_WORDS: Final = 20
"""Words of one `keyword` or `fuzzy`: DuckDB limits the size of a pattern."""

MAX_PHRASE: Final = 1000
"""Characters of one `keyword` or `fuzzy`."""
