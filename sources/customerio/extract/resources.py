"""dlt resources, one for each row of `RESOURCES`, and one for the coverage ledger.

    reader -> Changes -> Arrow table -> Stream (from a thread of its own to dlt's) -> dlt

Every table is merged by its key, so that reading a row twice does no harm.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.schema.typing import TColumnSchema, TTableSchemaColumns
from dlt.extract import DltResource

from sources.customerio.catalogue import Resource
from sources.customerio.client import NOT_FOR_THIS_KEY
from sources.customerio.extract import coverage, rejected
from sources.customerio.extract.activities import feed
from sources.customerio.extract.added_fields import AddedFields
from sources.customerio.extract.archive import archived
from sources.customerio.extract.arrow import to_arrow, with_own
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.deletion_brake import DeletionBrake
from sources.customerio.extract.destination_rows import DestinationRows
from sources.customerio.extract.diff import Changes
from sources.customerio.extract.due import read_all_next
from sources.customerio.extract.exports import exported_rows, exports
from sources.customerio.extract.failures import contained
from sources.customerio.extract.folder_lists import folder_lists
from sources.customerio.extract.lists import children, contents, counts, lists, memberships, preferences
from sources.customerio.extract.lookups import existing
from sources.customerio.extract.messages import windows
from sources.customerio.extract.metrics import metrics
from sources.customerio.extract.objects import objects, relationships
from sources.customerio.extract.optouts import optouts
from sources.customerio.extract.own_columns import columns_of
from sources.customerio.extract.people import people
from sources.customerio.extract.rejected import AllRejected, all_fit, misfits, row_fault
from sources.customerio.extract.rows import Rows, TypedRow, typed
from sources.customerio.extract.run_context import RunContext
from sources.customerio.extract.run_summary import ResourceSummary
from sources.customerio.extract.suppressions import suppressions
from sources.customerio.extract.told_paths import told_paths
from sources.customerio.extract.worker_stream import Stream
from sources.errors import EltError

Reader = Callable[[RunContext, Resource, dict[str, Any]], Iterator[Batch]]

_log = logging.getLogger(__name__)

READERS: Mapping[str, Reader] = {
    "archived": archived,
    "children": children,
    "contents": contents,
    "counts": counts,
    "exported_rows": exported_rows,
    "exports": exports,
    "feed": feed,
    "folder_lists": folder_lists,
    "lists": lists,
    "memberships": memberships,
    "metrics": metrics,
    "objects": objects,
    "optouts": optouts,
    "people": people,
    "preferences": preferences,
    "relationships": relationships,
    "suppressions": suppressions,
    "windows": windows,
}


def dlt_resource(
    run: RunContext,
    destination: DestinationRows,
    resource: Resource,
    *,
    keep_going: bool,
    reader: Reader | None = None,
) -> DltResource:
    """The dlt resource of one table, read by `reader` instead of the catalogue's if one is given.

    With `keep_going` a failure is noted in the summary, not raised.
    """
    read = reader or READERS[resource.reader]

    def extract() -> Iterator[Any]:
        run.begin(resource.table)
        summary = run.summary_of(resource.table)
        state: dict[str, Any] = {}
        before: dict[str, Any] = {}
        try:
            state = dlt.current.resource_state()
            run.told.open(dlt.current.source_state())
            before = deepcopy(state)
            # dlt takes up each resource once before it comes back to the first: all have begun by then.
            yield []
            summary.begin()
            destination.open()
            brake = run.options.brake(resource.table, state)
            batches = _contained(read(run, resource, state), keep_going=keep_going)
            yield from _tables(run, destination, resource, brake, batches)
            _check_any_fits(summary)
        except EltError as error:
            if isinstance(error, AllRejected):
                # What was set aside is read again: neither watermark nor coverage may pass over it.
                state.clear()
                state.update(before)
                run.coverage.windows.pop(resource.table, None)
            read_all_next(state)
            if resource.may_be_missing and isinstance(error, NOT_FOR_THIS_KEY):
                summary.skipped = error
                summary.end()
            else:
                summary.end(error)
                if not keep_going:
                    raise
        else:
            if summary.held is not None or run.rejected.touches(resource):
                read_all_next(state)
            summary.end(summary.held)
            if summary.held is not None and not keep_going:
                _log.warning("%s", summary.held)
        finally:
            if run.end(resource.table):
                run.close()
                destination.close()

    return dlt.resource(
        extract,
        name=resource.table,
        primary_key=resource.key,
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        columns=_hints(resource),
    )


def coverage_resource(run: RunContext) -> DltResource:
    """The dlt resource of the coverage ledger."""
    return _at_the_end(
        run,
        coverage,
        lambda: run.coverage.rows(run.now(), run.options.backfill) if run.coverage.windows else (),
    )


def rejected_resource(run: RunContext) -> DltResource:
    """The dlt resource of the records that were set aside."""
    return _at_the_end(run, rejected, lambda: run.rejected.rows(run.options.run_id, run.client.now()))


class _Ledger(Protocol):
    """The module of a table that tells of a run: its name, key and columns."""

    TABLE: str
    KEY: tuple[str, ...]
    COLUMNS: TTableSchemaColumns


def _at_the_end(
    run: RunContext, ledger: _Ledger, rows: Callable[[], Iterable[dict[str, Any]]]
) -> DltResource:
    """The dlt resource of rows that come once all other resources of the run are read."""

    def extract() -> Iterator[Any]:
        # dlt takes up each resource once before it comes back to the first: all have begun by then.
        yield []
        while run.is_reading():
            yield []
        if found := list(rows()):
            yield found

    return dlt.resource(
        extract,
        name=ledger.TABLE,
        primary_key=ledger.KEY,
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        columns=ledger.COLUMNS,
    )


def _tables(
    run: RunContext,
    destination: DestinationRows,
    resource: Resource,
    brake: DeletionBrake,
    batches: Iterator[Batch],
) -> Iterator[Any]:
    summary = run.summary_of(resource.table)
    changes = Changes(resource, destination, summary, run.now, brake, partial(existing, run, resource))
    columns = dlt.current.source_schema().tables.get(resource.table, {}).get("columns", {})
    added = run.added_fields(resource, columns)

    def changed() -> Iterator[pa.Table]:
        for batch in batches:
            yield from changes.tables(_fitting(run, resource, added, _permitted(run, resource, batch)))
        yield from changes.tombstones()

    stream = Stream(resource.table, changed(), run.ready)
    # A call that may be missing makes no table before it was answered.
    is_new = not destination.has_table(resource)
    # It is the next one's turn: all streams are started before any waits, for one may wait for another.
    yield _empty(resource) if is_new and not resource.may_be_missing else []
    for tables in stream:
        # An empty list is no row: it only gives the next resource its turn.
        if not tables:
            yield []
            continue
        table = pa.concat_tables(tables, promote_options="default")
        _tell(run, resource, table)
        yield _typed(resource, table)
    if is_new and resource.may_be_missing:
        yield _empty(resource)


def _permitted(run: RunContext, resource: Resource, batch: Batch) -> Batch:
    """The batch without rows of erased people and too old ones, and with the privacy rules applied."""
    erased, privacy = run.options.erased, run.options.privacy
    if resource.cursor and (oldest := run.options.oldest.get(resource.table)):
        rows: Any = [row for row in batch.rows if _time(row[resource.cursor]) >= oldest]
        batch = replace(batch, rows=rows)
    kept, before = erased.without(resource, batch)
    # An address of theirs may be known by its hash alone.
    kept, after = erased.without(resource, privacy.applied(resource, kept)) if privacy else (kept, 0)
    run.summary_of(resource.table).erased += before + after
    return kept


def _time(value: Any) -> float:
    """The value of a cursor; one that is no number is for the check of the rows to tell."""
    return value if isinstance(value, int | float) else math.inf


def _tell(run: RunContext, resource: Resource, changed: pa.Table) -> None:
    """Note what changed rows tell of, for the tables that wait for the end of this one."""
    for told, paths in told_paths(resource, changed):
        run.told.note(told, paths)
    if resource.reader == "feed":
        run.tell_of(map(str, pc.unique(changed["delivery_id"]).drop_null().to_pylist()))


def _contained(batches: Iterator[Batch], *, keep_going: bool) -> Iterator[Batch]:
    """The batches; with `keep_going` any error of the reader becomes one that fails its table alone."""
    try:
        yield from batches
    except Exception as error:
        if not keep_going:
            raise
        raise contained(error) from None


def _fitting(run: RunContext, resource: Resource, added: AddedFields, batch: Batch) -> Batch:
    """The batch with the rows that fit its table; while a record is set aside, its scope is not complete."""
    if batch.complete is not None:
        return batch
    rows = batch.rows if all_fit(resource, batch.rows) else list(_fitted(run, resource, added, batch.rows))
    last = batch.last and not (resource.tombstones and run.rejected.touches(resource))
    return replace(batch, rows=rows, last=last)


def _fitted(run: RunContext, resource: Resource, added: AddedFields, rows: Rows) -> Iterator[TypedRow]:
    """The rows that fit, typed; the others are set aside."""
    read: Any
    for read in rows:
        try:
            row = read if isinstance(read, TypedRow) else typed(resource, [added.placed(read)])[0]
            fault = row_fault(resource, row)
        except Exception as error:
            fault = misfits(resource, read) or f"it cannot be stored ({type(error).__name__})"
        if fault is None:
            yield row
        else:
            run.reject(resource, fault, read, resource.table)


def _check_any_fits(summary: ResourceSummary) -> None:
    if summary.rejected and not summary.read:
        msg = (
            f"None of the {summary.rejected:,} records of {summary.resource} that came can be a row. Its "
            "watermark stays. Customer.io may have changed the list: see their reasons in rejected_records."
        )
        raise AllRejected(msg)


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
