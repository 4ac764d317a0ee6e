"""Finds differences by reads through the App API: by the readers that confirm a run."""

from collections.abc import Iterator

import duckdb

from pipelines.push.audit.difference import Difference, differences_of
from pipelines.push.audit.wanted import wanted_rows
from pipelines.push.confirm.mismatch import Mismatch
from pipelines.push.confirm.read_back import READERS
from pipelines.push.context import PushContext

_STILL_A_PERSON = Mismatch("missing")
"""A person who should be suppressed and is there: the suppression is missing."""


def by_reads(context: PushContext, connection: duckdb.DuckDBPyConnection) -> Iterator[Difference]:
    """The differences of the wanted rows, read row by row, or 100 people at a time."""
    kind = context.spec.kind
    for rows in wanted_rows(connection):
        keys = {row.seq: row.key for row in rows}
        for seq, mismatch in READERS[kind.reader](context, rows):
            yield from differences_of(keys[seq], mismatch if kind.shows_arrival else _STILL_A_PERSON)
