"""Metric tables hold every number of Customer.io and add up; numbers that became 0 or are deleted leave."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import duckdb
import httpx
import orjson
import pytest

from sources.customerio.catalogue import RESOURCES, resource
from sources.customerio.catalogue.periods import EASTERN
from sources.customerio.client import BadAnswer, Client, Unavailable
from sources.customerio.extract import RunSummary
from sources.customerio.sandbox import Fault, Sandbox
from tests.sources.customerio.extract.conftest import Project, ReadTable

DAY = 86_400
ONE_OF_EACH = (
    "campaign_metrics",
    "campaign_journey_metrics",
    "newsletter_metrics",
    "transactional_link_metrics",
)
TABLES = tuple(row.table for row in RESOURCES if row.family == "metrics")


def _alive(project: Project, table: str) -> int:
    [(number,)] = project.cells(f"SELECT count(*) FROM {table} WHERE deleted_at IS NULL")
    return int(number)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_what_customer_io_tells(small: Sandbox, api: Client, read: ReadTable, table: str) -> None:
    """Each number equals Customer.io's, with the second at which its period begins."""
    key = resource(table).key

    found = read(api, table, clock=small.clock.now)

    rows = {tuple(row[name] for name in key): row for row in found.rows}
    assert len(rows) == len(found.rows)
    assert rows == {tuple(row[name] for name in key): row for row in small.rows(table)}
    assert rows or table in ("broadcast_link_metrics", "broadcast_action_link_metrics")
    assert found.summary.requests == sum(small.stats.by_operation.values())


