"""Readers of whole lists: a resource's own, what is below its parents, a segment's members and their number.

None of these lists has a time filter, none names deleted rows, and a child changes without its parent
[live-airbyte]; so they are read whole, and a row that a complete reading does not find is deleted.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from sources.customerio.catalogue import Operation, Resource, operation
from sources.customerio.catalogue import resource as catalogued
from sources.customerio.catalogue.resource import DAY
from sources.customerio.client import field_of, unexpected
from sources.customerio.extract.batch import Batch, Scope, unlisted
from sources.customerio.extract.due import Due
from sources.customerio.extract.masking import masked_url
from sources.customerio.extract.parents import children_of, pages_below, rows_below
from sources.customerio.extract.people import ALL_PEOPLE_BODY
from sources.customerio.extract.rows import Row, is_count, only_record
from sources.customerio.extract.run_context import RunContext

# The states of a segment [spec25]; while it is built its list is not what it will be.
_BUILT = ("events", "build", "events_queued", "build_queued")
_STATES = (*_BUILT, "finished")
_SHOWN, _SHOWN_CHARACTERS = 5, 30
# A count is a row each day; the sweep that counts an unchanged segment again is not exact to the hour.
_COUNT_ANEW_S = DAY // 2
_DOUBT = "in segments whose state is not known"


def lists(run: RunContext, resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
    """Read a list, page by page if it has pages."""
    rows = run.listed(resource.table, resource.table)
    yield Batch(rows=[masked(resource, row) for row in rows] if resource.masked else rows, last=True)


def children(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read the rows below every parent that is due, or its single record, with the parent's id."""
    column, due = _parent_column(resource), _due(run, resource, state)
    for parent, rows in _below(run, resource, due.whole):
        yield Batch(rows=[{**only_record(resource, row), column: parent} for row in rows])
    due.finish()
    yield _end(due)


def _end(due: Due) -> Batch:
    """The end of a table whose keys begin with the parent's id."""
    return Batch(
        rows=(),
        last=True,
        kept=lambda key: (key[0] if isinstance(key, tuple) else key) in due.left_out,
    )


