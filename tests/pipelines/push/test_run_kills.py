"""A push that is killed at random moments loses no row, repeats no event, and records only what arrived.

`CIO_ELT_KILLS` kills more often; the seed is printed, and `CIO_ELT_SEED` repeats a run.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from pipelines.push.journal.database import SCHEMA
from pipelines.workspace import identify, record_pair
from sources.customerio.sandbox import Fault
from tests.pipelines.conftest import Shell, ended
from tests.pipelines.push.conftest import BY_IMPORT, Pushing, import_rows

pytestmark = pytest.mark.proof

KILLS = int(os.environ.get("CIO_ELT_KILLS", "5"))
SEED = int(os.environ.get("CIO_ELT_SEED", "0")) or random.randrange(1, 10_000)  # noqa: S311 (a moment to kill)
PEOPLE, EVENTS = 1_500, 400
_AT = datetime(2026, 10, 1, tzinfo=UTC)
_FILLER = "é" * 400
_IMPORTS = f"SELECT run_id FROM {SCHEMA}.runs WHERE sync = 'imported'"


def _models(pushing: Pushing, step: int, *, people: int = PEOPLE, events: int = EVENTS) -> None:
    """Write the models of a step: attributes of all people change, and some events are new."""
    rows = [{"user_id": f"u{number:05}", "step": step, "filler": _FILLER} for number in range(people)]
    pushing.declare(
        "users", rows, object="person", mode="upsert", person={"id": "user_id"},
        confirm={"sample": 20, "wait_s": 0}, fields={"step": "integer", "filler": "text"},
        deliver={"in_flight": 3},
    )  # fmt: skip
    done = [
        {"key": f"e{number:05}", "who": f"u{number % people:05}", "at": _AT, "filler": _FILLER}
        for number in range(events * (step + 1))
    ]
    pushing.declare(
        "events", done, object="event", mode="append", key="key", person={"id": "who"}, first_run="all",
        event={"name": "did", "at": "at"}, fields={"key": "text", "filler": "text"}, after=["users"],
        confirm={"sample": 0, "wait_s": 0}, deliver={"in_flight": 3},
    )  # fmt: skip


def _arrived(pushing: Pushing) -> Counter[bytes]:
    return Counter(orjson.dumps(row["op"], option=orjson.OPT_SORT_KEYS) for row in pushing.sandbox.writes())


def _assert_claims_hold(pushing: Pushing) -> None:
    """Rows that the journal has as accepted are in the sandbox's log."""
    claimed = pushing.query(
        f"""
        SELECT coalesce(l.item, l.payload) FROM {SCHEMA}.log AS l
        JOIN {SCHEMA}.rows AS v ON v.run_id = l.run_id AND v.seq = l.seq
        WHERE v.state IN ('accepted', 'confirmed') AND l.run_id NOT IN ({_IMPORTS})
        """
    )
    imported = pushing.query(
        f"SELECT key FROM {SCHEMA}.rows WHERE state IN ('accepted', 'confirmed') AND run_id IN ({_IMPORTS})"
    )
    assert {key for (key,) in imported} <= set(pushing.people()), "imported, and never arrived"
    arrived = _arrived(pushing)
    for (text,) in claimed:
        assert arrived[orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS)], (
            "accepted, and never arrived"
        )


def test_pushes_killed_at_random_moments(pushing: Pushing, shell: Shell) -> None:
    """Each event counts once, attributes are the last ones, and accepted rows have arrived."""
    chance = random.Random(SEED)  # noqa: S311
    print(f"CIO_ELT_SEED={SEED}")  # noqa: T201
    pushing.sandbox.knobs.keep_writes = 10_000_000
    killed: Counter[str] = Counter()
    for step in range(KILLS):
        _models(pushing, step)
        process, began = shell.start(("push", "run", "--folder", str(pushing.folder))), time.monotonic()
        time.sleep(chance.uniform(0.6, 3.2))
        process.kill()
        killed["before its end" if ended(process, began).code < 0 else "after it"] += 1
        _assert_claims_hold(pushing)
    ran = shell.run("push", "run", "--folder", str(pushing.folder), "--json")
    assert 0 == ran.code, ran.err
    _assert_claims_hold(pushing)
    print(dict(killed), dict(Counter(pushing.states())))  # noqa: T201
    last = str(KILLS - 1)
    assert {last} == {row["step"] for user, row in pushing.people().items() if user.startswith("u0")}
    events: list[Any] = [row for row in pushing.sandbox.writes() if row["op"]["action"] == "event"]
    applied = Counter(row["op"]["attributes"]["key"] for row in events if row["outcome"] == "applied")
    assert EVENTS * KILLS == len(applied), "an event was lost"
    assert {1} == set(applied.values()), "an event counts twice"
    assert EVENTS * KILLS == len({row["op"]["id"] for row in events})
    before = pushing.requests()
    again = shell.run("push", "run", "--folder", str(pushing.folder), "--json")
    assert 0 == again.code, again.err
    assert before == pushing.requests(), "a push without changes sends nothing"


_COMMANDS = (
    ("run",),
    ("run", "users", "--full"),
    ("audit", "users", "--repair"),
    ("run", "imported"),
    ("run", "events"),
)


def _assert_writes_are_known(pushing: Pushing) -> None:
    """Each operation of a batch that arrived is an item of the journal."""
    items = pushing.query(f"SELECT coalesce(item, payload) FROM {SCHEMA}.log")
    known = {orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS) for (text,) in items if text}
    sent = (row["op"] for row in pushing.sandbox.writes() if row["call"] == "batch")
    assert {orjson.dumps(op, option=orjson.OPT_SORT_KEYS) for op in sent} <= known


