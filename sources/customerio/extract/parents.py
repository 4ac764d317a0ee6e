"""The rows below a parent: a campaign's actions, a segment's members, an object's relationships.

A missing parent answers 404, as JSON [live-estuary]. That alone proves nothing: a proxy may have answered,
or a child may not be served. So the list of the parents is read again, and only a parent that is not in it
counts as deleted, with all that was below it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.client import BadAnswer, NotFound, Page, records_of, unexpected
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_context import RunContext

Path = Mapping[str, Any]
"""The ids in a call's path, by parameter, the outermost first."""
Names = set[tuple[str, ...]]

# There is no filter for all objects, and no attribute that every object has; this one no object has.
_UNUSED_ATTRIBUTE = "_cio_elt_nobody_has_this"


def rows_below(
    run: RunContext,
    row: Resource,
    path: Path,
    *,
    query: Path | None = None,
    bare: bool = False,
    counted_for: str | None = None,
) -> list[Row]:
    """All rows of a resource below one parent; none if that was deleted after it was listed.

    An answer that is one record is one row; only a `bare` one may be a list without a name.

    Raises:
        BadAnswer: the answer was 404, and the parent's list still has the parent.
        TooLarge: the rows would take more memory than a list that is kept whole may.
    """
    counted_for, call = counted_for or row.table, operation(row.operation)
    try:
        pages = run.client_for(counted_for).pages(row.operation, path=path, query=query)
        rows = records_of(call, pages if bare else (_checked(row, path, page) for page in pages))
    except NotFound as error:
        check_gone(run, resource(str(row.parent)), path, counted_for, error)
        return []
    if call.records is None and not bare and len(rows) != 1:
        raise unexpected(call, f"a list of {len(rows):,} instead of an object")
    return rows


def pages_below(run: RunContext, row: Resource, path: Path) -> Iterator[list[Row]]:
    """The rows of a resource below one parent page by page, for lists that may have millions of rows.

    They end early if the parent is deleted meanwhile.

    Raises:
        BadAnswer: an answer was 404, and the parent's list still has the parent.
    """
    try:
        for page in run.client_for(row.table).pages(row.operation, path=path):
            yield _checked(row, path, page).records
    except NotFound as error:
        check_gone(run, resource(str(row.parent)), path, row.table, error)


def _checked(row: Resource, path: Path, page: Page) -> Page:
    """The page, if it names no other parent than the one that was asked for.

    Raises:
        BadAnswer: it names another, as an answer of a cache that mixes up its pages.
    """
    told = [page.document, *page.records, page.document.get(row.wrapped or "")]
    for name, value in path.items():
        if isinstance(value, int):
            named = {
                str(each[name]) for each in told if isinstance(each, dict) and each.get(name) is not None
            }
            if named - {str(value)}:
                raise unexpected(operation(row.operation), f"rows of another {name} than {value}")
    return page


def children_of(run: RunContext, table: str, parent: int, counted_for: str) -> list[Row]:
    """All rows of a resource below one parent, as `rows_below`; requested once a run."""
    row = resource(table)
    column = operation(row.operation).path_parameters[0].name
    return run.shared(
        (table, parent), lambda: rows_below(run, row, {column: parent}, counted_for=counted_for)
    )


def check_gone(run: RunContext, parent: Resource, path: Path, counted_for: str, error: NotFound) -> None:
    """Read the parent's list again, to check that it no longer has the parent that `path` names.

    Raises:
        BadAnswer: the list still has it, so the 404 says nothing.
    """
    *above, _last = name = tuple(str(value) for value in path.values())
    read = _LISTED[parent.reader]
    gone = run.gone((parent.table, *above), name, lambda: read(run, parent, path, counted_for))
    if not gone:
        # A person's or an object's id may be personal.
        shown = ", ".join(f"{key} {value}" for key, value in path.items() if isinstance(value, int))
        where = f" for {shown}" if shown else ""
        msg = (
            f"`{error.operation}` answered 404{where}, although {parent.table} lists the parent still. "
            "Nothing below it was marked as deleted. Run the sync again; if it stays so, something between "
            "here and Customer.io may have answered in its place."
        )
        raise BadAnswer(msg, operation=error.operation, status=404) from None


def everything_of(type_id: object) -> Row:
    """The search that finds every object of a type."""
    absent = {"field": _UNUSED_ATTRIBUTE, "operator": "exists", "type_id": type_id}
    return {"object_type_id": type_id, "filter": {"not": {"object_attribute": absent}}}


def _in_list(run: RunContext, parent: Resource, _path: Path, counted_for: str) -> Names:
    return {(str(row[parent.key[-1]]),) for row in run.list_anew(parent, counted_for)}


def _below_another(run: RunContext, parent: Resource, path: Path, counted_for: str) -> Names:
    *above, _last = path.items()
    rows = rows_below(run, parent, dict(above), counted_for=counted_for)
    return {(*(str(value) for _, value in above), str(row[parent.key[-1]])) for row in rows}


def _of_type(run: RunContext, parent: Resource, path: Path, counted_for: str) -> Names:
    type_id = str(path["object_type_id"])
    pages = run.client_for(counted_for).pages(parent.operation, body=everything_of(type_id))
    return {(type_id, str(row["object_id"])) for page in pages for row in page.records}


def _one_person(run: RunContext, parent: Resource, path: Path, counted_for: str) -> Names:
    """The person, if the search for that one still finds them: the whole list may have millions."""
    (cio_id,) = path.values()
    only = {"filter": {"attribute": {"field": "cio_id", "operator": "eq", "value": cio_id}}}
    pages = run.client_for(counted_for).pages(parent.operation, body=only)
    return {(str(row["cio_id"]),) for page in pages for row in page.records}


_LISTED: Mapping[str, Callable[[RunContext, Resource, Path, str], Names]] = {
    "lists": _in_list,
    "children": _below_another,
    "objects": _of_type,
    "people": _one_person,
}
"""How a parent's list is read again, by the reader of its table: the ids of all that it lists."""
