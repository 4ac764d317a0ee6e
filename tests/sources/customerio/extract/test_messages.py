"""Deliveries are read window by window, each once in a read; old ones are read again as they age."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import Client
from sources.customerio.extract import BANDS, Options, RunContext, RunSummary, Window
from sources.customerio.extract.messages import LOOKUPS, SIDE_BY_SIDE, WINDOW_S, _Reader, due_windows
from sources.customerio.extract.resources import READERS
from sources.customerio.extract.run_context import PARTS_AHEAD
from sources.customerio.sandbox import DEFAULT_START, Fault, Sandbox, Served
from tests.conftest import settings_for
from tests.sources.customerio.extract.conftest import (
    SMALL,
    Deliveries,
    Outside,
    Project,
    ReadTable,
    ids,
    plain,
)

DAY = 86_400
NOW = 1_790_000_000
ClientOf = Callable[..., Client]


def _state(read_to: float, *bands: float) -> dict[str, Any]:
    """A state with the days, before now, at which new deliveries and each age band were last read."""
    read_at = {str(band.max_age_s): NOW - int(days * DAY) for band, days in zip(BANDS, bands, strict=True)}
    return {"read_to": NOW - int(read_to * DAY), "bands": read_at}


def _windows(*ages: tuple[float, float]) -> list[Window]:
    """Windows between ages in days; only the first contains the second in which it begins."""
    return [
        Window(start=NOW - int(oldest * DAY), end=NOW - int(newest * DAY) - (newest > 0))
        for newest, oldest in ages
    ]


@pytest.mark.parametrize(
    ("read_days_ago", "due"),
    [
        pytest.param((0, 0, 0, 0, 0), [(0, 1)], id="at once again: the young"),
        pytest.param((0.99, 0.99, 0.99, 2.99, 29.9), [(0, 1)], id="not a day later: the young still"),
        pytest.param((1, 1, 1, 1, 1), [(0, 1), (1, 7)], id="a day later: up to a week"),
        pytest.param((3, 3, 3, 3, 3), [(0, 3), (3, 7), (7, 30)], id="three days later: up to a month"),
        pytest.param((0, 0, 0, 0, 30), [(0, 1), (30, 210)], id="a month later: the old, and the sealed once"),
        pytest.param((1, 1, 1, 3, 30), [(0, 1), (1, 7), (7, 30), (30, 210)], id="all at once"),
        pytest.param((10,) * 5, [(0, 10), (10, 30)], id="a pause longer than the young"),
        pytest.param((40,) * 5, [(0, 40), (40, 220)], id="a pause longer than a band"),
        pytest.param((300, 300, 300, 300, 302), [(0, 300), (300, 482)], id="a pause longer than all bands"),
    ],
)
def test_ages_are_due(read_days_ago: tuple[float, ...], due: list[tuple[float, float]]) -> None:
    """A day's deliveries are due at every sync, older ones less often, the oldest once after the last age."""
    assert _windows(*due) == list(due_windows(Options(), _state(*read_days_ago), NOW).values())


@pytest.mark.parametrize("start_days_ago", [3, 20, 100, 400])
@pytest.mark.parametrize("pause_days", [0, 1, 8, 35, 250])
def test_due_windows_meet_and_do_not_overlap(start_days_ago: int, pause_days: int) -> None:
    """Each second from now back to the oldest due one, or to the start, is in exactly one window."""
    start = NOW - start_days_ago * DAY
    due = due_windows(Options(start=start), _state(*[pause_days + 30] * 5), NOW)

    windows = list(due.values())
    assert windows[0].end == NOW
    assert all(above.start == below.end + 1 for above, below in pairwise(windows))
    assert windows[-1].start == max(start, NOW - (180 + pause_days + 30) * DAY)


def test_an_age_that_was_added_to_the_settings_is_due() -> None:
    """An age band that is not in the state has never been read, so it is due."""
    state = _state(0, 0, 0, 0, 0)
    del state["bands"][str(BANDS[1].max_age_s)]

    assert [str(band.max_age_s) for band in BANDS[:2]] == list(due_windows(Options(), state, NOW))


