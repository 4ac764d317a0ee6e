"""The costs of people and objects: searches, then the details of each."""

from typing import Any

from pipelines.ingest.forecast.cost import ASKED, Cost, pages_of, spread
from pipelines.ingest.forecast.due import a_day, due
from pipelines.ingest.forecast.survey import Listing, Survey
from sources.customerio.catalogue import Resource, operation, resource
from sources.customerio.extract.parents import everything_of
from sources.customerio.extract.people import ALL_PEOPLE_BODY, PROFILES_A_REQUEST


def people(survey: Survey, row: Resource) -> Cost:
    """Identifiers by search, profiles by the hundred; many people by an export."""
    call, number = operation(row.operation), _people(survey, row)
    most = survey.settings.customerio_people_by_search
    if survey.people > most:
        note = (
            f"more people than CUSTOMERIO_PEOPLE_BY_SEARCH ({most:,}); each question for the state of the "
            "export after the first one is a request more"
        )
        return Cost(requests=survey.requests_an_export, rows=number, path="export", note=note)
    searched = pages_of(call, number)
    profiles = -(-number // PROFILES_A_REQUEST)
    return Cost(requests=searched + profiles, rows=number)


def _people(survey: Survey, row: Resource) -> int:
    """The number of people: the warehouse's, that of a page that has all, or that of the account."""
    held = survey.count(row.table)
    if held:
        return held
    page = survey.read(row, body=ALL_PEOPLE_BODY)
    return len(page.rows) if page.whole else survey.people


def preferences(survey: Survey, row: Resource) -> Cost:
    """One request for each person, and the search for them."""
    parent = resource(str(row.parent))
    number = _people(survey, parent)
    return Cost(requests=number + pages_of(operation(parent.operation), number), rows=number)


def objects(survey: Survey, row: Resource) -> Cost:
    """One request for each object that is due, and their search."""
    number = sum(objects for objects, _ in _objects(survey, row))
    held = _held_objects(survey, row)
    new = max(number - len(held), 0)
    hourly, daily = a_day(survey, row, number, number)
    return Cost(
        requests=len(due(survey, row, held, held).whole) + new,
        rows=number,
        lists=("object_types", row.table),
        hourly=hourly,
        daily=daily,
    )


def _held_objects(survey: Survey, row: Resource) -> dict[tuple[str, str], Any]:
    """The types and ids of the objects in the warehouse."""
    found = survey.held(row.table, "object_type_id, object_id")
    return {(str(type_id), str(object_id)): {} for type_id, object_id in found}


def relationships(survey: Survey, row: Resource) -> Cost:
    """The pages of people of each object that is due, of the size that a first one had."""
    parent = resource(str(row.parent))
    number = sum(objects for objects, _ in _objects(survey, parent))
    known = _held_objects(survey, parent)
    read = set(due(survey, row, known, known).whole)
    held = survey.held(row.table, "object_type_id, object_id, count(*)", "GROUP BY 1, 2 ORDER BY 3 DESC")
    beyond, rows, note = {}, survey.count(row.table), ""
    new = max(number - len(known), 0)
    more = 0.0
    if held:
        type_id, object_id, most = held[0]
        page = survey.read(row, path={"object_type_id": type_id, "object_id": object_id}, query={})
        size = most if page.whole else max(len(page.rows), 1)
        beyond = {(str(kind), str(key)): -(-people // size) - 1 for kind, key, people in held}
    elif rows is None:
        pages = [survey.read(row, path=named, query={}) for named in spread(_named(survey, parent), ASKED)]
        more = number * sum(not page.whole for page in pages) / max(len(pages), 1)
        note = "an object with several pages of people is taken to have two"
    hourly, daily = a_day(survey, row, number + more + sum(beyond.values()), number)
    return Cost(
        requests=len(read) + new + more + sum(beyond.get(key, 0) for key in read),
        rows=rows,
        lists=("object_types", parent.table),
        hourly=hourly,
        daily=daily,
        note=note,
    )


def _named(survey: Survey, row: Resource) -> list[dict[str, Any]]:
    """The paths of the objects that were seen."""
    return [
        {"object_type_id": type_id, "object_id": record["object_id"]}
        for type_id, page in _first_pages(survey, row).items()
        for record in page.rows
    ]


def searches(survey: Survey, row: Resource) -> float:
    """The pages of all objects, of the size that the first one had."""
    return sum(pages for _, pages in _objects(survey, row))


def _objects(survey: Survey, row: Resource) -> list[tuple[int, int]]:
    """Objects and pages of each type; one of several pages has what the workspace has beyond the others."""
    found, pages = [], list(_first_pages(survey, row).values())
    left = max(survey.objects - sum(len(page.rows) for page in pages), 0)
    long = sum(not page.whole for page in pages)
    for page in pages:
        number = len(page.rows) + (0 if page.whole else left // long)
        found.append((number, 1 if page.whole else -(-number // max(len(page.rows), 1))))
    return found


def _first_pages(survey: Survey, row: Resource) -> dict[str, Listing]:
    """The first page of objects of each type."""
    types = [str(record["id"]) for record in survey.listed("object_types").rows]
    return {type_id: survey.read(row, query={}, body=everything_of(type_id)) for type_id in types}
