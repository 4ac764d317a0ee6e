"""Lists are read whole: a row that is missing is deleted only if the reading was complete."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import BadAnswer, Client, Unavailable
from sources.customerio.extract import Options, RunSummary
from sources.customerio.sandbox import Fault, Sandbox
from tests.conftest import Warehouse
from tests.sources.customerio.extract.conftest import Project, ReadTable

# One table of each way of reading but the plainest.
FITTINGS = (
    "broadcast_actions", "broadcast_triggers", "newsletter_contents", "newsletter_test_groups",
    "transactional_messages", "transactional_contents", "segment_usage", "segment_counts",
    "sender_identities", "sender_usage", "snippets", "collections", "collection_rows",
    "subscription_topics", "ip_addresses",
)  # fmt: skip
CONFIG = ("campaigns", "campaign_actions", "newsletters", "segments", "segment_memberships")


def _tombstones(project: Project, table: str) -> set[tuple[Any, ...]]:
    keys = ", ".join(resource(table).key)
    return set(project.cells(f"SELECT {keys} FROM {table} WHERE deleted_at IS NOT NULL"))


def _member(sandbox: Sandbox, segment_id: int | None = None) -> tuple[int, str]:
    rows = list(sandbox.rows("segment_memberships"))
    found = next(row for row in rows if segment_id in (None, row["segment_id"]))
    return found["segment_id"], found["cio_id"]


@pytest.mark.proof
def test_vanished_rows_get_a_tombstone_and_lose_it_when_they_come_back(project: Project) -> None:
    """A deleted campaign with its actions, a segment with its members, a newsletter: all get tombstones."""
    sandbox = project.sandbox
    campaign = next(iter(sandbox.rows("campaigns")))["id"]
    action = next(row for row in sandbox.rows("campaign_actions") if row["campaign_id"] != campaign)
    newsletter = next(iter(sandbox.rows("newsletters")))
    segments = list(sandbox.rows("segments"))
    manual = next(row["id"] for row in segments if row["type"] == "manual")
    dynamic = next(row["id"] for row in segments if row["type"] == "dynamic")
    person = sandbox.add("people", email="joins@example.com")
    sandbox.join_segment(manual, person)
    before = {table: set(project.truth(resource(table))) for table in CONFIG}
    project.run(*CONFIG)
    sandbox.delete("campaigns", campaign)
    sandbox.delete("campaign_actions", action["id"])
    sandbox.delete("newsletters", newsletter["id"])
    sandbox.delete("segments", dynamic)
    sandbox.leave_segment(manual, person)
    sandbox.clock.advance(60)

    project.run(*CONFIG)

    project.assert_equal(*CONFIG)
    for table in ("campaigns", "campaign_actions", "newsletters", "segments"):
        gone = before[table] - set(project.truth(resource(table)))
        assert gone
        assert gone == _tombstones(project, table)
    assert (manual, person) in _tombstones(project, "segment_memberships")
    assert any(segment == dynamic for segment, _ in _tombstones(project, "segment_memberships"))
    assert {(sandbox.clock.now(),)} == set(
        project.cells("SELECT DISTINCT deleted_at FROM campaigns WHERE deleted_at IS NOT NULL")
    )

    sandbox.join_segment(manual, person)
    sandbox.add("newsletters", **newsletter)
    project.run(*CONFIG)
    project.assert_equal(*CONFIG)
    assert (manual, person) not in _tombstones(project, "segment_memberships")
    assert set() == _tombstones(project, "newsletters")


@pytest.mark.proof
def test_a_tombstone_keeps_the_row_as_it_was(project: Project) -> None:
    """A deleted campaign keeps all columns, JSON included; `deleted_at` does not change later."""
    project.run("campaigns")
    row = resource("campaigns")
    before = project.rows(row)
    gone = next(iter(before))
    project.sandbox.delete("campaigns", gone[0])
    project.run("campaigns")
    project.sandbox.clock.advance(3600)
    project.run("campaigns")

    assert before[gone] == project.rows(row, tombstones=True)[gone]
    [(loads, deleted_at)] = project.cells(
        "SELECT count(DISTINCT _dlt_load_id), max(deleted_at) FROM campaigns WHERE deleted_at IS NOT NULL"
    )
    assert (1, project.sandbox.clock.now() - 3600) == (loads, deleted_at)


@pytest.mark.proof
@pytest.mark.parametrize("table", ["campaign_actions", "segment_memberships"])
def test_a_reading_that_breaks_off_leaves_no_tombstone(project: Project, table: str) -> None:
    """After 500s in the middle, rows land, none counts as deleted, and the summary has the failure."""
    project.run(table)
    before = project.rows(resource(table))
    if table == "campaign_actions":
        key = next(row["id"] for row in project.sandbox.rows(table))
        project.sandbox.edit(table, key, subject="Edited")
    else:
        project.sandbox.leave_segment(*_member(project.sandbox))
    project.sandbox.delete("campaigns", max(row["id"] for row in project.sandbox.rows("campaigns")))
    operation = resource(table).operation
    project.sandbox.faults.add(Fault(operation=operation, status=500, times=None, after=1))
    summary = RunSummary()

    project.run(table, summary=summary)

    error = summary.resources[table].error
    assert isinstance(error, Unavailable)
    assert 500 == error.status
    alive = project.rows(resource(table))
    gone = before.keys() - alive.keys()
    assert len(gone) <= (1 if table == "segment_memberships" else 0), (
        "only the one segment that was read whole"
    )
    project.sandbox.faults.clear()
    project.run(table)
    project.assert_equal(table)


def test_what_was_read_before_the_failure_lands(project: Project) -> None:
    """Children that answered are in the warehouse although the rest failed; a second run completes them."""
    project.sandbox.faults.add(Fault(operation="listCampaignActions", status=500, times=None, after=2))
    summary = RunSummary()

    project.run("campaign_actions", summary=summary)

    landed, truth = project.rows(resource("campaign_actions")), project.truth(resource("campaign_actions"))
    assert landed.keys() < truth.keys()
    assert len(landed) == summary.resources["campaign_actions"].new > 0
    project.sandbox.faults.clear()
    project.run("campaign_actions")
    project.assert_equal("campaign_actions")


@pytest.mark.proof
def test_a_failed_list_leaves_the_others_alone(project: Project) -> None:
    """With a summary, the failure of one resource ends neither the others nor the load."""
    project.run("campaigns", "newsletters", "messages")
    watermark = project.state("messages")
    project.sandbox.delete("newsletters", next(iter(project.sandbox.rows("newsletters")))["id"])
    project.sandbox.clock.advance(86_400)
    project.sandbox.faults.add(
        Fault(operation="listCampaigns", status=503, times=None),
        Fault(operation="listMessages", status=503, times=None),
    )
    summary = RunSummary()

    project.run("campaigns", "campaign_actions", "newsletters", "messages", summary=summary)

    failed = {failed.resource for failed in summary.failed}
    assert {"campaigns", "campaign_actions", "messages"} == failed
    assert set() == _tombstones(project, "campaigns")
    project.assert_equal("newsletters")
    assert watermark == project.state("messages")


@pytest.mark.proof
def test_a_campaign_deleted_between_its_list_and_its_actions_is_skipped(project: Project) -> None:
    """A 404 below a parent that was just deleted is no failure: its children are deleted too."""
    project.run("campaigns", "campaign_actions")
    campaign = max(row["id"] for row in project.sandbox.rows("campaigns"))
    project.sandbox.faults.add(Fault(operation="listCampaigns", then_delete=("campaigns", str(campaign))))

    project.run("campaigns", "campaign_actions")

    project.assert_equal("campaign_actions")
    assert any(parent == campaign for parent, _ in _tombstones(project, "campaign_actions"))
    assert (campaign,) not in _tombstones(project, "campaigns"), "it was still listed"
    project.run("campaigns")
    project.assert_equal("campaigns")


def test_children_that_are_not_served_fail_by_name_and_leave_no_tombstone(project: Project) -> None:
    """A 404 in plain text is no deleted parent: the table fails, and keeps its rows."""
    project.run("campaigns", "campaign_actions")
    before = project.rows(resource("campaign_actions"))
    project.sandbox.knobs.not_served = {"listCampaignActions"}
    summary = RunSummary()

    project.run("campaigns", "campaign_actions", summary=summary)

    (failed,) = summary.failed
    assert failed.resource == "campaign_actions"
    assert "does not serve `listCampaignActions`" in str(failed.error)
    assert before
    assert before == project.rows(resource("campaign_actions"))
    assert set() == _tombstones(project, "campaign_actions")


def test_a_list_that_is_not_served_fails_by_name_and_leaves_no_tombstone(project: Project) -> None:
    """The same for a list of its own; tables beside it are read."""
    project.run("campaigns", "newsletters")
    project.sandbox.knobs.not_served = {"listCampaigns"}
    summary = RunSummary()

    project.run("campaigns", "newsletters", summary=summary)

    assert ["campaigns"] == [failed.resource for failed in summary.failed]
    assert set() == _tombstones(project, "campaigns")
    project.assert_equal("newsletters")


@pytest.mark.proof
def test_a_segment_that_is_built_records_neither_joins_nor_leaves(project: Project) -> None:
    """While a segment is being built no join or leave is recorded; they arrive once it is finished."""
    tables = ("segments", "segment_memberships")
    segment, member = _member(project.sandbox)
    project.run(*tables)
    before = project.rows(resource("segment_memberships"))
    newcomer = project.sandbox.add("people", email="newcomer@example.com")
    project.sandbox.edit("segments", segment, state="build")
    project.sandbox.leave_segment(segment, member)
    project.sandbox.join_segment(segment, newcomer)

    project.run(*tables)

    after = project.rows(resource("segment_memberships"))
    assert {key for key in before if key[0] == segment} == {key for key in after if key[0] == segment}
    project.sandbox.edit("segments", segment, state="finished")
    project.run(*tables)
    project.assert_equal(*tables)


def test_an_action_s_id_is_text(project: Project) -> None:
    """Action ids stay text, also if Customer.io sends numbers."""
    project.run("campaign_actions")

    assert [("VARCHAR", "BIGINT")] == project.cells(
        "SELECT DISTINCT typeof(id), typeof(campaign_id) FROM campaign_actions"
    )
    assert all(isinstance(key[1], str) for key in project.rows(resource("campaign_actions")))


def test_an_empty_list_that_comes_as_null_is_no_failure(small: Sandbox, api: Client, read: ReadTable) -> None:
    """`null` stands for no rows, so the table is known to be empty."""
    for row in list(small.rows("newsletters")):
        small.delete("newsletters", row["id"])
    small.faults.add(Fault(operation="listNewsletters", null_rows=True))

    found = read(api, "newsletters")

    assert [] == found.rows
    assert found.batches[-1].last


def test_a_list_is_asked_for_once_for_all_who_need_it(project: Project) -> None:
    """Campaigns and segments are parents too; a sync requests their lists once."""
    project.run(*CONFIG)

    asked = project.sandbox.stats.by_operation
    assert (1, 1) == (asked["listCampaigns"], asked["listSegments"])


@pytest.mark.proof
def test_everything_a_workspace_is_furnished_with_lands(project: Project) -> None:
    """Wrapped records, bare values, lists in two parts, single objects: every table equals the workspace."""
    for table in FITTINGS:
        assert project.truth(resource(table)), f"the world has rows of {table}"

    project.run(*FITTINGS)

    project.assert_equal(*FITTINGS)
    asked = project.sandbox.stats.by_operation
    assert {1} == {
        asked[name] for name in ("listSegments", "listBroadcasts", "getCollections", "listSnippets")
    }
    # Visible and hidden topics, each with an empty last page.
    assert 4 == asked["listSenders"]


@pytest.mark.proof
def test_what_goes_from_a_workspace_gets_a_tombstone(project: Project) -> None:
    """A deleted snippet, collection with its rows, row, sender with its usage or topic gets a tombstone."""
    project.run(*FITTINGS)
    assert project.client is not None
    app = project.client.app
    app.delete_snippet(snippet_name="Größe/Maße")
    app.delete_collection(collection_id=3)
    app.update_collection_contents(collection_id=1, body={"only": "row"})
    project.sandbox.delete("sender_identities", 3)
    project.sandbox.delete("subscription_topics", 2)

    project.run(*FITTINGS)

    project.assert_equal(*FITTINGS)
    assert {("Größe/Maße",)} == _tombstones(project, "snippets")
    assert {(3,)} == _tombstones(project, "collections")
    assert {(3, 1), *((1, number) for number in range(2, 41))} == _tombstones(project, "collection_rows")
    assert {(3,)} == _tombstones(project, "sender_identities") == _tombstones(project, "sender_usage")
    assert {(2,)} == _tombstones(project, "subscription_topics")


def test_new_contents_are_seen_although_nothing_says_so(project: Project) -> None:
    """The contents of a collection are always fetched, because its `updated_at` does not change with them."""
    project.run("collections", "collection_rows")
    before = project.rows(resource("collections"))[1,]
    project.sandbox.clock.advance(60)
    assert project.client is not None
    project.client.app.update_collection_contents(collection_id=1, body={"now": ["one", "object"]})

    project.run("collections", "collection_rows")

    project.assert_equal("collections", "collection_rows")
    assert before["updated_at"] == project.rows(resource("collections"))[1,]["updated_at"]
    assert {"now": ["one", "object"]} == project.rows(resource("collection_rows"))[1, 1]["row"]


@pytest.mark.proof
def test_a_count_is_a_row_when_it_is_another_or_a_day_old(project: Project) -> None:
    """Counts are a history: after an hour only changed ones are added, after a day all."""
    table, sandbox = "segment_counts", project.sandbox
    manual = next(row["id"] for row in sandbox.rows("segments") if row["type"] == "manual")
    began, segments = sandbox.clock.now(), len(list(sandbox.rows("segments")))
    project.run(table)
    sandbox.clock.advance(3600)
    project.run(table)
    assert [(segments,)] == project.cells(f"SELECT count(*) FROM {table}")
    sandbox.join_segment(manual, sandbox.add("people", id="newcomer"))

    project.run(table)
    changed = project.cells(f"SELECT segment_id FROM {table} WHERE counted_at = {began + 3600}")
    sandbox.clock.advance(86_400)
    project.run(table)

    assert (manual,) in changed
    assert len(changed) < segments
    found = project.rows(resource(table))
    assert project.truth(resource(table)).items() <= found.items()
    assert 2 * segments + len(changed) == len(found)


def test_a_segment_that_is_built_is_not_counted(project: Project) -> None:
    """A segment that is being built is not counted, because its list is incomplete."""
    segment = next(project.sandbox.rows("segments"))["id"]
    project.sandbox.edit("segments", segment, state="build")

    project.run("segment_counts")

    assert [(0,)] == project.cells(f"SELECT count(*) FROM segment_counts WHERE segment_id = {segment}")
    project.assert_equal("segment_counts")


@pytest.mark.proof
def test_counts_of_a_reading_that_broke_off_are_told_by_the_next(project: Project) -> None:
    """A count that was read and not handed over is a row of the next sync."""
    table, sandbox = "segment_counts", project.sandbox
    manual = next(row["id"] for row in sandbox.rows("segments") if row["type"] == "manual")
    project.run(table)
    sandbox.clock.advance(3600)
    sandbox.join_segment(manual, sandbox.add("people", id="newcomer"))
    broken = next(row["id"] for row in sandbox.rows("segments") if row["id"] != manual)
    sandbox.faults.add(
        Fault(operation="getSegmentCount", path={"segment_id": broken}, status=403, times=None)
    )
    summary = RunSummary()
    project.run(table, summary=summary)
    assert summary.resources[table].error is not None
    sandbox.faults.clear()
    sandbox.clock.advance(60)

    project.run(table)

    assert project.truth(resource(table)).keys() >= {(manual, sandbox.clock.now())}
    newest = f"SELECT arg_max(count, counted_at) FROM {table} WHERE segment_id = {manual}"
    [truth] = [row["count"] for row in sandbox.rows(table) if row["segment_id"] == manual]
    assert [(truth,)] == project.cells(newest)


def test_a_segment_in_an_unknown_state_is_read_and_named(project: Project) -> None:
    """Its new members land, the note has its state, and a member who is not found waits to be accepted."""
    table, sandbox = "segment_memberships", project.sandbox
    segment, member = _member(sandbox)
    project.run(table)
    before = len(project.rows(resource(table)))
    sandbox.clock.advance(60)
    sandbox.join_segment(segment, sandbox.add("people", id="newcomer"))
    sandbox.leave_segment(segment, member)
    sandbox.edit("segments", segment, state="hibernating")

    for _ in range(2):
        summary = RunSummary()
        project.run(table, summary=summary)
        alive = {key for key in project.rows(resource(table)) if key[0] == segment}
        assert {(segment, member)} < alive
        assert before < len(project.rows(resource(table)))
        assert "hibernating" in summary.resources[table].note
        assert "1 in segments whose state is not known. What was read is loaded" in str(
            summary.resources[table].held
        )

    project.run(table, options=Options(accept_deletions=(table,)), summary=summary)

    project.assert_equal(table)


def test_all_members_of_a_segment_in_an_unknown_state_are_there(project: Project) -> None:
    """A state that is not known is no error as long as no member is missing."""
    table, sandbox = "segment_memberships", project.sandbox
    segment, _ = _member(sandbox)
    project.run(table)
    sandbox.edit("segments", segment, state="hibernating")
    summary = RunSummary()

    project.run(table, summary=summary)

    project.assert_equal(table)
    assert summary.resources[table].held is None


@pytest.mark.proof
def test_everybody_s_preferences(project: Project) -> None:
    """Preferences cost one request a person, and only when named; a deleted person's get a tombstone."""
    table = "subscription_preferences"
    project.run(table)
    project.assert_equal(table)
    people = len(list(project.sandbox.rows("people")))
    assert people == project.sandbox.stats.by_operation["getPersonSubscriptionPreferences"]
    gone, changed, *_ = sorted(cio_id for (cio_id,) in project.truth(resource(table)))
    project.sandbox.delete("people", gone)
    project.sandbox.edit("people", changed, cio_subscription_preferences='{"topics":{"topic_3":true}}')

    project.run(table)

    project.assert_equal(table)
    assert {(gone,)} == _tombstones(project, table)