@pytest.mark.proof
def test_the_tables_add_up_to_the_deliveries(project: Project) -> None:
    """Summed over all periods, each metric equals its count over the deliveries, unique clicks included."""
    ids = {
        "campaign_action_metrics": ("campaign_id", "action_id"),
        "newsletter_content_metrics": ("newsletter_id", "content_id"),
        "broadcast_metrics": ("broadcast_id",),
    }
    project.run("messages", "newsletter_link_metrics", *ids)

    for table, names in ids.items():
        period = "days" if table.startswith("campaign") else "months"
        for metric in ("sent", "delivered", "opened", "human_opened", "clicked", "converted", "bounced"):
            told = project.cells(
                f"SELECT {', '.join(names)}, sum(value) FROM {table} "
                f"WHERE metric = '{metric}' AND period = '{period}' GROUP BY ALL ORDER BY ALL"
            )
            counted = project.cells(
                f"SELECT {', '.join(names)}, count(*) FROM messages WHERE {names[0]} IS NOT NULL "
                f"AND json_extract(metrics, '$.{metric}') IS NOT NULL GROUP BY ALL ORDER BY ALL"
            )
            assert told == counted, (table, metric)
    unique = "SELECT newsletter_id, sum(unique_clicked) FROM newsletter_link_metrics WHERE period = 'months'"
    clicked = "SELECT newsletter_id, count(*) FROM messages WHERE newsletter_id IS NOT NULL"
    assert project.cells(f"{unique} GROUP BY ALL ORDER BY ALL") == project.cells(
        f"{clicked} AND json_extract(metrics, '$.clicked') IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )


@pytest.mark.proof
def test_an_unchanged_world_costs_no_row_and_a_later_one_only_changes(project: Project) -> None:
    """A second run writes nothing; ten days later every written row differs from its earlier version."""
    project.run(*ONE_OF_EACH)
    again = RunSummary()
    project.run(*ONE_OF_EACH, summary=again)
    assert {0} == {summary.written for summary in again.resources.values()}
    before = {table: project.rows(resource(table)) for table in ONE_OF_EACH}
    project.sandbox.clock.advance(10 * DAY)
    later = RunSummary()

    project.run(*ONE_OF_EACH, summary=later)

    for table in ONE_OF_EACH:
        truth, found = project.truth(resource(table)), project.rows(resource(table))
        assert {key: row for key, row in found.items() if key in truth} == truth
        changed = {key for key, row in found.items() if before[table].get(key) != row}
        assert later.resources[table].new + later.resources[table].changed == len(changed)
        # Days that version 1 of the API no longer returns stay as they were.
        assert {key: before[table][key] for key in found.keys() - truth.keys()} == {
            key: found[key] for key in found.keys() - truth.keys()
        }
        assert 0 == later.resources[table].deleted
    assert later.resources["campaign_metrics"].new


def test_days_that_are_told_no_more_stay(project: Project) -> None:
    """After fifty days the newsletters' old days are in the warehouse, though no answer has them."""
    project.run("newsletter_metrics")
    before = project.rows(resource("newsletter_metrics"))
    project.sandbox.clock.advance(50 * DAY)
    horizon = project.sandbox.clock.now() - 45 * DAY

    project.run("newsletter_metrics")

    after = project.rows(resource("newsletter_metrics"))
    old = {key for key in before if key[1] == "days" and key[2] < horizon}
    assert old
    assert not old & project.truth(resource("newsletter_metrics")).keys()
    assert {key: before[key] for key in old} == {key: after[key] for key in old}


def test_what_became_0_is_gone(project: Project) -> None:
    """A number in the warehouse that Customer.io no longer returns gets a tombstone."""
    project.run("campaign_metrics")
    with duckdb.connect(project.settings.published_file) as connection:
        connection.execute(
            "INSERT INTO customerio_raw.campaign_metrics "
            "SELECT * REPLACE ('fancied' AS metric) FROM customerio_raw.campaign_metrics LIMIT 1"
        )
    before = _alive(project, "campaign_metrics")

    project.run("campaign_metrics")

    project.assert_equal("campaign_metrics")
    assert before - 1 == _alive(project, "campaign_metrics")
    gone = project.cells("SELECT metric, deleted_at FROM campaign_metrics WHERE deleted_at IS NOT NULL")
    assert [("fancied", project.sandbox.clock.now())] == gone


@pytest.mark.proof
def test_metrics_of_what_is_gone_get_tombstones(project: Project) -> None:
    """The numbers of a deleted campaign, action or newsletter get tombstones, and no others."""
    world = project.sandbox
    tables = (
        "campaign_metrics",
        "campaign_link_metrics",
        "campaign_action_metrics",
        "newsletter_content_metrics",
    )
    project.run(*tables)
    before = {table: set(project.rows(resource(table))) for table in tables}
    action = next(row for row in world.rows("campaign_actions") if row["campaign_id"] == 2)
    world.delete("campaigns", 1)
    world.delete("campaign_actions", action["id"])
    world.delete("newsletters", 1)

    project.run(*tables)

    project.assert_equal(*tables)
    for table in tables[:2]:
        gone = before[table] - set(project.rows(resource(table)))
        assert {1} == {key[0] for key in gone}
    gone = before["campaign_action_metrics"] - set(project.rows(resource("campaign_action_metrics")))
    assert {1, 2} == {key[0] for key in gone}
    assert {int(action["id"])} == {key[1] for key in gone if key[0] == 2}
    gone = before["newsletter_content_metrics"] - set(project.rows(resource("newsletter_content_metrics")))
    assert {1} == {key[0] for key in gone}


@pytest.mark.proof
def test_a_campaign_deleted_between_its_list_and_its_metrics_is_skipped(project: Project) -> None:
    """A 404 below a parent that was just deleted is no failure; its numbers get tombstones."""
    project.run("campaign_metrics")
    campaign = max(row["id"] for row in project.sandbox.rows("campaigns"))
    project.sandbox.faults.add(Fault(operation="listCampaigns", then_delete=("campaigns", str(campaign))))

    project.run("campaigns", "campaign_metrics", "campaign_action_metrics")

    project.assert_equal("campaign_metrics", "campaign_action_metrics")


@pytest.mark.proof
@pytest.mark.parametrize("table", ["campaign_link_metrics", "newsletter_content_metrics"])
def test_a_reading_that_breaks_off_leaves_no_tombstone(project: Project, table: str) -> None:
    """After 500s in the middle nothing counts as deleted, and the next run completes."""
    project.run(table)
    before = project.rows(resource(table))
    project.sandbox.faults.add(Fault(operation=resource(table).operation, status=500, times=None, after=1))
    summary = RunSummary()

    project.run(table, summary=summary)

    assert isinstance(summary.resources[table].error, Unavailable)
    assert before == project.rows(resource(table))
    project.sandbox.faults.clear()
    project.run(table)
    project.assert_equal(table)


@pytest.mark.proof
def test_parts_are_listed_once_for_all_who_need_them(project: Project) -> None:
    """Actions and contents are tables and parents too; a run lists them once a parent."""
    project.run(
        "campaign_actions",
        "newsletter_contents",
        "campaign_metrics",
        "campaign_action_metrics",
        "newsletter_content_metrics",
    )

    asked = project.sandbox.stats.by_operation
    assert len(list(project.sandbox.rows("newsletters"))) == asked["listNewsletterVariants"]
    actions = list(project.sandbox.rows("campaign_actions"))
    campaigns = [row["id"] for row in project.sandbox.rows("campaigns")]
    pages = sum(-(-sum(row["campaign_id"] == one for row in actions) // 10) for one in campaigns)
    assert pages == asked["listCampaignActions"]
    assert 1 == asked["listCampaigns"]
    assert 2 == asked["listNewsletters"], "an empty page follows the last one [live-estuary]"
    assert len(campaigns) == asked["campaignMetrics"]
    assert len(actions) == asked["campaignActionMetrics"]


def test_days_without_anything_are_not_asked_for(project: Project) -> None:
    """A message whose months are all 0 costs one request: no days and no unique clicks are requested."""
    project.sandbox.clock.advance(100 * DAY)
    for row in list(project.sandbox.rows("newsletters")):
        if row["id"] != 1:
            project.sandbox.delete("newsletters", row["id"])
    tables = ("newsletter_metrics", "newsletter_link_metrics")
    project.run(*tables)

    project.assert_equal(*tables)
    assert project.rows(resource("newsletter_metrics"))
    assert 1 == project.sandbox.stats.by_operation["getNewsletterMetrics"]
    clicked = 2 if project.rows(resource("newsletter_link_metrics")) else 1
    assert clicked == project.sandbox.stats.by_operation["getNewsletterLinks"]


@pytest.mark.parametrize("table", ["newsletter_metrics", "broadcast_link_metrics"])
def test_numbers_read_while_the_day_turns_are_read_again(
    small: Sandbox, api: Client, read: ReadTable, table: str
) -> None:
    """If the date changes between request and answer, the answer is not used and the request is repeated."""
    now = datetime.fromtimestamp(small.clock.now(), EASTERN)
    midnight = int(now.replace(hour=0, minute=0).timestamp()) + DAY
    small.clock.advance(midnight - small.clock.now())
    times = iter([midnight - 1])

    found = read(api, table, clock=lambda: next(times, midnight))

    keys = resource(table).key
    rows = {tuple(row[name] for name in keys): row for row in found.rows}
    assert rows == {tuple(row[name] for name in keys): row for row in small.rows(table)}
    assert all(batch.scope is None or batch.scope.low != midnight - 46 * DAY for batch in found.batches)


def test_days_of_the_short_and_the_long_day_are_dated_right(
    client_of: Callable[..., Client], read: ReadTable
) -> None:
    """When New York's clocks go back on November 1, days before and after begin at their own midnight."""
    sandbox = Sandbox(scale="tiny", now=int(datetime(2026, 11, 25, 12, tzinfo=EASTERN).timestamp()))
    with sandbox.serve() as served:
        rows = read(client_of(served, sandbox.app_api_key), "transactional_metrics").rows

    starts = {row["start_at"] for row in rows if row["period"] == "days"}
    assert {(0, 0, 0)} == {
        (at.hour, at.minute, at.second) for at in (datetime.fromtimestamp(start, EASTERN) for start in starts)
    }
    assert {-4 * 3600, -5 * 3600} == {
        int(offset.total_seconds())
        for offset in (datetime.fromtimestamp(start, EASTERN).utcoffset() for start in starts)
        if offset is not None
    }


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        ({}, "metric"),
        ({"metric": {}}, "series"),
        ({"metric": None}, "series"),
        ([], "metric"),
        (None, "metric"),
    ],
)
def test_an_answer_of_another_shape_is_no_zero(
    client_of: Callable[..., Client], read: ReadTable, document: Any, missing: str
) -> None:
    """An answer without its series stops the reading; as zeros it would empty the table."""

    def outside(request: httpx.Request) -> httpx.Response:
        body = {"broadcasts": [{"id": 1}]} if request.url.path == "/v1/broadcasts" else document
        return httpx.Response(200, content=orjson.dumps(body))

    with pytest.raises(BadAnswer, match=f"holds .*`{missing}`"):
        read(client_of(outside), "broadcast_metrics")


@pytest.mark.parametrize(
    ("series", "says"),
    [
        ("123", "a str as its series"),
        ([5], "a list as its series"),
        (False, "a bool as its series"),
        ({"sent": "123"}, "no list of counts"),
        ({"sent": {"7": 1}}, "no list of counts"),
        ({"sent": ["0", "5"]}, "no list of counts"),
        ({"sent": [-5]}, "no list of counts"),
        ({"sent": [1.5]}, "no list of counts"),
        ({"sent": [True]}, "no list of counts"),
        ({"sent": False}, "no list of counts"),
        ({"sent": [1] * 500}, "a series of 500 numbers for"),
    ],
)
def test_a_series_that_is_no_list_of_counts_is_refused(
    client_of: Callable[..., Client], read: ReadTable, series: object, says: str
) -> None:
    """Digits of a text, keys of an object and numbers of other periods are no counts."""

    def outside(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/broadcasts":
            return httpx.Response(200, json={"broadcasts": [{"id": 1}]})
        return httpx.Response(200, json={"metric": {"series": series}})

    with pytest.raises(BadAnswer, match=says):
        read(client_of(outside), "broadcast_metrics")


def test_a_series_that_is_null_or_short_counts_from_now(
    client_of: Callable[..., Client], read: ReadTable
) -> None:
    """The last number is the current period's, for a series of any length."""
    now = int(datetime(2026, 10, 15, 12, tzinfo=EASTERN).timestamp())

    def outside(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/broadcasts":
            return httpx.Response(200, json={"broadcasts": [{"id": 1}]})
        return httpx.Response(200, json={"metric": {"series": {"sent": [5, 0, 7], "opened": None}}})

    rows = read(client_of(outside), "broadcast_metrics", clock=lambda: now).rows

    days = {row["start_at"]: row["value"] for row in rows if row["period"] == "days"}
    today = int(datetime(2026, 10, 15, tzinfo=EASTERN).timestamp())
    assert {today: 7, today - 2 * DAY: 5} == days
