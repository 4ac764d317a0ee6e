"""The costs of people and objects: searches, then the details of each."""

from typing import Any

from pipelines.ingest.forecast.cost import ASKED, Cost, pages_of, spread
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
    """One request for each object, and their search."""
    number = sum(objects for objects, _ in _objects(survey, row))
    return Cost(requests=number, rows=number, lists=("object_types", row.table))


def relationships(survey: Survey, row: Resource) -> Cost:
    """The pages of people of each object, of the size that a first one had."""
    parent = resource(str(row.parent))
    number = sum(objects for objects, _ in _objects(survey, parent))
    held = survey.held(row.table, "object_type_id, object_id, count(*)", "GROUP BY 1, 2 ORDER BY 3 DESC")
    beyond, rows, note = 0.0, survey.count(row.table), ""
    if held:
        type_id, object_id, most = held[0]
        page = survey.read(row, path={"object_type_id": type_id, "object_id": object_id}, query={})
        size = most if page.whole else max(len(page.rows), 1)
        beyond = sum(-(-people // size) - 1 for *_, people in held)
    elif rows is None:
        pages = [survey.read(row, path=named, query={}) for named in spread(_named(survey, parent), ASKED)]
        beyond = number * sum(not page.whole for page in pages) / max(len(pages), 1)
        note = "an object with several pages of people is taken to have two"
    return Cost(requests=number + beyond, rows=rows, lists=("object_types", parent.table), note=note)


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
