"""A forecast is compared with the journeys that really start in the sandbox, plan by plan.

`CIO_ELT_WORLDS` says in how many workspaces a hundred plans each are made.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import orjson
import pytest

from pipelines.connect import client
from pipelines.push import Plan, PushSpec
from pipelines.push.forecast.forecast import forecast_entries
from pipelines.push.journal.database import Journal, PushId
from pipelines.push.plan.diff import PLANNED, SENT_ACTIONS
from pipelines.push.plan.prepare import plan_rows, prepare_model
from pipelines.push.plan.query import planning_database
from pipelines.push.plan.segment import fetch_members, segment_request
from sources.customerio.client import Client
from sources.customerio.sandbox import Sandbox, Scale
from sources.customerio.sandbox.state.store.conditions import equals, happened
from sources.customerio.sandbox.world.scale import SCALES
from tests.conftest import following
from tests.pipelines.push.conftest import Pushing, Row, settings_for_pushes
from tests.pipelines.push.forecast.conftest import (
    DAY,
    EVENTS,
    VALUES,
    drawn_conditions,
    drawn_values,
    load_people,
    load_records,
    writes_of,
)
from tests.sources.customerio.sandbox.wire.routes.track import track_client

WORLDS = int(os.environ.get("CIO_ELT_WORLDS", "1"))
PEOPLE, MANUAL, DRAWN = 40, (5, 6), 4
_SCALE = Scale(
    name="forecast",
    people=PEOPLE,
    campaigns=1,
    newsletter_every_days=30,
    broadcasts=0,
    segments=6,
    deliveries=10,
    events=60,
    burst=5,
    history_days=8,
)
_READ = ("people", "segments", "segment_memberships", "campaigns", "activities", "messages")
_FIELDS = {"plan": "text", "contact": "text", "renewal": "unix"}


@dataclass
class World:
    """A workspace with campaigns of all kinds, and a database that plans pushes to it.

    `seed` makes its people's histories, its segments and its campaigns.
    """

    seed: int
    pushing: Pushing
    app: httpx.Client
    track: httpx.Client
    client: Client
    planning: duckdb.DuckDBPyConnection
    verdicts: Counter[str] = field(default_factory=Counter)

    def started(self) -> Counter[int]:
        """The messages of each campaign, as the App API lists them."""
        found: Counter[int] = Counter()
        start = ""
        while True:
            page = self.app.get("/v1/messages", params={"limit": 1000, "start": start})
            body = page.raise_for_status().json()
            found.update(row["campaign_id"] for row in body["messages"] if row["campaign_id"])
            start = body["next"]
            if not start:
                return found

    def plan(self, spec: PushSpec) -> Plan:
        """The plan of a push, whose rows stay in the database."""
        push_id = PushId("a workspace", spec.sync)
        prepared = prepare_model(self.planning, spec, push_id, self.pushing.folder)
        fetch_members(self.client, self.planning, spec, segment_request(self.client, spec))
        return plan_rows(self.planning, prepared)

    def send(self, spec: PushSpec) -> None:
        """Send the rows of the plan in the database."""
        rows = self.planning.execute(
            f"SELECT action, coalesce(item, payload) FROM {PLANNED} WHERE action IN {SENT_ACTIONS}"
        ).fetchall()
        for action in {action for action, _ in rows}:
            items = [orjson.loads(item) for each, item in rows if each == action]
            path, body = "/api/v2/batch", {"batch": items}
            if spec.segment is not None:
                call = "remove_customers" if action == "remove" else "add_customers"
                path, body = f"/api/v1/segments/{spec.segment}/{call}", {"ids": items}
            assert 200 == self.track.post(path, json=body).status_code

    def check(self, spec: PushSpec) -> None:
        """Plan and send, and compare the forecast with what started."""
        before = self.started()
        plan = self.plan(spec)
        self.send(spec)
        started = self.started() - before
        assert set(started) <= {entries.campaign_id for entries in plan.forecast.campaigns}
        for entries in plan.forecast.campaigns:
            found = started[entries.campaign_id]
            if entries.most != 0:
                self.verdicts[entries.verdict] += 1
            if entries.most is not None:
                assert entries.least <= found <= entries.most, (self.seed, entries, spec)

    def fresh(self) -> None:
        """The workspace as it was when it was synced."""
        self.pushing.sandbox.reset()
        populate(self.pushing.sandbox, self.seed)


@contextmanager
def open_world(home: Path, seed: int) -> Iterator[World]:
    """A workspace, and a warehouse that was synced from it."""
    sandbox = Sandbox(scale=_SCALE)
    populate(sandbox, seed)
    (home / "push").mkdir()
    with following(sandbox, home / "data") as warehouse:
        warehouse.sync(*_READ)
        pushing = Pushing(warehouse, home / "push", settings_for_pushes(warehouse))
        headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}
        app = httpx.Client(base_url=warehouse.served.app_url, headers=headers, trust_env=False)
        journal = Journal(pushing.settings.cio_elt_data)
        with (
            app,
            track_client(sandbox, warehouse.served) as track,
            client(pushing.settings) as open_client,
            planning_database(pushing.settings) as planning,
            journal.attached(planning),
        ):
            yield World(seed, pushing, app, track, open_client, planning)


def populate(sandbox: Sandbox, seed: int) -> None:
    """Give people histories, and make segments and campaigns of all kinds; the same at each call."""
    rng = random.Random(seed)  # noqa: S311
    sandbox.knobs.campaigns_start = True
    ids = [row["identifiers"]["cio_id"] for row in sandbox.rows("people")]
    for _ in range(3):
        sandbox.clock.advance(DAY)
        for cio_id in rng.sample(ids, 15):
            sandbox.edit("people", cio_id, **drawn_values(rng))
    for cio_id in rng.sample(ids, 12):
        sandbox.join_segment(MANUAL[0], cio_id)
    segments = list(MANUAL)
    for number in range(DRAWN):
        conditions = drawn_conditions(rng, 1, segments)
        segments.append(int(sandbox.add("segments", name=f"Drawn {number}", conditions=conditions)))
    segments.append(int(sandbox.add("segments", name="Pro", conditions=equals("plan", "pro"))))
    device = {"and": [happened("device_change", "*")]}
    segments.append(int(sandbox.add("segments", name="Has a device", conditions=device)))
    for segment in segments:
        filters = [rng.choice(segments)] if rng.random() < 0.3 else None
        _campaign(sandbox, "seg_attr", trigger_segment_ids=[segment], filter_segment_ids=filters)
    for event in EVENTS:
        _campaign(sandbox, "event", event_name=event)
    _campaign(sandbox, "event", event_name=EVENTS[0], filter_segment_ids=[MANUAL[0]])
    _campaign(sandbox, "date", date_attribute="renewal")
    _campaign(sandbox, "form")
    _campaign(sandbox, "seg_attr", trigger_segment_ids=segments[-2:])


def _campaign(sandbox: Sandbox, type_: str, **fields: Any) -> int:
    given = {"trigger_segment_ids": [], "active": True, "state": "running", **fields}
    campaign = int(sandbox.add("campaigns", name=f"By {type_}", type=type_, **given))
    sandbox.add("campaign_actions", campaign_id=campaign, type="slack", name="Note", language="")
    return campaign


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The workspace of this file."""
    with open_world(tmp_path_factory.mktemp("forecast"), 7) as opened:
        yield opened


