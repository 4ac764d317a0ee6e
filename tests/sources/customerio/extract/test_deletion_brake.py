"""More deletions than a share of a table are held back until they are accepted or seen again."""

from typing import Any

import pytest

from sources.customerio.extract import Options, RunSummary
from sources.customerio.extract.deletion_brake import DeletionBrake
from sources.customerio.sandbox import Fault
from tests.sources.customerio.extract.conftest import Project


@pytest.mark.parametrize(
    ("missing", "alive", "held"),
    [(9, 9, False), (10, 10, True), (30, 100, False), (31, 100, True), (0, 0, False)],
)
def test_ten_rows_and_more_than_the_share_are_held_back(missing: int, alive: int, held: bool) -> None:
    """Nine rows pass at any share; from ten on, more than 30 % are held back."""
    error = DeletionBrake().check("people", [str(number) for number in range(missing)], alive)

    assert held == (error is not None)


def test_another_share_and_a_table_that_is_accepted() -> None:
    """A share of 1 holds nothing back, one of 0 all; an accepted table passes at any share."""
    gone = [(1, str(number)) for number in range(50)]

    assert DeletionBrake(share=1).check("people", gone, 50) is None
    assert DeletionBrake(share=0).check("people", gone, 1_000) is not None
    assert DeletionBrake(share=0, accepted=True).check("people", gone, 50) is None


def test_a_second_equal_reading_passes_and_another_one_does_not() -> None:
    """The same missing rows pass at the second time, in any order; other ones are held back anew."""
    state: dict[str, Any] = {}
    brake = DeletionBrake(state=state)

    assert brake.check("people", list(range(20)), 20) is not None
    assert brake.check("people", list(range(1, 21)), 21) is not None
    assert brake.check("people", list(range(20, 0, -1)), 21) is None
    assert {} == state
    assert brake.check("people", list(range(20)), 20) is not None
    assert brake.check("people", [], 20) is None
    assert brake.check("people", list(range(20)), 20) is not None


TABLE = "segment_memberships"


def _alive(project: Project) -> int:
    return int(project.cells(f"SELECT count(*) FROM {TABLE} WHERE deleted_at IS NULL")[0][0])


@pytest.mark.proof
def test_valid_empty_lists_are_held_back_until_they_come_again(project: Project) -> None:
    """Empty lists in place of full ones mark nothing as deleted at first; read again, they are believed."""
    project.run(TABLE, options=Options())
    before = _alive(project)
    project.sandbox.clock.advance(60)
    project.sandbox.faults.add(
        Fault(operation="getSegmentMembership", times=None, document={"identifiers": None, "next": ""})
    )
    summary = RunSummary()

    project.run(TABLE, summary=summary, options=Options())

    held = summary.resources[TABLE].held
    assert held is not None
    assert summary.failed == [summary.resources[TABLE]]
    assert f"{before:,} of {before:,} rows of {TABLE}" in str(held)
    assert f"--accept-deletions {TABLE}" in str(held)
    assert before == _alive(project)

    again = RunSummary()
    project.run(TABLE, summary=again, options=Options())

    assert [] == again.failed
    assert (0, before) == (_alive(project), again.resources[TABLE].deleted)


@pytest.mark.proof
def test_accepted_deletions_pass_at_once_and_a_good_reading_forgets_the_bad_one(project: Project) -> None:
    """After a good reading the same empty lists are held back again; accepted, they pass."""
    empty = Fault(operation="getSegmentMembership", times=None, document={"identifiers": []})
    project.run(TABLE, options=Options())
    before = _alive(project)
    project.sandbox.clock.advance(60)
    for faults in ((empty,), (), (empty,)):
        project.sandbox.faults.clear()
        project.sandbox.faults.add(*faults)
        project.run(TABLE, summary=RunSummary(), options=Options())
        assert before == _alive(project)

    project.run(TABLE, summary=RunSummary(), options=Options(accept_deletions=(TABLE,)))

    assert 0 == _alive(project)
