"""The activity feed is read down to its watermark minus an overlap, in any order of its rows."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from ulid import ULID

from sources.customerio.catalogue import resource
from sources.customerio.client import BadRequest, Client
from sources.customerio.extract import Options, RunContext, RunSummary, Window
from sources.customerio.extract.resources import READERS
from sources.customerio.sandbox import Fault
from tests.sources.customerio.extract.conftest import Project, ReadTable, ids

NOW = 1_790_000_000
HOUR = 3600
ClientOf = Callable[..., Client]


class Feed:
    """Stands for `GET /v1/activities`: the given pages, one after the other."""

    def __init__(self, *pages: list[tuple[str, int]]) -> None:
        self.pages = pages
        self.read = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer with one page; its token is its number."""
        if request.url.path != "/v1/activities":
            return httpx.Response(200, json={"ip_addresses": [], "workspaces": []})
        self.read += 1
        number = int(request.url.params.get("start", "0"))
        rows = [{"id": name, "type": "event", "timestamp": at, "data": {}} for name, at in self.pages[number]]
        token = str(number + 1) if number + 1 < len(self.pages) else ""
        return httpx.Response(200, content=orjson.dumps({"activities": rows or None, "next": token}))


def _clock() -> int:
    return NOW


def test_the_first_read_goes_to_the_end(client_of: ClientOf, read: ReadTable) -> None:
    """Without a watermark all pages are read; the time of the newest row becomes the watermark."""
    feed = Feed([("a", NOW - 5)], [("b", NOW - 20 * HOUR)], [("c", NOW - 700 * HOUR)])
    state: dict[str, Any] = {}

    found = read(client_of(feed), "activities", state, clock=_clock)

    assert ["a", "b", "c"] == ids(found.rows)
    assert {"watermark": NOW - 5, "daily_at": NOW} == state


def test_a_later_read_stops_at_the_first_page_below_the_overlap(client_of: ClientOf, read: ReadTable) -> None:
    """A page with a row inside the overlap is not the last; a page entirely below the overlap is."""
    floor = NOW - 10 * HOUR - HOUR
    feed = Feed([("a", NOW - 5)], [("b", floor), ("c", floor - HOUR)], [("d", floor - 1)], [("e", floor - 2)])
    state = {"watermark": NOW - 10 * HOUR, "daily_at": NOW}

    found = read(client_of(feed), "activities", state, clock=_clock)

    assert ["a", "b", "c", "d"] == ids(found.rows)
    assert 3 == feed.read


def test_the_overlap_is_an_option_and_a_full_read_knows_no_watermark(
    client_of: ClientOf, read: ReadTable
) -> None:
    """`overlap_s` is the time below the watermark that is read again; `full` reads everything."""
    pages = [[(name, NOW - number * HOUR)] for number, name in enumerate("abcdefgh")]

    found = read(
        client_of(Feed(*pages)),
        "activities",
        {"watermark": NOW, "daily_at": NOW},
        clock=_clock,
        overlap_s=3 * HOUR,
    )
    assert ["a", "b", "c", "d", "e"] == ids(found.rows)
    found = read(
        client_of(Feed(*pages)), "activities", {"watermark": NOW, "daily_at": NOW}, clock=_clock, full=True
    )
    assert list("abcdefgh") == ids(found.rows)


def test_once_a_day_the_overlap_is_three_days(client_of: ClientOf, read: ReadTable) -> None:
    """The first read of a day reads again from three days below the first read of the day before."""
    pages = [[(name, NOW - number * 24 * HOUR)] for number, name in enumerate("abcdefgh")]
    state = {"watermark": NOW, "daily_at": NOW - 24 * HOUR}

    found = read(client_of(Feed(*pages)), "activities", state, clock=_clock)

    # The last page read is the first one that lies more than three days below the read of the day before.
    assert ["a", "b", "c", "d", "e", "f"] == ids(found.rows)
    assert {"watermark": NOW, "daily_at": NOW} == state


