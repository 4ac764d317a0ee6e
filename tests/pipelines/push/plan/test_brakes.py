"""Brakes stop a run before its first request; an approved plan releases them."""

from collections import Counter
from typing import Any

import pytest

from pipelines.cli.push_output import print_plan
from pipelines.push import PushSpec
from pipelines.push.journal.database import SCHEMA, Journal
from tests.pipelines.push.conftest import Pushing, Row

_DEVICE: dict[str, Any] = {
    "object": "device", "mode": "mirror", "person": {"id": "who"},
    "device": {"token": "token", "platform": "platform"},
}  # fmt: skip


def _phones(pushing: Pushing, count: int) -> list[Row]:
    who = pushing.ids()[0]
    return [{"who": who, "token": f"t{number}", "platform": "ios"} for number in range(count)]


@pytest.mark.proof
def test_a_source_that_loses_rows_stops_a_mirror(pushing: Pushing) -> None:
    """30 % fewer rows: a brake stops the run before any request; once approved, the rows are removed."""
    what: dict[str, Any] = {**_DEVICE, "brakes": {}}
    assert pushing.push(pushing.declare("phones", _phones(pushing, 100), **what)).complete
    before = pushing.requests()
    spec = pushing.declare("phones", _phones(pushing, 70), **what)
    result = pushing.push(spec)
    assert ["max_deletes_percent"] == [brake.name for brake in result.brakes]
    assert result.run is None
    assert before == pushing.requests()
    assert pushing.approved(spec).complete
    assert [(True,)] == pushing.query(f"SELECT approved FROM {SCHEMA}.runs ORDER BY started_at DESC LIMIT 1")


_BRAKES = [
    ({"max_deletes": 1, "max_deletes_percent": 100}, 8, "x", ["max_deletes"]),
    ({"max_deletes_percent": 100}, 8, "x", []),
    ({"max_deletes_percent": 100}, 0, "x", ["min_rows"]),
    ({"max_deletes_percent": 100, "min_rows": 9}, 8, "x", ["min_rows"]),
    ({"max_changes_percent": 50}, 10, "y", ["max_changes_percent"]),
]


@pytest.mark.proof
@pytest.mark.parametrize(("brakes", "left", "version", "stopping"), _BRAKES)
def test_brakes(pushing: Pushing, brakes: Any, left: int, version: str, stopping: list[str]) -> None:
    """Each brake stops a run for its own reason, and no other brake does."""
    what: dict[str, Any] = {**_DEVICE, "fields": {"v": "text"}}
    rows = [{**row, "v": "x"} for row in _phones(pushing, 10)]
    pushing.push(pushing.declare("phones", rows, **what))
    changed = [{**row, "v": version} for row in rows[:left]]
    model = changed or f"{pushing.rows('phones', rows)} LIMIT 0"
    plan = pushing.plan(pushing.declare("phones", model, **{**what, "brakes": brakes}))
    assert stopping == [brake.name for brake in plan.stopped_by]


_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"plan": "text", "seats": "integer"},
}  # fmt: skip


def _rows(count: int, **more: Any) -> list[Row]:
    return [{"user_id": f"u{number}", "plan": "secret", "seats": number, **more} for number in range(count)]


def test_too_many_new_people_stop_a_run(pushing: Pushing) -> None:
    """Too many new people stop a run: a wrong key would create all people again."""
    spec = pushing.declare("users", _rows(40), **{**_PERSON, "brakes": {}})
    assert ["max_creates_percent"] == [brake.name for brake in pushing.push(spec).brakes]
    assert 0 == pushing.requests()


_PERSON_PLAN: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"}, "fields": {"plan": "text"},
}  # fmt: skip


def test_unchecked_people_are_not_created(pushing: Pushing) -> None:
    """Without people in the warehouse, a push that may create people is stopped."""
    file = pushing.settings.published_file
    hidden = file.rename(file.with_suffix(".away"))
    spec = pushing.declare("users", [{"user_id": "a", "plan": "x"}], **{**_PERSON_PLAN, "brakes": {}})
    assert ["unchecked_people"] == [brake.name for brake in pushing.push(spec).brakes]
    hidden.rename(file)
    assert 0 == pushing.requests()