def test_runs_of_every_kind_killed_at_random_moments(pushing: Pushing, shell: Shell) -> None:
    """Runs in full, repairs, imports, refused rows, rotated keys: no claim without its write, none twice."""
    chance = random.Random(SEED)  # noqa: S311
    print(f"CIO_ELT_SEED={SEED}")  # noqa: T201
    sandbox, folder = pushing.sandbox, ("--folder", str(pushing.folder))
    sandbox.knobs.keep_writes, sandbox.knobs.import_takes_s = 10_000_000, 0
    killed: Counter[str] = Counter()
    for step in range(KILLS):
        _models(pushing, step, people=300, events=60)
        pushing.declare("imported", import_rows(20 + step), **BY_IMPORT)
        if chance.random() < 0.3:
            sandbox.rotate_keys("track")
            shell.env["CUSTOMERIO_TRACK_SITE_ID"] = sandbox.track_site_id
            shell.env["CUSTOMERIO_TRACK_API_KEY"] = sandbox.track_api_key
        if chance.random() < 0.3:
            sandbox.faults.add(Fault(operation="batch", refuse_items=(0, 3)))
        command = chance.choice(_COMMANDS)
        process, began = shell.start(("push", *command, *folder)), time.monotonic()
        time.sleep(chance.uniform(0.6, 3.2))
        process.kill()
        killed["before its end" if ended(process, began).code < 0 else "after it"] += 1
        _assert_claims_hold(pushing)
        _assert_writes_are_known(pushing)
    sandbox.faults.clear()
    for name in ("users", "events", "imported"):
        shell.run("push", "retry", name, *folder)
    ran = shell.run("push", "run", *folder, "--json")
    assert 0 == ran.code, (SEED, ran.err, ran.out)
    print(dict(killed), dict(Counter(pushing.states())))  # noqa: T201
    _assert_claims_hold(pushing)
    _assert_writes_are_known(pushing)
    people = pushing.people()
    assert {str(KILLS - 1)} == {row["step"] for user, row in people.items() if user.startswith("u0")}
    assert {f"i{number}" for number in range(19 + KILLS)} <= set(people)
    events = [row["op"] for row in sandbox.writes() if row["op"]["action"] == "event"]
    assert 60 * KILLS == len({op["id"] for op in events}), "an event was lost, or got another id"
    applied = [
        row["op"]["id"]
        for row in sandbox.writes()
        if row["op"]["action"] == "event" and row["outcome"] == "applied"
    ]
    assert {1} == set(Counter(applied).values()), "an event counts twice"
    before = pushing.requests()
    assert 0 == shell.run("push", "run", *folder).code
    assert before == pushing.requests(), "a push without changes sends nothing"


FULL = """
import resource, sys
from pipelines.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, -1))
main()
"""


def test_a_full_disk_loses_nothing(pushing: Pushing, shell: Shell) -> None:
    """On a full disk a push ends with one sentence before it sends, and the next run sends all rows."""
    _models(pushing, 0)
    arguments = ("push", "run", "users", "--folder", str(pushing.folder), "--json")
    full = subprocess.run(
        [sys.executable, "-c", FULL, *arguments],
        env=shell.env, cwd=shell.folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert 1 == full.returncode, full.stderr
    assert full.stderr.startswith("cio-elt: "), full.stderr
    assert 1 == full.stderr.count("\n"), full.stderr
    assert "invalidated" not in full.stderr, "the message names a consequence instead of the cause"
    assert 0 == pushing.requests()
    ran = shell.run(*arguments)
    assert 0 == ran.code, ran.err
    assert {"accepted": PEOPLE - 20, "confirmed": 20} == pushing.states()


def test_two_pushes_at_a_time(pushing: Pushing, shell: Shell) -> None:
    """Of two pushes one runs, and the other names the process that does."""
    _models(pushing, 0)
    pushing.sandbox.faults.add(Fault(operation="batch", delay_ms=15_000))
    command = ("push", "run", "users", "--folder", str(pushing.folder))
    first, began = shell.start(command), time.monotonic()
    while not pushing.requests() and pushing.query(f"SELECT count(*) FROM {SCHEMA}.batches") == [(0,)]:
        assert time.monotonic() < began + 30
        time.sleep(0.05)
    second = shell.run(*command)
    shell.refused(second, 1, f"process {first.pid}", "runs the push users")
    assert 0 == ended(first, began).code
    assert 0 == shell.run(*command).code


def test_killed_while_it_is_read_back(pushing: Pushing, shell: Shell) -> None:
    """Dropped rows of a run that was killed while reading back are found by the next run, and sent again."""
    record_pair(pushing.settings, identify(pushing.settings))  # as after any earlier push
    pushing.sandbox.knobs.drop_every = 14
    people = [{"user_id": f"back{number}", "plan": "x"} for number in range(100)]
    pushing.declare(
        "users", people, object="person", mode="upsert", person={"id": "user_id"}, fields={"plan": "text"}
    )
    pushing.sandbox.faults.add(Fault(operation="getPeopleById", delay_ms=20_000, times=None))
    command = ("push", "run", "users", "--folder", str(pushing.folder), "--json")
    process, began = shell.start(command), time.monotonic()
    shell.wait_for_request("getPeopleById")
    process.kill()
    assert ended(process, began).code < 0
    pushing.sandbox.faults.clear()
    pushing.sandbox.knobs.drop_every = 0
    ran = shell.run(*command)
    assert 0 == ran.code, ran.err
    assert 7 == ran.document["syncs"][0]["plan"]["sends"]
    assert 100 == sum(user.startswith("back") for user in pushing.people())
    assert [("done", 7, 0), ("interrupted", 100, 7)] == sorted(
        pushing.query(f"SELECT state, accepted, dropped FROM {SCHEMA}.runs")
    )
