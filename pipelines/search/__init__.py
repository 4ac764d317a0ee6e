"""Searches over the synced tables, in a small JSON language.

    document -> document.parse -> statement.statement -> DuckDB -> answer.Answer

A search is one SQL query with parameters: the only part of a user's text that becomes SQL is the name of a
column that the table has. Each condition is true or false; a missing value equals null alone.
"""

from pipelines.search.answer import Answer
from pipelines.search.limits import DEFAULT_LIMIT
from pipelines.search.run import search

__all__ = ["DEFAULT_LIMIT", "Answer", "search"]