def _events(pushing: Pushing, count: int, **keys: Any) -> PushSpec:
    """A push of that many events, with the brakes that it has by default."""
    sql = f"SELECT '{pushing.ids()[0]}' AS who, n AS k, DATE '2026-10-10' AS at FROM range({count}) AS t(n)"
    return pushing.declare("orders", sql, **{**_EVENT, "first_run": "all", "brakes": {}, **keys})


_EVENT: dict[str, Any] = {
    "object": "event", "mode": "append", "person": {"id": "who"}, "key": "k",
    "event": {"name": "ordered", "at": "at"},
}  # fmt: skip


@pytest.mark.proof
def test_an_append_of_far_more_rows_than_the_last_run_needs_approval(pushing: Pushing) -> None:
    """More than 50 % and 100 rows beyond the last run's stop a run; an approved plan sends them."""
    assert pushing.push(_events(pushing, 10)).complete
    assert () == pushing.push(_events(pushing, 120)).brakes
    spec = _events(pushing, 120 + 211)
    before = pushing.requests()
    stopped = pushing.push(spec)
    assert [("max_adds_percent", 210, 211)] == [
        (brake.name, brake.limit, brake.found) for brake in stopped.brakes
    ]
    assert before == pushing.requests()
    assert pushing.approved(spec).complete
    assert 331 == len(pushing.sandbox.writes())


@pytest.mark.proof
def test_members_that_are_appended_have_the_same_brake(pushing: Pushing) -> None:
    """Each append counts, and its limits are the declaration's."""
    pushing.sandbox.add("segments", name="A", type="manual")
    what: dict[str, Any] = {
        "object": "segment", "mode": "append", "person": {"id": "who"}, "segment": "A", "first_run": "all",
        "brakes": {"max_adds_percent": 100, "spare_adds": 1},
    }  # fmt: skip
    rows = [{"who": who} for who in pushing.ids()[:9]]
    for count, stops in ((2, False), (6, False), (9, False)):
        assert stops == bool(pushing.push(pushing.declare("vips", rows[:count], **what)).brakes)
    rows += [{"who": who} for who in pushing.ids()[9:16]]
    assert ["max_adds_percent"] == [
        brake.name for brake in pushing.push(pushing.declare("vips", rows, **what)).brakes
    ]


@pytest.mark.proof
def test_too_many_invalid_rows_stop_a_run(pushing: Pushing) -> None:
    """More than 10 % of invalid rows stop a run; people whom an update does not find are none."""
    known = pushing.ids()
    rows = [{"user_id": user, "plan": "x"} for user in (*known[:8], "a", "a")]
    spec = pushing.declare("users", rows, **{**_PERSON_PLAN, "brakes": {}})
    stopped = pushing.push(spec)
    assert [("max_invalid_percent", 20.0)] == [(brake.name, brake.found) for brake in stopped.brakes]
    assert 0 == pushing.requests()
    approved = pushing.approved(spec)
    assert (8, True) == (approved.plan.sends, approved.complete)
    rows = [{"user_id": user, "plan": "y"} for user in (*known[:4], "unknown1", "unknown2")]
    update = pushing.declare("users", rows, **{**_PERSON_PLAN, "mode": "update_only", "brakes": {}})
    assert () == pushing.push(update).brakes


@pytest.mark.proof
def test_the_first_run_is_one_that_saw_rows(pushing: Pushing) -> None:
    """An empty model does not use up `first_run: none`: history that comes later is not sent."""
    for count in (0, 0, 50):
        result = pushing.push(_events(pushing, count, first_run="none"))
        assert (0, count) == (result.plan.sends, result.plan.counts["assume"])
    assert 0 == pushing.requests()
    assert 2 == pushing.push(_events(pushing, 52, first_run="none")).plan.sends


@pytest.mark.proof
def test_a_run_of_an_empty_model_in_an_earlier_journal_is_no_first_run(pushing: Pushing) -> None:
    """A journal may have runs that neither sent nor assumed a row."""
    pushing.push(_events(pushing, 3, first_run="none"))
    with Journal(pushing.settings.cio_elt_data).open() as connection:
        connection.execute(f"UPDATE {SCHEMA}.runs SET accepted = 0")
        connection.execute(f"DELETE FROM {SCHEMA}.snapshot")
    assert 5 == pushing.plan(_events(pushing, 5, first_run="none")).counts["assume"]