def _people(world: World, rng: random.Random) -> PushSpec:
    """A plan of people who are there and new ones, by id or email."""
    rows: list[Row] = []
    known = [row for row in world.pushing.sandbox.rows("people") if row["id"] and row["identifiers"]["email"]]
    kind = rng.choice(("id", "id", "email"))
    for row in rng.sample(known, rng.randint(1, 12)):
        rows.append({"who": row["identifiers"][kind], **_values(rng)})
    for number in range(rng.choice((0, 0, 1, 3))):
        rows.append({"who": f"new{number}" + ("@x.io" if kind == "email" else ""), **_values(rng)})
    names = rng.sample(list(_FIELDS), rng.randint(1, 3))
    nulls = rng.choice(("omit", "clear"))
    return world.pushing.declare(
        "drawn",
        rows,
        object="person",
        mode="upsert",
        person={kind: "who"},
        fields={name: {"type": _FIELDS[name], "nulls": nulls} for name in names},
        unmapped="ignore",
    )


def _values(rng: random.Random) -> Row:
    drawn = drawn_values(rng)
    return {name: drawn.get(name) for name in VALUES} | {"renewal": rng.choice((None, 1_800_000_000))}


def _events(world: World, rng: random.Random) -> PushSpec:
    now = world.pushing.sandbox.clock.now()
    ids = world.pushing.ids()
    rows = [
        {
            "who": rng.choice(ids),
            "what": rng.choice((*EVENTS, "other")),
            "at": datetime.fromtimestamp(now - rng.choice((0, 1, 5, 25, 50)) * DAY, UTC),
            "number": number,
        }
        for number in range(rng.randint(1, 15))
    ]
    return world.pushing.declare("drawn", rows, object="event", mode="append", person={"id": "who"},
        event={"name_column": "what", "at": "at"}, key="number", first_run="all")  # fmt: skip