def test_the_first_sync_goes_back_until_a_year_is_empty(client_of: ClientOf, read: ReadTable) -> None:
    """Windows follow without a gap, also over eleven empty ones, and end after twelve empty ones in a row."""
    newest_of_window = [NOW - number * WINDOW_S for number in (0, 12, 24, 35)]
    oldest_of_window = [at - WINDOW_S + 1 for at in newest_of_window]
    outside = Deliveries([*newest_of_window, *oldest_of_window])
    state: dict[str, Any] = {}

    found = read(client_of(outside), "messages", state, clock=lambda: NOW)

    assert ids(found.rows) == sorted(map(str, range(8)))
    windows = sorted(outside.asked, reverse=True)
    assert windows[0][1] == NOW
    assert all(above[0] == below[1] + 1 for above, below in pairwise(windows))
    assert 48 == len(windows), "36 windows up to the last that holds something, and twelve behind it"
    assert {"read_to": NOW, "bands": dict.fromkeys(state["bands"], NOW)} == state


def test_deliveries_behind_twelve_empty_windows_are_left(client_of: ClientOf, read: ReadTable) -> None:
    """The first sync stops after a year without deliveries; older ones need `start`."""
    outside = Deliveries([NOW, NOW - 30 * WINDOW_S])

    assert ["0"] == ids(read(client_of(outside), "messages", clock=lambda: NOW).rows)
    found = read(client_of(outside), "messages", clock=lambda: NOW, start=NOW - 40 * WINDOW_S)
    assert ["0", "1"] == ids(found.rows)


def test_a_start_is_kept(client_of: ClientOf, read: ReadTable) -> None:
    """Nothing older than `start` is requested, at the first sync and later."""
    start = NOW - 45 * DAY
    outside = Deliveries([start - 1, start, NOW])
    state: dict[str, Any] = {}

    first = read(client_of(outside), "messages", state, clock=lambda: NOW, start=start)
    later = read(client_of(outside), "messages", state, clock=lambda: NOW + 30 * DAY, start=start)

    assert ["1", "2"] == ids(first.rows) == ids(later.rows)
    assert start == min(asked for asked, _ in outside.asked)