def contents(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read rows of any shape that are stored below every parent, numbered from 1.

    New contents do not move their collection's `updated_at` [live-airbyte].
    """
    column, due = _parent_column(resource), _due(run, resource, state)
    for parent, rows in _below(run, resource, due.whole, large=True):
        numbered = enumerate(rows, start=1)
        yield Batch(rows=[{column: parent, "row_number": number, "row": row} for number, row in numbered])
    due.finish()
    yield _end(due)


def counts(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Count every segment that is due; a count is a row if it differs from the last one, or that is old.

    While a segment is being built its count is as incomplete as its list, and is left out.
    """
    now, call = run.now(), operation(resource.operation)
    last_counts: dict[str, list[int]] = state.setdefault("told", {})
    told: dict[str, list[int]] = {}
    rows = []
    due = _due(run, resource, state, wanted=_is_readable)
    for segment, answers in _below(run, resource, due.whole):
        for count in (_count(call, answer) for answer in answers):
            before, counted_at = last_counts.get(str(segment), (None, 0))
            if count != before or now - counted_at >= _COUNT_ANEW_S:
                told[str(segment)] = [count, now]
                rows.append({"segment_id": segment, "counted_at": now, "count": count})
    yield Batch(rows=rows, scope=Scope(column="counted_at", low=now, high=now), last=True)
    # A reading that breaks off has handed over no row.
    due.finish()
    last_counts.update(told)


def _count(call: Operation, answer: Row) -> int:
    count = field_of(call, answer, "count")
    if not is_count(count):
        raise unexpected(call, "a `count` that is no number of members")
    return int(count)


def preferences(run: RunContext, resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
    """Ask about every person, one request each."""
    client, call = run.client_for(resource.table), operation(resource.operation)

    def asked(cio_id: str) -> list[Row]:
        rows = rows_below(run, resource, {"customer_id": cio_id}, query={"id_type": "cio_id"})
        records = [only_record(resource, row) for row in rows]
        if any(_named_person(record) not in (None, cio_id) for record in records):
            raise unexpected(call, "the preferences of another person than was asked for")
        return [{**record, "cio_id": cio_id} for record in records]

    for page in client.pages(catalogued(_parent(resource)).operation, body=ALL_PEOPLE_BODY):
        ids = [person["cio_id"] for person in page.records]
        run.summary_of(resource.table).expect(len(ids))
        yield Batch(rows=[row for rows in run.map(asked, ids) for row in rows])
    yield Batch(rows=(), last=True)


def _named_person(record: Row) -> object:
    """The cio_id of the person whom a record names; None if it names none."""
    identifiers = record.get("identifiers")
    return identifiers.get("cio_id") if isinstance(identifiers, dict) else None


def memberships(run: RunContext, resource: Resource, _state: dict[str, Any]) -> Iterator[Batch]:
    """Read every segment's members, each segment a scope of its own.

    While a segment is being built its list is stale or incomplete, so none of its memberships is added
    or deleted. In a state that is not known its members are read, and those who are not found are held back;
    the summary's note names it.
    """
    segments = run.listed(_parent(resource), resource.table)
    readable = [int(row["id"]) for row in segments if _is_readable(row)]
    unknown = {int(row["id"]): row.get("state") for row in segments if row.get("state") not in _STATES}
    if unknown:
        run.summary_of(resource.table).note = _unknown_states(unknown)
    run.summary_of(resource.table).expect(len(readable))

    def read(segment: int) -> Iterator[Batch]:
        scope = Scope(column="segment_id", low=segment, high=segment)
        for rows in pages_below(run, resource, {"segment_id": segment}):
            yield Batch(rows=[{"segment_id": segment, **row} for row in rows], scope=scope)
        yield Batch(rows=(), scope=scope, last=True, doubt=_DOUBT if segment in unknown else "")

    yield from run.map_parts(read, readable)
    yield from unlisted("segment_id", (int(row["id"]) for row in segments))


def _due(
    run: RunContext,
    resource: Resource,
    state: dict[str, Any],
    wanted: Callable[[Row], bool] = lambda _: True,
) -> Due:
    """The wanted parents of a table that are due."""
    listed = run.listed(_parent(resource), resource.table)
    return run.due(resource, state, {int(row["id"]): row for row in listed if wanted(row)})


def _below(
    run: RunContext, resource: Resource, parents: Collection[int], *, large: bool = False
) -> Iterator[tuple[int, list[Row]]]:
    """Each parent's id and its rows; a parent that was deleted meanwhile has none.

    `large` rows may be a list without a name, and are not kept in memory for other readers of the run.
    """
    column = _parent_column(resource)
    run.summary_of(resource.table).expect(len(parents))

    def below(parent: int) -> tuple[int, list[Row]]:
        if large:
            return parent, rows_below(run, resource, {column: parent}, bare=True)
        return parent, children_of(run, resource.table, parent, resource.table)

    yield from run.map(below, parents)


def _is_readable(segment: Row) -> bool:
    return segment.get("state") not in _BUILT


def _unknown_states(unknown: dict[int, Any]) -> str:
    named = ", ".join(
        f"{segment} ({str(state)[:_SHOWN_CHARACTERS]})" for segment, state in list(unknown.items())[:_SHOWN]
    )
    return (
        f"{len(unknown):,} segment(s) are in a state that is not known, such as {named}: their members were "
        "read, and a deletion among them has to be accepted."
    )


def masked(resource: Resource, row: Row) -> Row:
    """The row, with the secrets in its URL columns masked."""
    return {**row, **{name: masked_url(str(row[name])) for name in resource.masked if row.get(name)}}


def _parent_column(resource: Resource) -> str:
    """The name of the parent's id, in the call's path and in the table."""
    return operation(resource.operation).path_parameters[0].name


def _parent(resource: Resource) -> str:
    if resource.parent is None:
        msg = f"{resource.table} is read parent by parent, and its row in RESOURCES names no parent"
        raise AssertionError(msg)
    return resource.parent
