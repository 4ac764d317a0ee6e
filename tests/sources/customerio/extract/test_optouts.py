"""Opt-outs: a row for each person, channel and sender; one that is lifted becomes a tombstone."""

from collections.abc import Callable

import httpx
import orjson
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import Client
from sources.customerio.extract import RunSummary
from sources.customerio.sandbox import Sandbox
from tests.sources.customerio.extract.conftest import Project, ReadTable

TABLE = "optouts"


def _change(project: Project, cio_id: str, sender: str, *, optout: bool) -> None:
    """Opt a person out of a sender's messages, or in again, and let it be applied."""
    assert project.client is not None
    body = {"optouts": [{"from": sender, "optout": optout}]}
    project.client.app.update_person_optouts(customer_id=cio_id, id_type="cio_id", body=body)
    project.sandbox.clock.advance(60)


@pytest.mark.proof
def test_the_table_is_the_truth_and_follows_it(project: Project) -> None:
    """A person who opts in again gets a tombstone, and loses it on opting out again."""
    project.run(TABLE)
    project.assert_equal(TABLE)
    (cio_id, channel, sender), *_ = sorted(project.truth(resource(TABLE)))
    people = (row["identifiers"]["cio_id"] for row in project.sandbox.rows("people"))
    other = next(person for person in people if person != cio_id)

    _change(project, cio_id, sender, optout=False)
    _change(project, other, "Another Sender", optout=True)
    project.run(TABLE)

    project.assert_equal(TABLE)
    assert (other, "sms", "another sender") in project.rows(resource(TABLE))
    lifted = project.cells(f'SELECT cio_id, channel, "from" FROM {TABLE} WHERE deleted_at IS NOT NULL')
    assert [(cio_id, channel, sender)] == lifted
    _change(project, cio_id, sender, optout=True)
    project.run(TABLE)
    project.assert_equal(TABLE)
    assert (cio_id, channel, sender) in project.rows(resource(TABLE))


def test_a_person_with_several_opt_outs_has_a_row_for_each(
    client_of: Callable[..., Client], read: ReadTable
) -> None:
    """A field that Customer.io adds to a person or to an opt-out lands in its rows."""
    person = {
        "cio_id": "c1",
        "customer_id": None,
        "note": "x",
        "optouts": [{"channel": "sms", "from": "+15550100"}, {"channel": "sms", "from": "acme", "at": 5}],
    }
    body = orjson.dumps({"optouts": [person, {"cio_id": "c2", "optouts": None}]})

    found = read(client_of(lambda _: httpx.Response(200, content=body)), TABLE)

    assert [("+15550100", "x", None), ("acme", "x", 5)] == [
        (row["from"], row["note"], row.get("at")) for row in found.rows
    ]


def test_a_short_list_costs_one_request(small: Sandbox, api: Client, read: ReadTable) -> None:
    """A list of one page costs one request."""
    found = read(api, TABLE)

    assert found.batches[-1].last
    assert 1 == small.stats.by_operation["getOptouts"]


@pytest.mark.parametrize("knob", ["not_served", "forbidden"])
def test_a_call_that_is_missing_is_skipped_by_name(project: Project, knob: str) -> None:
    """The table is not made, the run has no error, and the summary says which call is missing."""
    setattr(project.sandbox.knobs, knob, {"getOptouts"})
    summary = RunSummary()

    project.run(TABLE, "snippets", summary=summary)

    assert [] == summary.failed
    assert [TABLE] == [each.resource for each in summary.skipped]
    assert "getOptouts" in str(summary.resources[TABLE].skipped)
    assert [] == project.cells(
        f"SELECT table_name FROM information_schema.tables WHERE table_name = '{TABLE}'"
    )
    project.assert_equal("snippets")


def test_a_call_that_goes_missing_leaves_the_rows_alive(project: Project) -> None:
    """Rows that were read before stay as they are; without a summary the run goes on too."""
    project.run(TABLE)
    before = project.rows(resource(TABLE))
    project.sandbox.knobs.not_served = {"getOptouts"}

    project.run(TABLE)

    assert before == project.rows(resource(TABLE))