def _cells(project: Project, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query; none if its table is not there yet."""
    try:
        return project.cells(sql)
    except duckdb.CatalogException:
        return []


@pytest.mark.parametrize("names", [("start_ts", "end_ts"), ("start_ts",), ("end_ts",)])
def test_deliveries_outside_of_the_window_are_no_answer_to_it(
    project: Project, names: tuple[str, ...]
) -> None:
    """Behind a proxy that drops the window no time counts as read; without it every delivery arrives."""
    project.sandbox.faults.add(Fault(operation="listMessages", ignore_query=names, times=None))
    summary = RunSummary()

    project.run("messages", summary=summary)

    (failed,) = summary.failed
    assert "whose `created` is outside of the time" in str(failed.error)
    covered = _cells(project, "SELECT start_at, end_at FROM coverage")
    found = {row_id for (row_id,) in _cells(project, "SELECT id FROM messages")}
    for row in project.sandbox.rows("messages"):
        assert row["id"] in found or not any(start <= row["created"] <= end for start, end in covered)
    project.sandbox.faults.clear()
    project.run("messages")
    project.assert_equal("messages")


def test_a_second_with_more_rows_than_a_page(client_of: ClientOf, read: ReadTable) -> None:
    """Rows of one second are read page by page to the last, also at the edges of a window."""
    created = [NOW] * 11 + [NOW - 1] * 4 + [NOW - 2] * 9 + [NOW - DAY] * 3 + [NOW - 2 * DAY] * 10
    outside = Deliveries(created, page=4)

    found = read(client_of(outside), "messages", clock=lambda: NOW, start=NOW - 2 * DAY)

    assert sorted(map(str, range(len(created)))) == ids(found.rows)


SEND = {"transactional_message_id": 1, "identifiers": {"id": "ann"}, "to": "ann@example.com"}


def _small_pages(sandbox: Sandbox, served: Served, page: int, after: Callable[[], None]) -> Outside:
    """The sandbox with pages of `page` rows; calls `after` behind each page of deliveries."""
    headers = {"Authorization": f"Bearer {sandbox.app_api_key}"}

    def outside(request: httpx.Request) -> httpx.Response:
        params = {**request.url.params, "limit": str(page)}
        answer = httpx.get(f"{served.app_url}{request.url.path}", params=params, headers=headers)
        if request.url.path == "/v1/messages":
            after()
        return httpx.Response(
            answer.status_code, content=answer.content, headers={"date": answer.headers["date"]}
        )

    return outside


@pytest.mark.proof
@pytest.mark.parametrize("page", [2, 3, 10])
def test_what_arrives_between_two_pages_is_neither_lost_nor_read_twice(
    small: Sandbox, small_served: Served, client_of: ClientOf, read: ReadTable, page: int
) -> None:
    """Rows arrive in the second of the read and later, after each page; the truth is met row by row."""
    small.add("people", id="ann", email="ann@example.com")
    headers = {"Authorization": f"Bearer {small.app_api_key}"}
    sent: list[str] = []

    def send() -> None:
        answer = httpx.post(f"{small_served.app_url}/v1/send/email", json=SEND, headers=headers)
        sent.append(answer.raise_for_status().json()["delivery_id"])

    def arrive() -> None:
        if len(sent) < 40:
            send()
            if len(sent) % 4 == 0:
                small.clock.advance(1800)

    for _ in range(2 * page + 1):
        send()
    state: dict[str, Any] = {}
    before, began = ids(small.rows("messages")), small.clock.now()

    first = read(client_of(_small_pages(small, small_served, page, arrive)), "messages", state)

    found = ids(first.rows)
    assert sorted(set(found)) == found, "no row is read twice"
    assert set(before) <= set(found)
    assert state["read_to"] == began
    settled = {row["id"] for row in small.rows("messages") if row["created"] < began}
    assert settled == {row["id"] for row in first.rows if row["created"] < began}
    second = read(client_of(_small_pages(small, small_served, 1000, lambda: None)), "messages", state)
    both = {row["id"]: row for row in (*first.rows, *second.rows)}
    truth = {row["id"]: row for row in small.rows("messages")}
    assert set(truth) == set(both)
    recent = [row for row in truth.values() if row["created"] >= began]
    assert len(recent) >= 40
    assert all(plain(row) == both[row["id"]] for row in recent)


@pytest.mark.parametrize("page", [1, 2, 7, 50])
def test_long_windows_are_split_and_each_row_is_read_once(
    client_of: ClientOf, read: ReadTable, page: int
) -> None:
    """With any page size and uneven days, each row comes once, in a scope that contains it."""
    uneven = [NOW - (number**3) % (40 * DAY) for number in range(300)]
    outside = Deliveries(uneven, page=page)

    found = read(client_of(outside), "messages", clock=lambda: NOW, start=NOW - 40 * DAY)

    assert sorted(map(str, range(300))) == ids(found.rows)
    scopes = sorted((batch.scope.low, batch.scope.high) for batch in found.batches if batch.scope)
    assert all(below[1] < above[0] for below, above in pairwise(scopes))
    for batch in found.batches:
        assert batch.scope
        assert batch.last
        assert all(batch.scope.low <= row["created"] <= batch.scope.high for row in batch.rows)


def test_few_pages_wait_for_a_slow_consumer(client_of: ClientOf) -> None:
    """However fast Customer.io answers, and however many deliveries there are, few pages are in memory."""
    outside = Deliveries(range(NOW - 360 * DAY, NOW, DAY // 2))
    waiting = []
    run = RunContext(
        client=client_of(outside),
        options=Options(start=NOW - 360 * DAY),
        summary=RunSummary(),
        clock=lambda: NOW,
    )
    run.begin("messages")

    for taken, batch in enumerate(READERS["windows"](run, resource("messages"), {}), start=1):
        assert batch.rows
        time.sleep(0.01)
        waiting.append(outside.requests - taken)
    run.close()

    assert 2 * SIDE_BY_SIDE < max(waiting) <= PARTS_AHEAD


def test_a_burst_does_not_cut_the_quiet_days_into_seconds(client_of: ClientOf, read: ReadTable) -> None:
    """A newsletter that is sent within seconds costs about as many requests as it has pages."""
    outside = Deliveries([NOW - 5 * DAY - number // 30 for number in range(1000)], page=20)

    found = read(client_of(outside), "messages", clock=lambda: NOW, start=NOW - 25 * DAY)

    assert 1000 == len(found.rows)
    assert 50 <= outside.requests <= 150


def test_a_page_without_rows_that_has_a_next_goes_on(client_of: ClientOf, read: ReadTable) -> None:
    """An empty page in the middle is not the end of a window."""
    inner = Deliveries([NOW - number for number in range(9)], page=4)
    hit: list[str] = []

    def outside(request: Any) -> Any:
        answer = inner(request)
        if not hit and answer.json()["next"]:
            hit.append("once")
            inner.asked.clear()
            token = request.url.params.get("start") or "0"
            return type(answer)(200, json={"messages": None, "next": token})
        return answer

    found = read(client_of(outside), "messages", clock=lambda: NOW, start=NOW - DAY)

    assert hit
    assert sorted(map(str, range(9))) == ids(found.rows)


def test_the_world_s_deliveries_after_a_pause_of_seven_months(
    small: Sandbox, api: Client, read: ReadTable
) -> None:
    """No request spans the six months at which Customer.io silently cuts, so nothing is missing."""
    state: dict[str, Any] = {}
    first = read(api, "messages", state)
    small.clock.advance(215 * DAY)
    truth = {row["id"]: plain(row) for row in small.rows("messages")}

    later = read(api, "messages", state)

    merged = {row["id"]: row for row in (*first.rows, *later.rows)}
    assert truth == merged
    assert len(ids(later.rows)) == len(set(ids(later.rows)))


@pytest.mark.proof
def test_late_opens_are_there_once_a_delivery_is_sealed(small: Sandbox, api: Client, read: ReadTable) -> None:
    """With a sync every four days, metrics are complete once deliveries are too old to change."""
    state: dict[str, Any] = {}
    merged = {row["id"]: row for row in read(api, "messages", state).rows}
    beginning = set(merged)
    for _ in range(50):
        small.clock.advance(4 * DAY)
        merged |= {row["id"]: row for row in read(api, "messages", state).rows}

    truth = {row["id"]: plain(row) for row in small.rows("messages") if row["id"] in beginning}
    assert truth == {key: merged[key] for key in beginning}


@pytest.mark.proof
def test_a_full_sync_brings_redactions_of_old_deliveries(project: Project) -> None:
    """A full sync loads the redactions that deleted and suppressed people cause in old rows."""
    project.run("messages", "people")
    project.sandbox.clock.advance(190 * DAY)
    project.run("messages", "people")
    project.run("messages", "people")
    deleted, suppressed = sorted(
        {
            row["customer_identifiers"]["cio_id"]
            for row in project.sandbox.rows("messages")
            if row["customer_identifiers"] and row["created"] < DEFAULT_START
        }
        & {row["identifiers"]["cio_id"] for row in project.sandbox.rows("people")}
    )[:2]
    project.sandbox.delete("people", deleted)
    project.sandbox.suppress(suppressed)

    project.run("messages", "people")
    with pytest.raises(AssertionError):
        project.assert_equal("messages")
    project.run("messages", "people", full=True)
    project.assert_equal("messages", "people")


def test_a_window_read_in_the_future_is_none(client_of: ClientOf, read: ReadTable) -> None:
    """After a run with a wrong clock all deliveries are read, as by a first reading."""
    created = [NOW - days * DAY for days in (1, 40, 200)]
    state = {"read_to": NOW + 400 * DAY, "bands": {str(band.max_age_s): NOW + 400 * DAY for band in BANDS}}

    found = read(client_of(Deliveries(created)), "messages", state, clock=lambda: NOW)

    assert ["0", "1", "2"] == ids(found.rows)
    assert NOW == state["read_to"]


@pytest.mark.proof
def test_a_late_metric_that_an_activity_tells_of_is_found_at_once(
    client_of: ClientOf, tmp_path: Path
) -> None:
    """A delivery older than what each sync reads is looked up when its open or click is in the feed."""
    sandbox = Sandbox(scale=replace(SMALL, deliveries=4000, people=300))
    with sandbox.serve() as served:
        client = client_of(served, sandbox.app_api_key)
        project = Project(sandbox, served, settings_for(sandbox, served, tmp_path), client=client)
        project.run("messages", "activities")
        found, looked_up = 0, 0
        for _ in range(20):
            old = sandbox.clock.now() - 7 * DAY
            before = _marks(project, old)
            sandbox.clock.advance(3600)
            sandbox.stats.clear()
            project.run("messages", "activities")
            found += len(_marks(project, old) - before)
            looked_up += sandbox.stats.by_operation.get("getMessage", 0)

    assert found
    assert found <= looked_up <= 20 * LOOKUPS


def _marks(project: Project, before: int) -> set[tuple[str, str]]:
    """The deliveries from before that second, each with the mark of its newest metric."""
    return set(project.cells(f"SELECT id, deduplicate_id FROM messages WHERE created < {before}"))


def test_a_lookup_that_is_another_delivery_is_refused(project: Project) -> None:
    """A delivery that is gone is left out; an answer about another one fails the table."""
    run = RunContext(client=project.client, options=Options(), summary=RunSummary(), clock=lambda: NOW)  # type: ignore[arg-type]
    run.begin("messages")
    reader = _Reader(run, resource("messages"))

    assert [] == list(reader.look_up(["gone"]))
    known = next(iter(project.sandbox.rows("messages")))["id"]
    [batch] = reader.look_up([known])
    assert [known] == [row["id"] for row in batch.rows]
    run.close()
