"""The answer of the Track API decides the state of each row."""

import json
from base64 import b64encode

import pytest

from pipelines.push.deliver.batch import Batch
from pipelines.push.deliver.track_api import rejected_rows
from pipelines.push.journal.database import SCHEMA
from pipelines.push.journal.log import Item
from sources.customerio.client import Answer, BadAnswer, Unauthorized
from sources.customerio.sandbox import Fault
from tests.pipelines.push.conftest import Pushing, user_rows


def test_an_item_with_two_errors_is_one_row() -> None:
    """A row with two errors is rejected once."""
    errors = [{"batch_index": 0, "reason": "required", "field": field} for field in ("name", "id")]
    answer = Answer("batch", 207, json.dumps({"errors": errors}).encode())
    assert ((7, "required", "name"),) == rejected_rows(Batch((Item(7, b"{}", "a"),)), answer)


def test_a_value_that_is_too_long_is_one_row() -> None:
    """The row is rejected with Customer.io's own words, which name the attribute [rud26]."""
    words = "property value cannot be longer than 1000 bytes"
    error = {"batch_index": 1, "reason": "invalid", "field": "attributes.bio", "message": words}
    batch = Batch((Item(7, b"{}", "a"), Item(8, b"{}", "b")))

    answer = Answer("batch", 207, json.dumps({"errors": [error]}).encode())
    assert ((8, f"invalid: {words}", "attributes.bio"),) == rejected_rows(batch, answer)
    bare = Answer("batch", 207, json.dumps({"errors": [{"batch_index": 0, "reason": "invalid"}]}).encode())
    assert ((7, "invalid", None),) == rejected_rows(batch, bare)


@pytest.mark.proof
def test_a_reason_that_repeats_keys_and_people_is_kept_without_them(pushing: Pushing) -> None:
    """An answer that has the request's headers and values in its errors leaves none of them in any file."""
    pushing.proves_keys()
    box = pushing.sandbox
    pair = b64encode(f"{box.track_site_id}:{box.track_api_key}".encode()).decode()
    keys = (pair, box.track_api_key, box.track_site_id, box.app_api_key, "bob.smith@example.com", "SECRETSIG")
    said = f"{keys[1]} Authorization: Basic {pair} {' '.join(keys[1:5])} https://x.example/f?X-Signature=SECRETSIG"
    error = {"batch_index": 0, "reason": said, "field": said, "message": said}
    box.faults.add(Fault(operation="batch", document={"errors": [error]}, times=1))

    result = pushing.push(pushing.users(user_rows(3)))

    assert result.run is not None
    ((reason, field),) = pushing.query(f"SELECT reason, field FROM {SCHEMA}.rows WHERE state = 'rejected'")
    assert "<key>" in reason
    assert "<key>" in field
    for file in pushing.folder.parent.rglob("*"):
        held = file.read_bytes() if file.is_file() else b""
        assert [] == [key for key in keys if key.encode() in held], file


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"null"),
        (200, b"[]"),
        (200, b'"ok"'),
        (200, b'{"message":"ok"}'),
        (200, b'{"errors":5}'),
        (200, b'{"errors":true}'),
        (200, b'{"errors":{}}'),
        (200, b'{"meta":{"error":"Service temporarily disabled"}}'),
        (200, b'{"errors":[],"meta":{"error":"later"}}'),
        (207, b"{}"),
        (207, b'{"errors":[]}'),
        (207, b'{"errors":["no"]}'),
        (207, b'{"errors":[{"batch_index":1}]}'),
    ],
)
def test_an_answer_that_is_none_of_customerios_accepts_no_row(status: int, body: bytes) -> None:
    """Only `{}` and a list of errors are answers to a batch; after any other one its rows are unknown."""
    with pytest.raises(BadAnswer):
        rejected_rows(Batch((Item(7, b"{}", "a"),)), Answer("batch", status, body))


@pytest.mark.parametrize("body", [b"{}", b"{}\n", b'{"errors":[]}', b'{"errors":null}'])
def test_an_answer_without_errors_accepts_all_rows(body: bytes) -> None:
    """Customer.io answers `{}` [track26]."""
    assert () == rejected_rows(Batch((Item(7, b"{}", "a"),)), Answer("batch", 200, body))