@pytest.mark.proof
def test_a_mirror_removes_people_unattended_up_to_its_brake_if_it_says_so(pushing: Pushing) -> None:
    """`removes_unattended` needs no approval within the other limits, and never for more."""
    brakes = {"max_creates_percent": None, "max_deletes": 2, "max_deletes_percent": 50}
    what: dict[str, Any] = {**_PERSON_PLAN, "mode": "mirror"}
    what["brakes"] = {**brakes, "removes_unattended": True}
    rows = [{"user_id": f"m{number}", "plan": "x"} for number in range(10)]
    pushing.push(pushing.declare("mirrored", rows, **what))
    assert pushing.push(pushing.declare("mirrored", rows[:8], **what)).complete
    assert "m9" not in pushing.ids()
    stopped = pushing.push(pushing.declare("mirrored", rows[:5], **what))
    assert ["max_deletes"] == [brake.name for brake in stopped.brakes]
    attended = {**what, "brakes": brakes}
    stopped = pushing.push(pushing.declare("mirrored", rows[:7], **attended))
    assert ["approval"] == [brake.name for brake in stopped.brakes]


def test_people_are_never_suppressed_unattended(pushing: Pushing) -> None:
    """Suppressing is for good; it needs approval whatever the declaration says."""
    spec = pushing.declare(
        "erased", [{"who": pushing.ids()[0]}], object="suppression", mode="append", person={"id": "who"},
        brakes={"removes_unattended": True},
    )  # fmt: skip
    assert ["approval"] == [brake.name for brake in pushing.push(spec).brakes]


@pytest.mark.proof
def test_people_who_may_enter_campaigns_stop_a_run(
    pushing: Pushing, capsys: pytest.CaptureFixture[str]
) -> None:
    """More entries than allowed stop a run; once approved, as many journeys start as the plan forecast."""
    pushing.warehouse.sync("campaigns", "segments")
    pushing.sandbox.knobs.campaigns_start = True
    free = [one for one, attributes in pushing.people().items() if attributes.get("plan") == "free"][:6]
    rows = [{"user_id": one, "plan": "pro"} for one in free]
    model: dict[str, Any] = {**_PERSON_PLAN, "brakes": {"max_campaign_entries": 5}}
    before = _messages(pushing)
    spec = pushing.declare("users", rows, **model)
    plan = pushing.plan(spec)
    assert ["max_campaign_entries"] == [brake.name for brake in plan.stopped_by]
    (welcome, win_back) = plan.forecast.woken
    assert [("Welcome series", 6), ("Win back", 6)] == [(one.name, one.most) for one in (welcome, win_back)]
    assert "segment 2 (On a paid plan)" == welcome.trigger
    print_plan(plan)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"campaigns: at most 12 entries into {len(plan.forecast.campaigns)} running campaigns." in shown
    assert "1 (Welcome series), by segment 2 (On a paid plan): at most 6, since" in shown
    assert "brake max_campaign_entries: people may enter campaigns 12 times, and 5 are allowed" in shown
    assert pushing.push(spec).brakes
    assert pushing.approved(spec).complete
    assert {1: 6, 4: 6} == _messages(pushing) - before
    allowed = pushing.declare("users", rows, **{**model, "brakes": {"max_campaign_entries": 12}})
    assert [] == pushing.plan(allowed).stopped_by


@pytest.mark.proof
def test_campaigns_of_which_nothing_can_be_said_stop_a_run(pushing: Pushing) -> None:
    """With a limit of entries, a run is stopped whose campaigns are not known, or start in an unknown way."""
    model: dict[str, Any] = {**_PERSON_PLAN, "brakes": {"max_campaign_entries": 5}}
    spec = pushing.declare("users", [{"user_id": pushing.ids()[0], "plan": "x"}], **model)
    assert ["unchecked_campaigns"] == [brake.name for brake in pushing.push(spec).brakes]
    pushing.sandbox.add("campaigns", name="Odd", type="moon_phase", active=True, state="running")
    pushing.warehouse.sync("campaigns", "segments")
    plan = pushing.plan(spec)
    assert ["unclear_campaigns"] == [brake.name for brake in plan.stopped_by]
    assert ["cannot say"] == [entries.verdict for entries in plan.forecast.woken]
    assert 0 == pushing.requests()
    assert pushing.approved(spec).complete


def _messages(pushing: Pushing) -> Counter[int]:
    """The number of messages of each campaign."""
    return Counter(row["campaign_id"] for row in pushing.sandbox.rows("messages") if row["campaign_id"])
