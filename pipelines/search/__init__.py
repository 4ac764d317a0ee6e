"""Searches over the synced tables, in a small JSON language.

    document -> query.parsed -> compiling.statement -> DuckDB -> answer.record

A search is one query with parameters: of a user's text nothing becomes SQL but names of columns that the
table has. Every condition holds or does not; a missing value is equal to nothing but null.
"""

from pipelines.search.answer import Answer
from pipelines.search.document import DEFAULT_LIMIT
from pipelines.search.run import search

__all__ = ["DEFAULT_LIMIT", "Answer", "search"]