@pytest.mark.proof
@pytest.mark.parametrize("document", [{"meta": {"error": "Service temporarily disabled"}}, {"errors": 5}])
def test_rows_of_an_odd_answer_are_sent_again(pushing: Pushing, document: object) -> None:
    """The run says so and ends with an error; the next one sends its rows."""
    pushing.sandbox.faults.add(Fault(operation="batch", document=document))
    spec = pushing.users(user_rows(20))
    with pytest.raises(BadAnswer):
        pushing.push(spec)
    assert {"unknown": 20} == pushing.states()
    assert pushing.push(spec).complete
    assert 20 == len(_plans(pushing))


@pytest.mark.proof
def test_refused_items_do_not_keep_the_others_back(pushing: Pushing) -> None:
    """Rows that a 207 lists are rejected with their reason and retried by the next run."""
    pushing.sandbox.faults.add(Fault(operation="batch", refuse_items=(3, 5)))
    spec = pushing.users(user_rows(20))
    result = pushing.push(spec)
    assert result.run is not None
    assert (18, 2) == (result.run.delivery.accepted, result.run.delivery.rejected)
    again = pushing.push(spec)
    assert 2 == again.plan.sends
    assert again.complete
    assert [] == pushing.query(f"SELECT key FROM {SCHEMA}.rejects")


def _plans(pushing: Pushing) -> dict[str, str]:
    return {
        user: row["plan"] for user, row in pushing.people().items() if user.startswith(("u0", "u1", "u2"))
    }


@pytest.mark.proof
def test_a_refused_request_is_halved_until_the_bad_row_is_alone(pushing: Pushing) -> None:
    """A bad row for which Customer.io refuses the whole request is isolated; the others are accepted."""
    pushing.sandbox.knobs.batch_whole = True
    pushing.sandbox.knobs.item_bytes = 400
    rows = [{"user_id": f"u{number:04}", "plan": "y" * 500 if number == 13 else "x"} for number in range(32)]
    spec = pushing.users(rows)
    result = pushing.push(spec)
    assert result.run is not None
    assert (31, 1) == (result.run.delivery.accepted, result.run.delivery.rejected)
    assert 31 == len(_plans(pushing))
    ((key, attempts),) = pushing.query(f"SELECT key, attempts FROM {SCHEMA}.rejects")
    assert ("u0013", 1) == (key, attempts)


@pytest.mark.proof
@pytest.mark.parametrize("status", [401, 403])
def test_keys_that_are_not_accepted_stop_the_run(pushing: Pushing, status: int) -> None:
    """No row of the request counts, nothing more is sent, and the next run sends all rows."""
    pushing.sandbox.faults.add(Fault(operation="batch", status=status))
    spec = pushing.users(user_rows(2_500), deliver={"in_flight": 1})
    with pytest.raises(Exception, match="others are sent by the next run") as caught:
        pushing.push(spec)
    assert status == 403 or isinstance(caught.value, Unauthorized)
    assert 1 == pushing.requests()
    assert {"planned": 2_500} == pushing.states()
    assert 2_500 == pushing.push(spec).plan.counts["add"]
    assert 2_500 == len(_plans(pushing))


@pytest.mark.proof
@pytest.mark.parametrize(
    "fault",
    [
        Fault(operation="batch", status=429, retry_after="0", times=2),
        Fault(operation="batch", status=429, times=1),
        Fault(operation="batch", status=503, times=2),
        Fault(operation="batch", drop_connection=True, times=1),
        Fault(operation="batch", truncate=True, times=1),
    ],
    ids=["429 with Retry-After", "429", "503", "cut off before the answer", "cut off within the answer"],
)
def test_trouble_that_passes_is_waited_for(pushing: Pushing, fault: Fault) -> None:
    """The run continues at a lower rate, and every row arrives."""
    pushing.sandbox.faults.add(fault)
    assert pushing.push(pushing.users(user_rows(30))).complete
    assert 30 == len(_plans(pushing))
