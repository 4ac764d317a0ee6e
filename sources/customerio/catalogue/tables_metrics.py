"""The tables of metrics: numbers by period, for campaigns, broadcasts, newsletters, transactional messages.

A row is a number other than 0 of one parent in one period, whose first second is `start_at`. A number counts
in the period in which the message was created (the journey started), so numbers of past periods still grow.
Days of campaigns are requested in UTC; the periods of journeys and of all other parents are in Eastern time.
Where only the last 45 days can be requested, older times are covered by months, and days already read stay.
"""

from sources.customerio.catalogue.resource import DAY, ChangesWith, ColumnType, Resource

# A number is that of deliveries, so a parent without a new or changed one has the numbers that it had.
_OF_DELIVERIES = ChangesWith(rows_of="messages", sweep_s=60 * DAY)
_OF_CLICKS = ChangesWith(rows_of="messages", metric="clicked", sweep_s=60 * DAY)
# A journey starts, and may end, without a delivery.
_OF_JOURNEYS = ChangesWith(rows_of="messages", sweep_s=DAY // 4)

_PERIOD: dict[str, ColumnType] = {"period": "text", "start_at": "bigint"}


def _numbers(
    table: str, what: str, operation: str, parent: str, *ids: str, changes_with: ChangesWith = _OF_DELIVERIES
) -> Resource:
    """A table with a row per metric of `what`."""
    return Resource(
        table=table,
        description=f"One metric of {what}.",
        operation=operation,
        key=(*ids, *_PERIOD, "metric"),
        family="metrics",
        reader="metrics",
        cursor="start_at",
        parent=parent,
        columns={**dict.fromkeys(ids, "bigint"), **_PERIOD, "metric": "text", "value": "bigint"},
        changes_with=changes_with,
    )


def _clicks(table: str, what: str, operation: str, parent: str, *ids: str) -> Resource:
    """A table with a row per link of `what`: all clicks; for a whole also one per message at most."""
    return Resource(
        table=table,
        description=f"The clicks on one link of {what}.",
        operation=operation,
        key=(*ids, "link_id", *_PERIOD),
        family="metrics",
        reader="metrics",
        cursor="start_at",
        parent=parent,
        columns={
            **dict.fromkeys(ids, "bigint"),
            "link_id": "bigint",
            "href": "text",
            **_PERIOD,
            "clicked": "bigint",
            **({"unique_clicked": "bigint"} if len(ids) == 1 else {}),
        },
        changes_with=_OF_CLICKS,
    )


# fmt: off
METRICS: tuple[Resource, ...] = (
    _numbers("campaign_metrics", "a campaign in one period", "campaignMetrics", "campaigns", "campaign_id"),
    _numbers("campaign_action_metrics", "a campaign's action in one period", "campaignActionMetrics", "campaign_actions", "campaign_id", "action_id"),
    _numbers("campaign_journey_metrics", "a campaign's journeys, by the period in which they started", "campaignJourneyMetrics", "campaigns", "campaign_id", changes_with=_OF_JOURNEYS),
    _clicks("campaign_link_metrics", "a campaign in one period", "campaignLinkMetrics", "campaigns", "campaign_id"),
    _clicks("campaign_action_link_metrics", "a campaign's action in one period", "campaignActionLinks", "campaign_actions", "campaign_id", "action_id"),
    _numbers("broadcast_metrics", "a broadcast in one period", "broadcastMetrics", "broadcasts", "broadcast_id"),
    _numbers("broadcast_action_metrics", "a broadcast's action in one period", "broadcastActionMetrics", "broadcast_actions", "broadcast_id", "action_id"),
    _clicks("broadcast_link_metrics", "a broadcast in one period", "broadcastLinks", "broadcasts", "broadcast_id"),
    _clicks("broadcast_action_link_metrics", "a broadcast's action in one period", "broadcastActionLinks", "broadcast_actions", "broadcast_id", "action_id"),
    _numbers("newsletter_metrics", "a newsletter in one period", "getNewsletterMetrics", "newsletters", "newsletter_id"),
    _numbers("newsletter_content_metrics", "one variant of a newsletter in one period", "getVariantMetrics", "newsletter_contents", "newsletter_id", "content_id"),
    _clicks("newsletter_link_metrics", "a newsletter in one period", "getNewsletterLinks", "newsletters", "newsletter_id"),
    _clicks("newsletter_content_link_metrics", "one variant of a newsletter in one period", "getVariantLinks", "newsletter_contents", "newsletter_id", "content_id"),
    _numbers("transactional_metrics", "a transactional message in one period", "transactionalMetrics", "transactional_messages", "transactional_id"),
    _clicks("transactional_link_metrics", "a transactional message in one period", "transactionalLinks", "transactional_messages", "transactional_id"),
)