def _members(world: World, rng: random.Random) -> PushSpec:
    rows = [{"who": who} for who in rng.sample(world.pushing.ids(), rng.randint(1, 15))]
    mode = rng.choice(("append", "mirror"))
    return world.pushing.declare("drawn", rows, object="segment", mode=mode, person={"id": "who"},
        segment=rng.choice(MANUAL), first_run="all")  # fmt: skip


def _devices(world: World, rng: random.Random) -> PushSpec:
    ids = world.pushing.ids()
    rows = [{"who": rng.choice(ids), "token": f"t{n}", "platform": "ios"} for n in range(rng.randint(1, 9))]
    return world.pushing.declare("drawn", rows, object="device", mode="upsert", person={"id": "who"},
        device={"token": "token", "platform": "platform"})  # fmt: skip


_KINDS = (_people, _people, _people, _events, _events, _members, _devices)


def _check_plans(world: World, seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)  # noqa: S311
        world.fresh()
        world.check(rng.choice(_KINDS)(world, rng))


@pytest.mark.proof
def test_no_plan_starts_more_than_its_forecast_says(world: World) -> None:
    """Of random plans of all kinds, no campaign starts more often than forecast, nor less often than sure."""
    _check_plans(world, range(24))
    assert all(world.verdicts[verdict] > 5 for verdict in ("exactly", "at most", "cannot say"))


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 100 + WORLDS))
def test_no_plan_of_hundreds_starts_more_than_its_forecast_says(tmp_path: Path, seed: int) -> None:
    """The same of a hundred plans in each of some workspaces, ten in `make torture`."""
    with open_world(tmp_path, seed) as world:
        _check_plans(world, range(seed * 100, seed * 100 + 100))


_PLANS: tuple[dict[str, Any], ...] = (
    {"attributes": ["plan", "country", "unsubscribed"]},
    {"attributes": ["created_at", "favorite color"]},
    {"attributes": ["phone"]},
    {"attributes": [], "changed": "events"},
    {"attributes": [], "changed": "members", "segment": 5},
    {"attributes": [], "changed": "relations"},
)


def test_most_campaigns_of_the_demo_can_be_decided(connection: duckdb.DuckDBPyConnection) -> None:
    """Whatever a plan changes, of at least 90 % of the demo's running campaigns it is said who enters."""
    # The segments and campaigns do not depend on how many people there are.
    demo = Sandbox(scale=replace(SCALES["demo"], people=200, deliveries=600, events=250, history_days=60))
    load_people(connection, demo.rows("people"), {})
    for table in ("segments", "campaigns"):
        load_records(connection, table, demo.rows(table))
    payload = "{'identifiers': {'id': entity}, 'attributes': {'plan': 'pro', 'country': 'DE', 'phone': '5'}}"
    planned = f"""
        SELECT 'change' AS action, identifiers->>'id' AS entity, {payload}::JSON AS payload,
               {demo.clock.now()} AS happened_at, 'update' AS verdict
        FROM customerio_raw.people WHERE identifiers->>'id' IS NOT NULL LIMIT 500
    """
    tables = frozenset({"people", "activities", "coverage", "segments", "campaigns"})
    for plan in _PLANS:
        forecast = forecast_entries(connection, writes_of(planned, tables=tables, **plan))
        decided = [entries for entries in forecast.campaigns if entries.verdict != "cannot say"]
        assert len(decided) >= 0.9 * len(forecast.campaigns) > 10
        woken = {entries.name for entries in forecast.woken}
        assert ("Welcome series" in woken) is ("plan" in plan["attributes"])
