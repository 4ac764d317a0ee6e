"""The table of costs: a row for each reader of the catalogue, and one for each list that readers share.

A list that several readers of a run share is read once. A cost names the lists that its reader needs, and
counts the requests beside them.
"""

from collections.abc import Callable, Mapping

from pipelines.ingest.forecast import lists, metrics, people, windows
from pipelines.ingest.forecast.cost import NAMED_IN, Cost, Shared, pages_of, parts_of_parents
from pipelines.ingest.forecast.survey import Survey
from sources.customerio.catalogue import Resource, operation, resource


def list_cost(survey: Survey, shared: Shared) -> float:
    """The requests of a list that readers share."""
    if isinstance(shared, tuple):
        table, parent = shared
        return _below(survey, resource(table), parent)
    row = resource(shared)
    return _SHARED[row.reader](survey, row)


def _list(survey: Survey, row: Resource) -> float:
    """A list of one page is not read for its number of pages."""
    if operation(row.operation).paging == "none":
        return len(row.asked)
    return survey.listed(row.table).requests


def _below(survey: Survey, row: Resource, parent: int) -> int:
    """The pages below one parent, which may name its children."""
    call = operation(row.operation)
    if call.page_max is None or row.table not in NAMED_IN:
        return 1
    return pages_of(call, len(parts_of_parents(survey, row).get(parent, ())))


_SHARED: Mapping[str, Callable[[Survey, Resource], float]] = {
    "exports": lambda _survey, row: len(row.asked),
    "lists": _list,
    "objects": people.searches,
}

COSTS: Mapping[str, Callable[[Survey, Resource], Cost]] = {
    "archived": windows.archived,
    "children": lists.children,
    "contents": lists.one_each,
    "counts": lists.counts,
    "exported_rows": lists.exported_rows,
    "exports": lists.exports,
    "feed": windows.feed,
    "folder_lists": lists.folder_lists,
    "lists": lists.lists,
    "memberships": lists.memberships,
    "metrics": metrics.metrics,
    "objects": people.objects,
    "optouts": lists.optouts,
    "people": people.people,
    "preferences": people.preferences,
    "relationships": people.relationships,
    "suppressions": lists.suppressions,
    "windows": windows.windows,
}
"""The cost of a table, by the reader that the catalogue names for it."""
