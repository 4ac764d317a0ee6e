"""A run reads parents side by side in threads, and makes few parts before they are taken."""

from collections.abc import Iterator
from itertools import count, islice

import pytest

from sources.customerio.client import BadAnswer, Client
from sources.customerio.extract import Options, RunContext, RunSummary

AHEAD = 30
"""More than the parts that one reading may make ahead of its consumer."""


@pytest.fixture
def run() -> Iterator[RunContext]:
    """A run that makes no request."""
    with Client(app_api_key="unused") as client:
        context = RunContext(client=client, options=Options(), summary=RunSummary(), clock=lambda: 1)
        yield context
        context.close()


def test_lists_without_end_are_made_as_they_are_taken(run: RunContext) -> None:
    """Of three lists without end a hundred parts are taken, and few more are made."""
    made: list[int] = []

    def endless(first: int) -> Iterator[int]:
        for number in count(first, 3):
            made.append(number)
            yield number

    taken = list(islice(run.map_parts(endless, range(3)), 100))

    assert len(set(taken)) == 100
    for first in range(3):
        of_one = [part for part in taken if part % 3 == first]
        assert of_one == sorted(of_one)
    assert len(made) < 100 + AHEAD


def test_many_parents_are_read_as_they_are_taken(run: RunContext) -> None:
    """Of a thousand parents ten are taken, and few more are read."""
    read: list[int] = []

    def job(parent: int) -> int:
        read.append(parent)
        return parent

    assert len(list(islice(run.map(job, range(1_000)), 10))) == 10
    assert len(read) < 10 + AHEAD


def test_a_later_part_that_fails_fails_its_parent_alone(run: RunContext) -> None:
    """All parts of the other parents come; then the error is raised, and names the parent that failed."""

    def two_parts(parent: int) -> Iterator[str]:
        yield f"{parent}a"
        if parent == 7:
            msg = "the second page is broken."
            raise BadAnswer(msg)
        yield f"{parent}b"

    parts: set[str] = set()
    with pytest.raises(BadAnswer, match=r"broken. It was so for 1 of 40 parents \(7\); the others were read"):
        for part in run.map_parts(two_parts, range(40)):
            parts.add(part)
    assert {f"{parent}{half}" for parent in range(40) for half in "ab"} - parts == {"7b"}


def test_a_result_that_is_none_is_a_result(run: RunContext) -> None:
    """Three jobs that return nothing have three results."""
    assert [None] * 3 == list(run.map(lambda _: None, range(3)))
