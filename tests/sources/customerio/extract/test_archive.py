"""Archived messages are read newest first, a hundred a day, and each one once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx
import pytest

from sources.customerio.catalogue import resource
from sources.customerio.client import Client
from sources.customerio.extract import RunSummary
from sources.customerio.sandbox import Fault
from tests.conftest import without_nulls
from tests.sources.customerio.extract.conftest import Project, ReadTable

DAY = 86_400
TABLE = "archived_messages"


@dataclass
class Archive:
    """Stands for the list of messages and their archived copies; ids are indexes into `created`."""

    created: Sequence[int]
    quota: int = 100
    gone: frozenset[str] = frozenset()
    read: list[str] = field(default_factory=list)
    left: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.url.path == "/v1/messages":
            return httpx.Response(200, json={"messages": self._listed(request.url.params), "next": ""})
        if not request.url.path.endswith("/archived_message"):
            return httpx.Response(200, json={"ip_addresses": []})
        if not self.left:
            return httpx.Response(429, json={"errors": [{"detail": "quota", "status": "429"}]})
        self.left -= 1
        message_id = request.url.path.split("/")[3]
        self.read.append(message_id)
        if message_id in self.gone:
            return httpx.Response(404, json={"errors": [{"detail": "not found", "status": "404"}]})
        return httpx.Response(200, json={"archived_message": {"id": message_id, "body": "x"}})

    def _listed(self, asked: httpx.QueryParams) -> list[dict[str, Any]]:
        start, end = int(asked["start_ts"]), int(asked["end_ts"])
        rows = [(at, number) for number, at in enumerate(self.created) if start <= at <= end]
        return [
            {"id": f"{number:04d}", "created": at} for at, number in sorted(rows, key=lambda row: -row[0])
        ]

    def day(self) -> None:
        """Start another day, with a full quota."""
        self.left = self.quota


Run = Callable[[Archive, dict[str, Any], int], list[str]]


@pytest.fixture
def run(client_of: Callable[..., Client], read: ReadTable) -> Run:
    """Reads as many as the quota of one day allows; returns the ids of the rows."""

    def one_day(outside: Archive, state: dict[str, Any], now: int) -> list[str]:
        outside.day()
        return [row["id"] for row in read(client_of(outside), TABLE, state, clock=lambda: now).rows]

    return one_day


def test_days_go_on_where_the_last_one_ended(run: Run) -> None:
    """Each day resumes at the end of the last one, also within one second; no message is read twice."""
    now = 1_000 * DAY
    outside, state = Archive([now - 10 - number // 40 for number in range(250)]), dict[str, Any]()

    days = [run(outside, state, now + DAY * number) for number in range(4)]

    assert [100, 100, 50, 0] == [len(ids) for ids in days]
    places = [(-outside.created[int(id_)], -int(id_)) for ids in days for id_ in ids]
    assert sorted(places) == places
    assert 250 == len(set(outside.read)) == len(outside.read)


def test_what_is_new_comes_before_what_was_left(run: Run) -> None:
    """New messages are read before older ones; the gaps below them close when there is quota."""
    now = 1_000 * DAY
    created = [now - number for number in range(1, 131)]
    outside, state = Archive(created), dict[str, Any]()
    run(outside, state, now)
    outside.created = [*created, *(now + number for number in range(90))]

    second = run(outside, state, now + DAY)
    third = run(outside, state, now + 2 * DAY)

    assert 90 == sum(int(id_) >= 130 for id_ in second[:90])
    assert {f"{number:04d}" for number in range(100, 130)} == {*second[90:], *third}
    assert 1 == len(state["done"]), "one stretch, from today to the beginning"
    assert 220 == len(set(outside.read)) == len(outside.read)


def test_queues_of_days_that_never_suffice(run: Run) -> None:
    """If each day has more messages than its quota, read and unread intervals alternate, newest first."""
    outside, state, now = Archive([], quota=10), dict[str, Any](), 1_000 * DAY
    for day in range(5):
        outside.created = [*outside.created, *(now + day * DAY + second for second in range(15))]
        ids = run(outside, state, now + (day + 1) * DAY)
        assert all(int(id_) >= 15 * day + 5 for id_ in ids)

    assert 5 == len(state["done"])
    ends = [place for stretch in state["done"] for place in stretch]
    assert all(high >= low for high, low in pairwise(ends))


def test_a_message_without_a_copy_is_not_asked_for_again(run: Run) -> None:
    """A 404 is a final answer: the copy is not requested again."""
    outside, state = Archive([1, 2, 3], gone=frozenset({"0001"})), dict[str, Any]()

    assert ["0002", "0000"] == run(outside, state, DAY)
    assert [] == run(outside, state, 2 * DAY)
    assert ["0002", "0001", "0000"] == outside.read


@pytest.mark.proof
def test_the_quota_is_no_failure(project: Project) -> None:
    """A run that uses up the quota is no failure: its rows land, it says so, and another day continues."""
    for table in ("messages", "archived_messages"):
        assert len(list(project.sandbox.rows(table))) > 100
    of_run = RunSummary()

    project.run(TABLE, summary=of_run)

    summary = of_run.resources[TABLE]
    assert (None, 100) == (summary.error, summary.new)
    assert "quota" in summary.note
    first = project.rows(resource(TABLE))
    project.sandbox.clock.advance(DAY)
    project.run(TABLE)
    found = project.rows(resource(TABLE))
    assert len(first) < len(found) <= 200
    truth = without_nulls(project.truth(resource(TABLE)))
    assert {key: truth[key] for key in found} == without_nulls(found)
    assert all(row == found[key] for key, row in first.items())


def test_a_failure_in_the_middle_reads_nothing_twice(project: Project) -> None:
    """Messages read before the failure land and count as done; the next run starts with the failed one."""
    project.sandbox.faults.add(Fault(operation="getArchivedMessage", status=400, times=1, after=7))
    project.sandbox.faults.add(Fault(operation="getArchivedMessage", status=429, times=None, after=13))
    summary = RunSummary()

    project.run(TABLE, summary=summary)
    assert summary.resources[TABLE].error is not None
    assert 7 == len(project.rows(resource(TABLE)))
    project.run(TABLE)

    assert 12 == len(project.rows(resource(TABLE)))
