"""How lately a parent had numbers decides the requests for its periods."""

import pytest

from pipelines.ingest.forecast.activity import Activity, counts_back, first_day, first_month
from sources.customerio.catalogue import operation
from sources.customerio.catalogue.periods import EASTERN, between
from sources.customerio.sandbox.sandbox import DEFAULT_START

NEVER = Activity(ever=False, lately=False, in_days=False)
LONG_AGO = Activity(ever=True, lately=False, in_days=False)
LATELY = Activity(ever=True, lately=True, in_days=False)
NOW = Activity(ever=True, lately=True, in_days=True)


@pytest.mark.parametrize(
    ("call", "requests"),
    [
        ("getNewsletterMetrics", (1, 1, 2, 2)),
        ("getVariantLinks", (1, 1, 2, 2)),
        ("getNewsletterLinks", (1, 2, 3, 4)),
    ],
)
def test_days_are_asked_for_where_months_have_a_number(call: str, requests: tuple[int, ...]) -> None:
    """Months are one request, days another, and unique clicks one more where there are clicks."""
    found = [activity.requests(operation(call)) for activity in (NEVER, LONG_AGO, LATELY, NOW)]

    assert list(requests) == found


def test_calls_that_take_a_begin_do_not_count_back() -> None:
    """Version 2 of campaigns' metrics and journeys take their begin."""
    back = {
        call: counts_back(operation(call))
        for call in ("campaignMetrics", "campaignJourneyMetrics", "campaignLinkMetrics", "broadcastMetrics")
    }

    assert {"campaignLinkMetrics", "broadcastMetrics"} == {call for call, does in back.items() if does}


def test_the_first_day_is_one_of_forty_five() -> None:
    """The current day is one of those that are counted back; the month is that of the first."""
    first, month = first_day(DEFAULT_START), first_month(DEFAULT_START)

    assert 45 == len(between("days", first, DEFAULT_START, EASTERN))
    assert month <= first < between("months", month, first + 40 * 86_400, EASTERN)[1]
