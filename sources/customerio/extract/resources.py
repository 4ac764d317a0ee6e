"""From a row of `RESOURCES` to a dlt resource: read, compare, hand over what changed.

    reader -> Changes -> Arrow table -> Stream (from a thread of its own to dlt's) -> dlt

Every table is merged by its key, so that reading a row twice does no harm.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TColumnSchema, TTableSchemaColumns
from dlt.extract import DltResource

from sources.customerio.catalogue import Resource
from sources.customerio.extract.activities import feed
from sources.customerio.extract.archive import archived
from sources.customerio.extract.arrow import columns_of, to_arrow, with_own
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.destination_rows import Known
from sources.customerio.extract.diff import Changes
from sources.customerio.extract.exports import exported_rows, exports
from sources.customerio.extract.lists import children, contents, counts, lists, memberships, preferences
from sources.customerio.extract.messages import windows
from sources.customerio.extract.metrics import metrics
from sources.customerio.extract.objects import objects, relationships
from sources.customerio.extract.people import people
from sources.customerio.extract.run_context import Reading
from sources.customerio.extract.suppressions import suppressions
from sources.customerio.extract.worker_stream import Stream
from sources.errors import EltError

Reader = Callable[[Reading, Resource, dict[str, Any]], Iterator[Batch]]

READERS: Mapping[str, Reader] = {
    "archived": archived,
    "children": children,
    "contents": contents,
    "counts": counts,
    "exported_rows": exported_rows,
    "exports": exports,
    "feed": feed,
    "lists": lists,
    "memberships": memberships,
    "metrics": metrics,
    "objects": objects,
    "people": people,
    "preferences": preferences,
    "relationships": relationships,
    "suppressions": suppressions,
    "windows": windows,
}


def dlt_resource(
    reading: Reading,
    known: Known,
    resource: Resource,
    *,
    keep_going: bool,
    reader: Reader | None = None,
) -> DltResource:
    """The dlt resource of one table, read by `reader` instead of the catalogue's if one is given.

    With `keep_going` a failure is noted in the report, not raised.
    """
    read = reader or READERS[resource.reader]

    def extract() -> Iterator[Any]:
        reading.enter(resource.table)
        tally = reading.tally(resource.table)
        try:
            state = dlt.current.resource_state()
            # dlt takes up each resource once before it comes back to the first: all have entered by then.
            yield []
            tally.begin()
            known.open()
            yield from _tables(reading, known, resource, read(reading, resource, state))
        except EltError as error:
            tally.end(error)
            if not keep_going:
                raise
        else:
            tally.end()
        finally:
            if reading.leave(resource.table):
                reading.close()
                known.close()

    return dlt.resource(
        extract,
        name=resource.table,
        primary_key=resource.key,
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        columns=_hints(resource),
    )


def _tables(reading: Reading, known: Known, resource: Resource, batches: Iterator[Batch]) -> Iterator[Any]:
    changes = Changes(resource, known, reading.tally(resource.table), reading.now)
    changed = (table for batch in batches for table in changes.tables(batch))
    stream = Stream(resource.table, changed, reading.arrivals)
    # It is the next one's turn: all streams are started before any waits, for one may wait for another.
    yield [] if known.has_table(resource) else _empty(resource)
    for ready in stream:
        # An empty list is no row: it only gives the next resource its turn.
        yield _typed(resource, pa.concat_tables(ready, promote_options="default")) if ready else []


def _empty(resource: Resource) -> pa.Table:
    return with_own(resource, to_arrow(resource, []), first_seen_at=[], row_hash=[])


def _hints(resource: Resource) -> TTableSchemaColumns:
    return {
        name: TColumnSchema(name=name, data_type=kind, nullable=name not in resource.key)
        for name, kind in columns_of(resource).items()
    }


def _typed(resource: Resource, table: pa.Table) -> Any:
    """The table, with the type of columns that the catalogue does not know: JSON."""
    unknown = [name for name in table.column_names if name not in columns_of(resource)]
    if not unknown:
        return table
    hints: dict[str, TColumnSchema] = {name: {"name": name, "data_type": "json"} for name in unknown}
    return dlt.mark.with_hints(table, dlt.mark.make_hints(columns=hints))
