"""An export request is checked before anything is sent."""

from typing import Any

import pytest

from pipelines.export import DeliveriesRequest, PeopleRequest
from pipelines.export.requests import METRICS, from_json, to_json
from sources.customerio.catalogue.people_filter import ALL_PEOPLE
from sources.customerio.client import ConfigError
from sources.customerio.sandbox.state.store.deliveries import METRICS as SANDBOX_METRICS

DAY = 86_400


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "exactly one parent, and none was given"),
        ({"campaign_id": 1, "newsletter_id": 2}, "campaign_id, newsletter_id was given"),
        ({"campaign_id": 1, "start": 0}, "both a start and an end"),
        ({"campaign_id": 1, "start": 10, "end": 9}, "Swap them"),
        ({"campaign_id": 1, "start": 0, "end": 367 * DAY}, "12 months at most"),
        ({"campaign_id": 1, "metric": "open"}, "There are attempted"),
    ],
)
def test_a_wrong_deliveries_order_is_refused(given: dict[str, Any], says: str) -> None:
    """The message has the wrong value and the right choice."""
    with pytest.raises(ConfigError, match=says):
        DeliveriesRequest(**given)


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"and": []},
        {"and": [{}]},
        {"or": ALL_PEOPLE, "and": ALL_PEOPLE},
        {"like": {}},
        {"not": {"segment": {"id": "7"}}},
        {"attribute": {"field": "plan", "operator": "eq"}},
        {"attribute": {"field": "plan", "operator": "gt", "value": 1}},
    ],
)
def test_a_wrong_filter_is_refused(filters: dict[str, Any]) -> None:
    """Filters follow the grammar of searches."""
    with pytest.raises(ConfigError, match="filter"):
        PeopleRequest(filters=filters)


def test_a_year_and_nested_filters_are_fine() -> None:
    """Twelve months of a leap year are accepted, and every form of the filter grammar."""
    DeliveriesRequest(action_id=1, start=0, end=366 * DAY, metric="opened", drafts=True)
    leaf = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}
    PeopleRequest(filters={"or": [leaf, {"not": {"segment": {"id": 7}}}, ALL_PEOPLE]})


def test_only_everybody_is_everybody() -> None:
    """Only the default means all people; `id exists` does not."""
    having_id = {"attribute": {"field": "id", "operator": "exists"}}
    assert PeopleRequest().is_everybody
    assert not PeopleRequest(filters=having_id).is_everybody


@pytest.mark.parametrize(
    "wanted",
    [
        PeopleRequest(),
        PeopleRequest(attributes=("Name", "name")),
        DeliveriesRequest(campaign_id=1, start=1, end=2, attributes=("plan",), drafts=True, metric="sent"),
        DeliveriesRequest(transactional_message_id=3),
    ],
)
def test_an_order_is_read_as_it_was_written(wanted: PeopleRequest | DeliveriesRequest) -> None:
    """A stored request reads back equal, so that a repeat is found and the checked request is sent."""
    assert wanted == from_json(wanted.kind, to_json(wanted))


def test_the_metrics_are_those_of_deliveries() -> None:
    """The metrics of a request and of a file have the API's names."""
    assert METRICS == SANDBOX_METRICS