def test_rows_of_tomorrow_do_not_move_the_watermark_there(client_of: ClientOf, read: ReadTable) -> None:
    """With a future-dated row on top of the feed, events up to that time are still read."""
    state: dict[str, Any] = {}
    read(client_of(Feed([("future", NOW + 24 * HOUR), ("a", NOW - 5)])), "activities", state, clock=_clock)
    assert {"watermark": NOW, "daily_at": NOW} == state

    later = Feed(
        [("future", NOW + 24 * HOUR), ("b", NOW + HOUR)], [("a", NOW - 5)], [("old", NOW - 9 * HOUR)]
    )
    found = read(client_of(later), "activities", state, clock=lambda: NOW + 2 * HOUR)
    assert ["a", "b", "future", "old"] == ids(found.rows)
    assert {"watermark": NOW + 2 * HOUR, "daily_at": NOW} == state


def test_what_appears_during_a_long_read_is_below_the_watermark_of_the_next(
    client_of: ClientOf, read: ReadTable
) -> None:
    """With a future-dated row on top, the watermark is the time at which the read began, not its end."""
    ticks = iter(range(NOW, NOW + 100 * HOUR, 2 * HOUR))
    state: dict[str, Any] = {}

    read(client_of(Feed([("future", NOW + 99 * HOUR)])), "activities", state, clock=lambda: next(ticks))

    assert {"watermark": NOW, "daily_at": NOW} == state


def test_an_empty_feed_leaves_no_watermark_behind(client_of: ClientOf, read: ReadTable) -> None:
    """A read that found nothing sets no watermark: the next one reads to the end of the feed."""
    state: dict[str, Any] = {}
    read(client_of(Feed([])), "activities", state, clock=_clock)

    found = read(client_of(Feed([("a", 5)], [("b", 4)])), "activities", state, clock=_clock)

    assert ["a", "b"] == ids(found.rows)


def test_a_row_that_moved_to_the_next_page_counts_once(project: Project, client_of: ClientOf) -> None:
    """The feed grows at its top during a read; a row that is read twice is counted and stored once."""
    same = ("same", NOW - 20)
    project.client = client_of(Feed([("a", NOW - 5), same], [same, ("b", NOW - 40)], [same]))
    of_run = RunSummary()

    project.run("activities", summary=of_run)

    assert [("a",), ("b",), ("same",)] == project.cells("SELECT id FROM activities ORDER BY id")
    summary = of_run.resources["activities"]
    assert (3, 3, 0) == (summary.read, summary.new, summary.changed)


def test_an_empty_page_with_a_next_does_not_end_it(
    project: Project, client_of: ClientOf, read: ReadTable
) -> None:
    """An empty page with a `next` does not end the read, be it the first page or one in the middle."""
    middle = Feed([("a", NOW - 5)], [], [("b", NOW - 20 * HOUR)])
    assert ["a", "b"] == ids(read(client_of(middle), "activities", clock=_clock).rows)

    project.sandbox.faults.add(Fault(operation="listActivities", empty_page=True))
    project.run("activities")
    project.assert_equal("activities")


@pytest.mark.proof
def test_day_after_day_backdated_and_future_rows_arrive(project: Project) -> None:
    """Only events backdated by more than the overlap are missed, and a full read finds them."""
    project.run("activities")
    project.sandbox.clock.advance(2 * 24 * HOUR)
    watermark = project.state("activities")["watermark"]

    project.run("activities")

    now = project.sandbox.clock.now()
    assert watermark < project.state("activities")["watermark"] <= now
    found = {key for (key,) in project.cells("SELECT id FROM activities")}
    late = [row for row in project.sandbox.rows("activities") if row["id"] not in found]
    assert all(row["timestamp"] < watermark - 72 * HOUR for row in late)
    project.run("activities", full=True)
    found = {key for (key,) in project.cells("SELECT id FROM activities")}
    assert {row["id"] for row in project.sandbox.rows("activities")} <= found


def _ulid(at: int, number: int = 0) -> str:
    return str(ULID.from_timestamp(float(at)))[:10] + f"{number:016d}"