def test_an_answer_without_its_record_is_told(small: Sandbox, client_of: Any, read: ReadTable) -> None:
    """An answer of another shape is a failure, not a table of nulls."""
    lists = {"/v1/segments": {"segments": [{"id": 1, "state": "finished"}]}}
    client = client_of(lambda request: httpx.Response(200, json=lists.get(request.url.path, {"used": {}})))

    with pytest.raises(BadAnswer, match="used_by"):
        read(client, "segment_usage")
    assert 0 == small.stats.total


NO_LIST: tuple[Any, ...] = (
    {},
    [],
    {"message": "hello"},
    {"meta": {"error": "not now"}},
    {"error": "not now"},
)
LISTS = {
    "activities": "listActivities",
    "campaigns": "listCampaigns",
    "campaign_actions": "listCampaignActions",
    "esp_suppressions": "getSuppressionByType",
    "messages": "listMessages",
    "objects": "getObjectsFilter",
    "people": "getPeopleById",
    "relationships": "getObjectRelationships",
    "segment_counts": "getSegmentCount",
    "segment_memberships": "getSegmentMembership",
    "segment_usage": "getSegmentDependencies",
}


@pytest.mark.parametrize("table", LISTS)
def test_a_200_without_what_was_asked_for_is_no_empty_list(
    small: Sandbox, api: Client, read: ReadTable, table: str
) -> None:
    """Another document than the one asked for ends the reading by name, whichever reader asked."""
    for document in NO_LIST:
        small.faults.clear()
        small.faults.add(Fault(operation=LISTS[table], times=None, document=document))

        with pytest.raises(BadAnswer, match=f"The answer to `{LISTS[table]}` holds"):
            read(api, table)


