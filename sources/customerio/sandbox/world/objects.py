"""The objects of a world: companies with their people, courses with their students, a disabled type.

Everything follows from the scale and from numbers; no random numbers are drawn.
"""

from collections.abc import Iterator

from sources.customerio.sandbox.clock import DAY
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.planned_changes import (
    AddObjectType,
    PlannedChange,
    PutObject,
    RelatePerson,
)
from sources.customerio.sandbox.world import vocabulary
from sources.customerio.sandbox.world.scale import Scale

COMPANIES, COURSES, CONCERTS = "1", "2", "3"
_PEOPLE_A_COMPANY, _MOST_COMPANIES, _MOST_COURSES, _STUDENTS = 8, 36, 8, 7
_STAFF, _OTHERS = 25, 240
_CHANGE_EVERY, _JOIN_EVERY = 5, 4


class ObjectPlanner:
    """Plans objects, their relationships, and their changes day by day."""

    def __init__(self, scale: Scale, people: int) -> None:
        """`people` is how many people there are at the beginning; they are numbered from 0."""
        self._people = people
        self._companies = min(max(scale.people // _PEOPLE_A_COMPANY, 1), _MOST_COMPANIES)
        self._courses = max(2, self._companies * _MOST_COURSES // _MOST_COMPANIES)

    def opening(self, genesis: int) -> Iterator[PlannedChange]:
        """Object types, objects and relationships at the beginning."""
        for type_id, name, singular, enabled in vocabulary.OBJECT_TYPES:
            yield AddObjectType(at=genesis, record=_type(type_id, name, singular, enabled=enabled))
        for number in range(self._companies):
            about = _about(number, genesis)
            yield PutObject(at=genesis, type_id=COMPANIES, id=_company(number), attributes=about)
        for number in range(self._courses):
            yield PutObject(at=genesis, type_id=COURSES, id=_course_id(number), attributes=_course(number))
        concert = {"name": "Summer night", "city": "Berlin", "seats": 900}
        yield PutObject(at=genesis, type_id=CONCERTS, id="summer-night", attributes=concert)
        yield from self._relations(genesis)

    def daily(self, day: int, begins: int) -> Iterator[PlannedChange]:
        """Changes of a day: a company's plan and seats, a person who starts a course."""
        if day % _CHANGE_EVERY == 2:
            number = day // _CHANGE_EVERY * 3 % self._companies
            values: Record = {"seats": 5 + day % 90, "plan": vocabulary.PLANS[day % len(vocabulary.PLANS)]}
            at = begins + 13 * 3600
            yield PutObject(at=at, type_id=COMPANIES, id=_company(number), attributes=values)
        if day % _JOIN_EVERY == 1:
            course, person = day % self._courses, day * 37 % self._people
            at, about = begins + 12 * 3600, {"enrolled_on": begins, "progress": 0}
            yield RelatePerson(at=at, type_id=COURSES, id=_course_id(course), number=person, attributes=about)

    def _relations(self, genesis: int) -> Iterator[RelatePerson]:
        # The first company is so large that its people need several pages.
        for number in range(min(self._people, _STAFF)):
            staff: Record = {"role": "admin" if number == 0 else "member"}
            yield RelatePerson(at=genesis, type_id=COMPANIES, id=_company(0), number=number, attributes=staff)
        for number in range(_STAFF, self._people, max(2, self._people // _OTHERS)):
            company = _company(number % self._companies)
            role: Record = {
                "role": ("admin", "member", "billing")[number % 3],
                "since": genesis - number * DAY,
            }
            yield RelatePerson(at=genesis, type_id=COMPANIES, id=company, number=number, attributes=role)
        for course in range(self._courses):
            for student in range(min(_STUDENTS, self._people)):
                person = (course * 11 + student * 5) % self._people
                about = {"progress": student * 15 % 101}
                yield RelatePerson(
                    at=genesis, type_id=COURSES, id=_course_id(course), number=person, attributes=about
                )
        yield RelatePerson(at=genesis, type_id=CONCERTS, id="summer-night", number=1, attributes={})


def _type(type_id: str, name: str, singular: str, *, enabled: bool) -> Record:
    """A type as the API lists it: live without an icon [live-estuary]."""
    return {
        "id": type_id,
        "name": name,
        "singular_name": singular,
        "slug": name.lower(),
        "singular_slug": singular.lower(),
        "enabled": enabled,
    }


def _company(number: int) -> str:
    return vocabulary.COMPANIES[number % len(vocabulary.COMPANIES)].lower().replace(" ", "-") + (
        f"-{number // len(vocabulary.COMPANIES)}" if number >= len(vocabulary.COMPANIES) else ""
    )


def _about(number: int, genesis: int) -> Record:
    return {
        "name": vocabulary.COMPANIES[number % len(vocabulary.COMPANIES)],
        "plan": vocabulary.PLANS[number * 5 % len(vocabulary.PLANS)],
        "seats": 3 + number * 7 % 120,
        "trial": number % 4 == 0,
        "mrr": round(number * 137.5 % 4000, 2),
        "signed_at": genesis - number * 9 * DAY,
        **({"tags": ["key", "eu"]} if number % 5 == 0 else {}),
    }


def _course_id(number: int) -> str:
    # With a slash, so that a client that does not encode it in a path gets another path.
    return f"c/{101 + number}"


def _course(number: int) -> Record:
    name = vocabulary.COURSES[number % len(vocabulary.COURSES)]
    return {"name": name, "lessons": 4 + number, "free": number % 3 == 0}