@pytest.fixture
def failing_feed(client_of: ClientOf) -> Callable[..., list[Window]]:
    """Reads pages of (ULID, timestamp) of which the last one fails; returns the time that was claimed."""

    def claimed(*pages: list[tuple[str, int]]) -> list[Window]:
        feed = Feed(*pages, [])

        def answer(request: httpx.Request) -> httpx.Response:
            is_last = request.url.params.get("start") == str(len(pages))
            return httpx.Response(400, json={}) if is_last else feed(request)

        run = RunContext(client=client_of(answer), options=Options(), summary=RunSummary(), clock=_clock)
        run.begin("activities")
        with pytest.raises(BadRequest):
            list(READERS["feed"](run, resource("activities"), {}))
        run.close()
        return run.coverage.windows.get("activities", [])

    return claimed


def test_a_backdated_row_and_a_failure_below_it_claim_no_time_between(
    failing_feed: Callable[..., list[Window]],
) -> None:
    """A row of 20 days ago on page 1 claims nothing down there when page 2 fails."""
    rows = [(_ulid(NOW - 5), NOW - 5), (_ulid(NOW - 60), NOW - 480 * HOUR), (_ulid(NOW - HOUR), NOW - HOUR)]

    assert [Window(start=NOW - HOUR + 1, end=NOW - 1)] == failing_feed(rows)
    assert [Window(start=NOW - 60 + 1, end=NOW - 1)] == failing_feed(rows[:2])
    assert [Window(start=NOW - 2 * HOUR + 1, end=NOW - 1)] == failing_feed(
        rows, [(_ulid(NOW - 2 * HOUR), NOW - 2 * HOUR)]
    )


def test_ids_that_tell_no_time_claim_nothing_until_the_end(failing_feed: Callable[..., list[Window]]) -> None:
    """Without ULIDs the place of a row is not known, so a reading that fails claims no time."""
    assert [] == failing_feed([("a", NOW - 5), ("b", NOW - 480 * HOUR)])


def test_a_page_of_late_rows_does_not_end_the_reading(client_of: ClientOf, read: ReadTable) -> None:
    """A page of old timestamps with fresh ids is no page below the watermark: the reading goes on."""
    late = [(_ulid(NOW - 100 + number, number), NOW - 480 * HOUR) for number in range(3)]
    feed = Feed(late, [(_ulid(NOW - HOUR), NOW - HOUR)], [(_ulid(NOW - 90 * HOUR), NOW - 90 * HOUR)])

    found = read(client_of(feed), "activities", {"watermark": NOW - 2 * HOUR, "daily_at": NOW}, clock=_clock)

    assert 5 == len(found.rows)


@pytest.mark.parametrize("is_ulid", [True, False])
def test_a_feed_that_lacks_the_newest_known_row_is_not_read_up_to_now(
    client_of: ClientOf, *, is_ulid: bool
) -> None:
    """Of an old copy of the feed, time counts as read up to its newest row; the day's long reading is due."""
    names = [_ulid(NOW - age) if is_ulid else str(age) for age in (3 * HOUR, 90 * HOUR)]
    feed = Feed([(names[0], NOW - 3 * HOUR)], [(names[1], NOW - 90 * HOUR)])
    before = {"watermark": NOW - HOUR, "daily_at": NOW - 48 * HOUR}
    run = RunContext(client=client_of(feed), options=Options(), summary=RunSummary(), clock=_clock)
    run.begin("activities")
    state = dict(before)

    rows = [row for batch in READERS["feed"](run, resource("activities"), state) for row in batch.rows]

    run.close()
    assert 2 == len(rows)
    (covered,) = run.coverage.windows["activities"]
    assert NOW - 3 * HOUR == covered.end
    assert before == state


def test_a_watermark_of_the_future_is_none(client_of: ClientOf, read: ReadTable) -> None:
    """After a run with a wrong clock the feed is read to its end, and the watermark is put right."""
    state = {"watermark": NOW + 9_600 * HOUR, "daily_at": NOW}
    feed = Feed([("a", NOW - 5)], [("b", NOW - 20 * HOUR)], [("c", NOW - 700 * HOUR)])

    found = read(client_of(feed), "activities", state, clock=_clock)

    assert ["a", "b", "c"] == ids(found.rows)
    assert NOW - 5 == state["watermark"]
