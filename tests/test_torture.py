"""Random schedules of commands under composed faults end with a warehouse and exit codes that are true.

`make torture` runs hundreds of them; `python -m tests.torture SEED` runs one again and prints its steps.
"""

import pytest

from tests.torture.schedule import draw
from tests.torture.steps import run

pytestmark = pytest.mark.proof

SEEDS = range(1, 11)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_schedule_ends_with_the_truth(seed: int) -> None:
    """After each step what is published is sound; after clean syncs all rows equal the workspace's."""
    log = run(draw(seed))

    assert any(line.startswith("clean sync") for line in log)
