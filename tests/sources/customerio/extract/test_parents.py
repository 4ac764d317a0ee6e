"""A 404 below a parent means that the parent is gone only if its list, read again, lacks it."""

from typing import Any

import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import BadAnswer, Client, NotServed
from sources.customerio.sandbox import Fault, Sandbox
from tests.sources.customerio.extract.conftest import ReadTable

# A table, the call below its parents, and the list of those.
BELOW = {
    "campaign_actions": ("listCampaignActions", "listCampaigns"),
    "campaign_metrics": ("campaignMetrics", "listCampaigns"),
    "campaign_action_metrics": ("campaignActionMetrics", "listCampaignActions"),
    "collection_rows": ("getCollectionContents", "getCollections"),
    "objects": ("getObjectAttributes", "getObjectsFilter"),
    "relationships": ("getObjectRelationships", "getObjectsFilter"),
    "segment_counts": ("getSegmentCount", "listSegments"),
    "segment_memberships": ("getSegmentMembership", "listSegments"),
    "segment_usage": ("getSegmentDependencies", "listSegments"),
    "subscription_preferences": ("getPersonSubscriptionPreferences", "getPeopleFilter"),
}


@pytest.mark.parametrize("table", BELOW)
def test_a_404_below_a_parent_that_is_listed_fails_by_name(
    small: Sandbox, api: Client, read: ReadTable, table: str
) -> None:
    """A JSON 404 is not believed while the parent is in its list: no row below it counts as deleted."""
    asked, _ = BELOW[table]
    small.faults.add(Fault(operation=asked, status=404))

    with pytest.raises(BadAnswer, match=f"`{asked}` answered 404.* lists the parent still"):
        read(api, table)


@pytest.mark.parametrize("table", BELOW)
def test_a_404_that_is_no_json_fails_without_a_second_look(
    small: Sandbox, api: Client, read: ReadTable, table: str
) -> None:
    """A proxy's page says nothing about the parent: the table fails, and no list is read again."""
    asked, listed = BELOW[table]
    small.faults.add(Fault(operation=asked, status=404, times=None, text="<html>Not found</html>"))

    with pytest.raises(NotServed, match=f"does not serve `{asked}`"):
        read(api, table)
    pages = [request.key for request in small.stats.requests if request.operation == listed]
    assert len(set(pages)) == len(pages) > 0


GONE: dict[str, tuple[str, str]] = {
    "campaign_actions": ("listCampaigns", "campaigns"),
    "campaign_metrics": ("listCampaigns", "campaigns"),
    "segment_memberships": ("listSegments", "segments"),
    "segment_usage": ("listSegments", "segments"),
    "collection_rows": ("getCollections", "collections"),
    "subscription_preferences": ("getPeopleFilter", "people"),
}


@pytest.mark.parametrize("table", GONE)
def test_a_parent_that_left_its_list_has_no_rows(
    small: Sandbox, api: Client, read: ReadTable, table: str
) -> None:
    """A parent that is deleted between its list and its children is skipped; the table is complete."""
    listed, parents = GONE[table]
    key = resource(parents).key[-1]
    gone: Any = next(
        parent[key] if key in parent else parent["identifiers"][key] for parent in small.rows(parents)
    )
    small.faults.add(Fault(operation=listed, then_delete=(parents, str(gone))))

    found = read(api, table)

    assert found.batches[-1].last
    assert gone not in {row.get("campaign_id", row.get("segment_id", row.get(key))) for row in found.rows}


@pytest.mark.parametrize(
    ("table", "called", "document"),
    [
        (
            "segment_memberships",
            "getSegmentMembership",
            {
                "segment_id": 77,
                "identifiers": [{"cio_id": "a", "id": "1", "email": None}],
                "ids": ["1"],
                "next": "",
            },
        ),
        ("segment_usage", "getSegmentDependencies", {"used_by": {"segment_id": 77, "campaigns": []}}),
        ("segment_counts", "getSegmentCount", {"segment_id": 77, "count": 3}),
        ("segment_counts", "getSegmentCount", {"count": -5}),
        (
            "objects",
            "getObjectAttributes",
            {"object": {"identifiers": {"object_id": "another"}, "attributes": {}, "timestamps": {}}},
        ),
        (
            "esp_suppressions",
            "getSuppressionByType",
            {"category": "spam", "suppressions": [{"email": "a@b.c", "created": 5}]},
        ),
        (
            "campaign_actions",
            "listCampaignActions",
            {"actions": [{"id": "1", "campaign_id": 77}], "next": ""},
        ),
    ],
)
def test_an_answer_about_another_parent_is_refused(
    small: Sandbox, api: Client, read: ReadTable, table: str, called: str, document: object
) -> None:
    """A cache that mixes up its pages changes no row."""
    small.faults.add(Fault(operation=called, document=document, times=None))

    with pytest.raises(BadAnswer, match=r"another \w+ than|no number of members|the category spam"):
        read(api, table)


def test_preferences_of_another_person_are_refused(small: Sandbox, api: Client, read: ReadTable) -> None:
    """They would be published as those of the person who was asked for."""
    other = {"customer": {"id": "zzz", "identifiers": {"cio_id": "zzz"}, "topics": []}}
    small.faults.add(Fault(operation="getPersonSubscriptionPreferences", document=other, times=None))

    with pytest.raises(BadAnswer, match="the preferences of another person"):
        read(api, "subscription_preferences")
