"""A warehouse in PostgreSQL: another destination is a setting, and holds the same rows, by one folder or two.

CIO_ELT_ROUNDS is the number of rounds of two runs at once; the seed is printed; CIO_ELT_SEED repeats them.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pipelines.export import PeopleRequest, collect, create, export, wait
from pipelines.ui.pages import PAGES, render
from sources.customerio.catalogue import resource
from sources.customerio.sandbox import Sandbox
from tests.pipelines.conftest import Shell, ended, shell_for
from tests.postgres import given, query, warehouse_in
from tests.torture.events import KINDS, Event, happen

pytestmark = pytest.mark.proof

DAY = 86_400
ROUNDS = int(os.environ.get("CIO_ELT_ROUNDS", "3"))
SEED = int(os.environ.get("CIO_ELT_SEED", "0")) or random.randrange(1, 10_000)  # noqa: S311 (a moment to kill)


def test_a_workspace_is_replicated_into_postgresql(
    shell: Shell, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First everything, then nothing, then what was edited; equal to the workspace, field by field.

    The local pages show it, and say what they cannot show of a server.
    """
    shell.env |= given(url)
    now = shell.sandbox.clock.now()

    first, second = (shell.run("sync", "--json") for _ in range(2))
    shell.sandbox.edit("campaigns", 1, name="Edited")
    shell.sandbox.delete("campaigns", 2)
    third = shell.run("sync", "--json")
    # Nothing tells of usage: without its name it is read by a sweep.
    assert 0 == shell.run("sync", "sender_usage", "segment_usage").code
    days = ("--from", str(now - 90 * DAY), "--to", str(now - 60 * DAY))
    filled = shell.run("backfill", "messages", *days, "--json")
    status = shell.run("status", "--fail-on-gap", "--json")

    assert [0, 0, 0, 0, 0] == [ran.code for ran in (first, second, third, filled, status)], filled.err
    assert 0 == second.document["written"] < first.document["written"]
    assert third.document["written"] >= 2
    warehouse = warehouse_in(url, shell.sandbox, shell.served, shell.data)
    warehouse.assert_equals_world()
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", url)
    pages = {page.template: render(page, warehouse.settings) for page in PAGES}
    assert f"{len(status.document['tables'])} tables, none late, no gaps" in pages["overview"]
    assert "read completely" in pages["coverage"]
    assert 'data-label="30 days">' in pages["costs"]
    assert "Schema changes are found in a DuckDB file alone" in pages["schema"]
    assert "The journal of pushes is not published to a server" in pages["pushes"]


@pytest.fixture
def folders(sandbox: Sandbox, tmp_path: Path, url: str) -> Iterator[tuple[Shell, Shell]]:
    """Two data folders of one warehouse in PostgreSQL, each with a shell of its own."""
    sandbox.knobs.export_takes_s = 0
    with sandbox.serve() as served:
        shells = []
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            shell = shell_for(sandbox, served, tmp_path / name)
            shell.env |= {**given(url), "CIO_ELT_DELETION_SHARE": "1"}
            shells.append(shell)
        yield shells[0], shells[1]


def test_two_data_folders_take_turns(folders: tuple[Shell, Shell], url: str) -> None:
    """Each folder goes on where the other one ended: it reads what changed since, and loses nothing."""
    one, other = folders
    warehouse = warehouse_in(url, one.sandbox, one.served, one.data)
    written = []
    for number, shell in enumerate((one, other, one, one, other)):
        one.sandbox.edit("campaigns", 1, name=f"Turn {number}")
        one.sandbox.add("people", id=f"turn-{number}", email=f"turn-{number}@example.com")
        one.sandbox.clock.advance(3600)
        ran = shell.run("sync", "--json")
        assert 0 == ran.code, ran.err
        assert "" == ran.err
        written.append(ran.document["written"])
        for table in ("campaigns", "messages", "activities", "people"):
            truth, found = warehouse.compared(resource(table))
            assert truth.keys() == found.keys(), f"{table}, turn {number}"
        assert [(f"Turn {number}",)] == query(url, "SELECT name FROM customerio_raw.campaigns WHERE id = 1")
    assert max(written[1:]) < written[0] / 4, written
    assert 0 == other.run("sync", "--full").code
    assert [] == warehouse.doubles()
    # People are counted once a day.
    warehouse.assert_equals_world(but=("segment_counts",))


