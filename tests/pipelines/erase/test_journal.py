"""Rows of a person in the journal of pushes go, whichever way a push names people; others stay."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.erase.journal import erase_journal, known_pairs, no_push
from pipelines.erase.words import Words
from pipelines.errors import LeaseHeld
from pipelines.push.journal.database import SCHEMA, Journal, PushId
from pipelines.push.journal.lease import hold_lease
from pipelines.settings import Settings, read_settings
from pipelines.warehouse.erasures import erased_people, record

EVENT, DEVICE, MEMBER, OBJECT = (
    '{"type":"person","action":"event","identifiers":{"email":"jane@a.example"},"name":"x","attributes":{}}',
    '{"type":"person","action":"add_device","identifiers":{"id":"00058"},"device":{"token":"t"}}',
    '"00058"',
    '{"type":"object","identifiers":{"object_id":"00058"},"attributes":{"owner":"jane@a.example"}}',
)
ROWS = [
    (
        "person",
        "people",
        "00058",
        '{"type":"person","identifiers":{"id":"00058"},"attributes":{"email":"Jane@a.example"}}',
    ),
    ("person", "people", "00059", '{"type":"person","identifiers":{"id":"00059"},"attributes":{"plan":"x"}}'),
    ("event", "events", "e1", EVENT),
    ("event", "sent", "jane@a.example", None),
    ("device", "devices", '["00058","t"]', DEVICE),
    ("device", "devices", '["00059","t"]', None),
    ("segment", "members", "00058", MEMBER),
    ("segment", "members", "00059", None),
    ("object", "companies", "00058", OBJECT),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a data folder whose journal has these rows as sent."""
    settings = read_settings(cio_elt_data=tmp_path)
    with Journal(tmp_path).open() as connection:
        for number, (kind, sync, key, payload) in enumerate(ROWS):
            connection.execute(
                f"INSERT INTO {SCHEMA}.snapshot VALUES ('w', ?, ?, ?, 1, ?, false, 'r', 1.0)",
                [sync, kind, key, payload],
            )
            connection.execute(
                f"INSERT INTO {SCHEMA}.drift (workspace, sync, key, difference, attribute, pending, times, "
                "first_at, seen_at) VALUES ('w', ?, ?, 'missing', '', false, 1, 1.0, 1.0)",
                [sync, key],
            )
            connection.execute(
                f"INSERT INTO {SCHEMA}.runs (run_id, workspace, sync, object, mode, plan_id, approved, "
                "fence, lane, started_at, state, folded, target, planned) "
                "VALUES (?, 'w', ?, ?, 'upsert', 'p', true, 1, 'batch', 1.0, 'done', true, 't', 1)",
                [f"r{number}", sync, kind],
            )
    return settings


def test_rows_are_erased_by_payload_and_by_key(settings: Settings) -> None:
    """People, events, devices and members; an object of the same id stays, without the address in it."""
    record(settings, [[("id", "00058"), ("email", "jane@a.example")]])
    values = ["00058", "jane@a.example", "jane@a.example"]
    nodes = pa.table({"kind": ["id", "email", "id"], "value": values, "known": [True] * 3})
    with no_push(settings) as journal:
        assert journal is not None
        pairs = known_pairs(journal).to_pylist()
        found = erase_journal(journal, nodes, Words(["jane@a.example"]), erased_people(settings), really=True)

    assert {"cio_id": None, "id": "00058", "email": "jane@a.example"} in pairs
    assert not [pair for pair in pairs if pair["email"] == "e1"]
    kept = {("people", "00059"), ("devices", '["00059","t"]'), ("members", "00059"), ("companies", "00058")}
    journal = Journal(settings.cio_elt_data)
    assert kept == set(journal.query(f"SELECT sync, key FROM {SCHEMA}.snapshot"))
    assert {*kept, ("events", "e1")} == set(journal.query(f"SELECT sync, key FROM {SCHEMA}.drift"))
    assert [("[erased]",)] == journal.query(
        f"SELECT payload->>'$.attributes.owner' FROM {SCHEMA}.snapshot WHERE sync = 'companies'"
    )
    assert {"push journal: snapshot": (5, 1), "push journal: drift": (4, 0)} == {
        each.place: (each.gone, each.cells) for each in found
    }


def test_a_running_push_is_not_disturbed(settings: Settings) -> None:
    """While a push holds its lease, nothing is erased."""
    journal = Journal(settings.cio_elt_data)
    with (
        hold_lease(journal, PushId("w", "people")),
        pytest.raises(LeaseHeld, match="people"),
        no_push(settings),
    ):
        pass
