"""The costs of whole lists: their own pages, one request for each parent, lists of exports and folders."""

from dataclasses import replace
from itertools import product
from typing import Any

from pipelines.ingest.forecast.cost import (
    NAMED_IN,
    Cost,
    ids_of_parents,
    listed_by_id,
    pages_of,
    parts_of_parents,
)
from pipelines.ingest.forecast.due import a_day, due
from pipelines.ingest.forecast.survey import Survey
from pipelines.times import DAY
from sources.customerio.catalogue import RESOURCES, Resource, operation
from sources.customerio.extract.exports import waiting_exports
from sources.customerio.extract.suppressions import ANY_DOMAIN, sending_domains


def lists(survey: Survey, row: Resource) -> Cost:
    """A list, page by page."""
    read = operation(row.operation).paging != "none" or any(other.parent == row.table for other in RESOURCES)
    rows = len(survey.listed(row.table).rows) if read else survey.count(row.table)
    return Cost(rows=rows, lists=(row.table,))


def children(survey: Survey, row: Resource) -> Cost:
    """The pages below each parent that is due."""
    rows = (
        sum(map(len, parts_of_parents(survey, row).values()))
        if row.table in NAMED_IN
        else survey.count(row.table)
    )
    parents = listed_by_id(survey, str(row.parent))
    hourly, daily = a_day(survey, row, len(parents), len(parents))
    below = tuple((row.table, parent) for parent in due(survey, row, parents).whole)
    return Cost(rows=rows, lists=(str(row.parent), *below), hourly=hourly, daily=daily)


def one_each(survey: Survey, row: Resource) -> Cost:
    """One request for each parent that is due."""
    parents = listed_by_id(survey, str(row.parent))
    hourly, daily = a_day(survey, row, len(parents), len(parents))
    return Cost(
        requests=len(due(survey, row, parents).whole),
        rows=survey.count(row.table),
        lists=(str(row.parent),),
        hourly=hourly,
        daily=daily,
    )


def counts(survey: Survey, row: Resource) -> Cost:
    """One request for each segment that is due; each is a row at least once a day."""
    return replace(one_each(survey, row), rows=len(ids_of_parents(survey, row)))


def memberships(survey: Survey, row: Resource) -> Cost:
    """Every segment's members; they are counted before a first sync if they may have several pages."""
    call, ids, note = operation(row.operation), ids_of_parents(survey, row), ""
    members = dict(survey.held(row.table, "segment_id, count(*)", "GROUP BY 1"))
    is_counted = row.table in survey.tables
    if not is_counted and survey.people > (call.page_max or 0):
        members, is_counted = {segment: _members(survey, row, segment) for segment in ids}, True
    elif not is_counted:
        note = "members are counted by the first sync"
    return Cost(
        requests=sum(pages_of(call, members.get(segment, 0)) for segment in ids),
        rows=sum(members.values()) if is_counted else None,
        lists=(str(row.parent),),
        note=note,
    )


def _members(survey: Survey, row: Resource, segment: int) -> int:
    found = survey.read(row, operation("getSegmentCount"), path={"segment_id": segment}).rows
    return int(found[0].get("count") or 0) if found else 0


def optouts(survey: Survey, row: Resource) -> Cost:
    """The list of people with opt-outs; one of several pages is read twice at least."""
    call, note = operation(row.operation), ""
    if row.table in survey.tables:
        ((number,),) = survey.held(row.table, "count(DISTINCT cio_id)")
        pages, rows = pages_of(call, number), survey.count(row.table)
    else:
        page = survey.read(row)
        pages = 1 if page.whole else 2
        rows = sum(len(person.get("optouts") or ()) for person in page.rows) if page.whole else None
        note = "" if page.whole else "the list has several pages, of which the number is not known"
    return Cost(requests=pages if pages == 1 else 2 * pages, rows=rows, note=note)


def suppressions(survey: Survey, row: Resource) -> Cost:
    """A list for each kind and domain; one with rows has a page more, that proves its end."""
    call, senders = operation(row.operation), "sender_identities"
    domains = sending_domains(survey.listed(senders).rows, survey.state(row.table), survey.options)
    kinds = {str(*path.values()): path for path in row.asked}
    lists: dict[tuple[str, str], Any] = {key: {} for key in product(kinds, (ANY_DOMAIN, *domains))}
    read, note = due(survey, row, lists).whole, ""
    if row.table in survey.tables:
        held = survey.held(row.table, "suppression_type, domain, count(*)", "GROUP BY 1, 2")
        beyond = {(kind, domain): pages_of(call, rows) for kind, domain, rows in held}
    else:
        filled = {kind: bool(survey.read(row, path=path, query={}).rows) for kind, path in kinds.items()}
        beyond = {key: int(filled[key[0]]) for key in lists}
        note = "each domain is taken to have what the workspace has"
    whole = len(lists) + sum(beyond.values())
    hourly, daily = a_day(survey, row, whole, len(lists))
    return Cost(
        requests=len(read) + sum(beyond.get(key, 0) for key in read),
        rows=survey.count(row.table),
        lists=(senders,),
        hourly=hourly,
        daily=daily,
        note=note,
    )


def folder_lists(survey: Survey, row: Resource) -> Cost:
    """A list of folders' contents, one page where it fits into one."""
    call, state, rows = operation(row.operation), survey.state(row.table), survey.count(row.table)
    pages = pages_of(call, rows or 0)
    if state.get("is_long") and survey.now - state["whole_at"] < DAY:
        return Cost(requests=1, rows=rows)
    note = "" if state else "a list that is asked for folder by folder takes a request for each"
    return Cost(requests=pages if pages == 1 else 2 * pages, rows=rows, note=note)


def exports(survey: Survey, row: Resource) -> Cost:
    """The list of exports, again if files of it are fetched."""
    files = [other for other in RESOURCES if other.parent == row.table]
    again = any(_waiting(survey, other) for other in files)
    return Cost(requests=again, rows=len(survey.listed(row.table).rows), hourly=0, lists=(row.table,))


def exported_rows(survey: Survey, row: Resource) -> Cost:
    """A link for each finished export that is not loaded, and the list of exports again."""
    waiting = _waiting(survey, row)
    return Cost(
        requests=len(waiting),
        rows=sum(int(export.get("total") or 0) for export in waiting),
        lists=(str(row.parent),),
        hourly=0,
        path="export",
    )


def _waiting(survey: Survey, row: Resource) -> list[Any]:
    """The finished exports of that type that are not loaded."""
    listed, state = survey.listed(str(row.parent)).rows, survey.state(row.table)
    return waiting_exports(row, listed, state, survey.options.exports_elsewhere)