def test_two_folders_write_at_once(folders: tuple[Shell, Shell], url: str) -> None:
    """Runs of two folders at once, killed or not, leave no double and lose no row; none fails."""
    chance = random.Random(SEED)  # noqa: S311
    print(f"CIO_ELT_SEED={SEED}")  # noqa: T201
    one, other = folders
    sandbox = one.sandbox
    warehouse = warehouse_in(url, sandbox, one.served, one.data)
    now = sandbox.clock.now()
    backfill = ("backfill", "messages", "--from", str(now - 90 * DAY), "--to", str(now - 30 * DAY))
    pairs = (
        (("sync",), ("sync",)),
        (("sync",), ("export", "people")),
        (backfill, ("sync",)),
    )
    kills = 0
    for number in range(ROUNDS):
        for _ in range(5):
            happen(Event(kind=chance.choice(sorted(KINDS)), pick=chance.random()), sandbox, one.served)
        sandbox.clock.advance(chance.randrange(60, DAY))
        commands = list(pairs[number % len(pairs)])
        shells = [one, other]
        chance.shuffle(shells)
        running = [shell.start(command) for shell, command in zip(shells, commands, strict=True)]
        # Every second round, and the last one, has a run that is killed.
        killed = running[chance.randrange(2)] if number % 2 or number == ROUNDS - 1 else None
        if killed is not None:
            time.sleep(chance.uniform(1.5, 7.0))
            killed.kill()
        for process, command in zip(running, commands, strict=True):
            ran = ended(process, time.monotonic())
            kills += ran.code == -9
            assert "Traceback" not in ran.err, ran.err
            if process is not killed:
                assert 0 == ran.code, f"{command} in round {number}: {ran.out} {ran.err}"
        assert [] == warehouse.doubles(), f"round {number}"
        reader = shells[number % 2]
        ran = reader.run("sync", "campaigns", "segments", "messages", "activities", "people")
        assert 0 == ran.code, f"round {number}: {ran.out} {ran.err}"
        for table in ("campaigns", "segments", "messages", "activities", "people"):
            truth, found = warehouse.compared(resource(table))
            assert truth.keys() == found.keys(), f"{table} in round {number}"
    for shell in folders:
        ran = shell.run("sync", "--full")
        assert 0 == ran.code, ran.err
    assert [] == warehouse.doubles()
    # People are counted once a day.
    warehouse.assert_equals_world(but=("segment_counts",))
    print(f"{ROUNDS} rounds, {kills} runs killed")  # noqa: T201


def test_an_export_keeps_what_its_file_does_not_carry(folders: tuple[Shell, Shell], url: str) -> None:
    """People keep `timestamps` and `devices`; a NUL character lands as U+FFFD, and is counted."""
    sandbox, served = folders[0].sandbox, folders[0].served
    one, other = (warehouse_in(url, sandbox, served, shell.data) for shell in folders)
    one.sync("people")
    kept = "SELECT cio_id, timestamps, devices FROM customerio_raw.people ORDER BY 1"
    before = query(url, kept)
    assert any(devices for _, _, devices in before)
    assert all(timestamps for _, timestamps, _ in before)
    person = before[0][0]
    sandbox.edit("people", person, plan="be\0spoke")

    result = export(other.settings, PeopleRequest())

    assert (1, 1) == (result.changed, result.replaced)
    assert before == query(url, kept)
    plan = f"SELECT attributes->>'plan' FROM customerio_raw.people WHERE cio_id = '{person}'"
    assert [("be\ufffdspoke",)] == query(url, plan)


def test_an_older_export_of_another_folder_changes_nobody(folders: tuple[Shell, Shell], url: str) -> None:
    """An export that was made before another folder's is loaded, but not merged over newer rows."""
    sandbox, served = folders[0].sandbox, folders[0].served
    one, other = (warehouse_in(url, sandbox, served, shell.data) for shell in folders)
    older = create(one.settings, PeopleRequest())
    sandbox.clock.advance(3600)
    ((person, *_), *_) = (tuple(row.values()) for row in [{"id": sandbox.add("people", id="new", plan="a")}])
    newer = export(other.settings, PeopleRequest())
    assert newer.new == newer.rows

    late = collect(one.settings, wait(one.settings, older, deadline_s=60))

    assert (0, 0, 0) == (late.new, late.changed, late.deleted)
    assert "made later is loaded already" in late.note
    found = f"SELECT deleted_at FROM customerio_raw.people WHERE cio_id = '{person}'"
    assert [(None,)] == query(url, found)


def test_a_time_without_a_zone_is_utc(folders: tuple[Shell, Shell], url: str) -> None:
    """Deliveries of an export have the same times in any zone of the server's user and of the process."""
    shell, warehouse = folders[0], warehouse_in(url, folders[0].sandbox, folders[0].served, folders[0].data)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER ROLE loader SET timezone = 'America/New_York'")
    now = shell.sandbox.clock.now()
    shell.env |= {"TZ": "Asia/Tokyo"}
    days = ("--from", str(now - 60 * DAY), "--to", str(now))

    ran = shell.run("export", "deliveries", "--campaign", "1", *days)

    assert 0 == ran.code, ran.err
    truth = {row["id"]: row["created"] for row in shell.sandbox.rows("messages") if row["campaign_id"] == 1}
    found = dict(query(url, "SELECT id, created FROM customerio_raw.messages"))
    assert found
    assert {key: truth[key] for key in found} == found
    assert [] == warehouse.doubles()