@pytest.mark.proof
def test_a_200_without_the_list_writes_no_tombstone_and_no_coverage(warehouse: Warehouse) -> None:
    """Tables whose lists are missing in a 200 fail by name; nothing is deleted, no time claimed as read."""
    tables = ("campaigns", "campaign_actions", "messages", "newsletters")
    for name in ("listCampaigns", "listMessages"):
        warehouse.sandbox.faults.add(Fault(operation=name, times=None, document={"message": "hello"}))

    failing = warehouse.sync(*tables)
    warehouse.sandbox.faults.clear()
    warehouse.sync(*tables)

    assert ["campaigns", "campaign_actions", "messages"] == [failed.resource for failed in failing.failed]
    assert warehouse.truth(resource("messages")).keys() == warehouse.rows(resource("messages")).keys()
    assert [(1,)] == warehouse.query(
        "SELECT count(DISTINCT read_at) FROM customerio_raw.coverage WHERE resource = 'messages'"
    )
    warehouse.sandbox.faults.add(Fault(operation="listCampaigns", times=None, document={}))
    again = warehouse.sync(*tables)
    assert ["campaigns", "campaign_actions"] == [failed.resource for failed in again.failed]
    assert warehouse.truth(resource("campaigns")).keys() == warehouse.rows(resource("campaigns")).keys()


def test_members_are_handed_over_page_by_page(client_of: Callable[..., Client], read: ReadTable) -> None:
    """Each page of a segment's members is a batch; the scope is complete after the last page, not before."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/segments":
            return httpx.Response(200, json={"segments": [{"id": 6, "state": "finished"}]})
        page = int(request.url.params.get("start") or 0)
        members = [{"cio_id": f"a{page}{number}"} for number in range(5)]
        return httpx.Response(200, json={"identifiers": members, "next": str(page + 1) if page < 2 else ""})

    found = read(client_of(answer), "segment_memberships")

    of_segment = [batch for batch in found.batches if batch.scope and batch.scope.high == 6]
    assert [(len(batch.rows), batch.last) for batch in of_segment] == [(5, False)] * 3 + [(0, True)]
