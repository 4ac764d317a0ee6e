"""One record that cannot be a row is set aside; all others land, and the run tells."""

from dataclasses import replace

import orjson
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import BadAnswer
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse

DEEP = '{"id":' + '{"a":' * 1_500 + "1" + "}" * 1_501
TABLES = ("campaigns", "campaign_actions", "messages", "activities", "segments", "segment_memberships")
ODD = (
    Fault(operation="listCampaigns", times=None, raw_records=("null", "7", '{"name":"hunter2"}', DEEP)),
    Fault(
        operation="listMessages", raw_records=('{"id":"m","created":null}', '{"id":null,"created":1}', "[]")
    ),
    Fault(operation="listActivities", raw_records=('{"id":"a","timestamp":null}', "null")),
    Fault(operation="getSegmentMembership", raw_records=('{"id":"x","cio_id":null}',)),
)


@pytest.mark.proof
def test_records_that_cannot_be_rows_are_set_aside_and_all_others_land(warehouse: Warehouse) -> None:
    """Of odd lists every good row lands, and the odd records are in `rejected_records`."""
    warehouse.sandbox.faults.add(*ODD)

    result = warehouse.sync(*TABLES)

    assert [] == result.failed
    counts = {name: tally.rejected for name, tally in result.summary.resources.items() if tally.rejected}
    assert {"campaigns": 4, "messages": 3, "activities": 2, "segment_memberships": 1} == counts
    for table in TABLES:
        (rows,) = warehouse.query(f"SELECT count(*) FROM customerio_raw.{table}")
        assert rows == (len(list(warehouse.sandbox.rows(table))),), table
    set_aside = warehouse.query("SELECT reason, record, run_id FROM customerio_raw.rejected_records")
    assert 10 == len(set_aside) == result.rejected
    assert {result.run_id} == {run_id for *_, run_id in set_aside}
    reasons = {reason for reason, _, _ in set_aside}
    assert {
        "it has no id",
        "it has no created",
        "it is null, not an object",
        "it is nested too deeply",
    } <= reasons
    assert not any("hunter2" in reason for reason in reasons)
    assert '{"name":"hunter2"}' in {record for _, record, _ in set_aside}
    assert DEEP in {orjson.loads(record) for reason, record, _ in set_aside if "deeply" in reason}


@pytest.mark.proof
@pytest.mark.parametrize(
    ("table", "operation", "odd"),
    [
        ("collections", "getCollections", Fault(give_fields={"id": 1})),
        ("broadcasts", "listBroadcasts", Fault(give_fields={"id": 1})),
        ("optouts", "getOptouts", Fault(raw_records=("null",))),
        ("optouts", "getOptouts", Fault(give_fields={"optouts": [None]})),
    ],
)
def test_a_list_that_contradicts_itself_fails_by_name(
    warehouse: Warehouse, table: str, operation: str, odd: Fault
) -> None:
    """Different records with one id, or opt-outs of nobody, mark no row as deleted, however few these are."""
    warehouse.sync(table)
    before = warehouse.rows(resource(table))
    warehouse.sandbox.faults.add(replace(odd, operation=operation, times=None))

    (failed,) = warehouse.sync(table).failed

    assert isinstance(failed.error, BadAnswer)
    assert f"`{operation}`" in str(failed.error)
    assert before == warehouse.rows(resource(table))


@pytest.mark.proof
def test_a_record_is_kept_without_the_key(warehouse: Warehouse) -> None:
    """A record in which something on the way repeats the request's header is kept with its key replaced."""
    header = f"Bearer {warehouse.sandbox.app_api_key}"
    echo = orjson.dumps({"name": header, header.upper(): 1}).decode()
    warehouse.sandbox.faults.add(Fault(operation="listCampaigns", raw_records=(echo,)))

    warehouse.sync("campaigns")

    assert [('{"name":"Bearer <key>","BEARER <key>":1}',)] == warehouse.query(
        "SELECT record FROM customerio_raw.rejected_records"
    )


@pytest.mark.proof
def test_nothing_is_deleted_where_a_record_could_not_be_read(warehouse: Warehouse) -> None:
    """A campaign whose id is null is not deleted, nor its actions; the same record is kept once."""
    warehouse.sync("campaigns", "campaign_actions")
    before = warehouse.query("SELECT count(*) FROM customerio_raw.campaign_actions WHERE deleted_at IS NULL")
    odd = Fault(operation="listCampaigns", times=None, give_fields={"id": None}, at_rows=(0,))
    warehouse.sandbox.faults.add(odd)

    results = [warehouse.sync("campaigns", "campaign_actions") for _ in range(2)]

    assert [1, 1] == [result.rejected for result in results]
    assert [0, 0] == [sum(t.deleted for t in result.summary.resources.values()) for result in results]
    assert before == warehouse.query(
        "SELECT count(*) FROM customerio_raw.campaign_actions WHERE deleted_at IS NULL"
    )
    assert [(1, results[1].run_id)] == warehouse.query(
        "SELECT count(*), max(run_id) FROM customerio_raw.rejected_records"
    )


@pytest.mark.proof
def test_a_table_without_a_single_fitting_record_fails_and_stays_where_it_was(warehouse: Warehouse) -> None:
    """If no delivery has an id, messages fail, no time counts as read, and the next sync reads all."""
    warehouse.sandbox.faults.add(Fault(operation="listMessages", times=None, give_fields={"id": None}))

    result = warehouse.sync("messages", "campaigns")

    assert ["messages"] == [tally.resource for tally in result.failed]
    warehouse.sandbox.faults.clear()
    assert [] == warehouse.sync("messages").failed
    assert (
        len(list(warehouse.sandbox.rows("messages")))
        == warehouse.query("SELECT count(*) FROM customerio_raw.messages")[0][0]
    )


@pytest.mark.proof
@pytest.mark.parametrize("status", [400, 403, 500])
def test_one_parent_that_fails_is_named_and_the_others_are_read(
    warehouse: Warehouse, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One campaign always answers with an error: the other campaigns' actions are read, none is deleted."""
    monkeypatch.setattr("pipelines.connect._RETRY_S", 0.5)
    warehouse.sync("campaigns", "campaign_actions")
    count = "SELECT count(*) FROM customerio_raw.campaign_actions WHERE deleted_at IS NULL"
    before = warehouse.query(count)
    campaign, action = warehouse.query("SELECT campaign_id, id FROM customerio_raw.campaign_actions")[0]
    other = warehouse.query(f"SELECT max(id) FROM customerio_raw.campaigns WHERE id <> {campaign}")[0][0]
    warehouse.sandbox.faults.add(
        Fault(operation="listCampaignActions", path={"campaign_id": campaign}, status=status, times=None),
        Fault(
            operation="listCampaignActions",
            path={"campaign_id": other},
            times=None,
            give_fields={"name": "New"},
        ),
    )

    result = warehouse.sync("campaigns", "campaign_actions")

    (failed,) = result.failed
    assert "campaign_actions" == failed.resource
    assert f"1 of {len(list(warehouse.sandbox.rows('campaigns')))} parents ({campaign})" in str(failed.error)
    assert before == warehouse.query(count)
    assert {("New",)} == set(
        warehouse.query(f"SELECT name FROM customerio_raw.campaign_actions WHERE campaign_id = {other}")
    )
    assert action
