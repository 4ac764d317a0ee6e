"""The `report` command where there is nothing to report on."""

import pytest

from tests.pipelines.conftest import Shell


@pytest.mark.proof
def test_without_a_warehouse_the_next_step_is_named(shell: Shell) -> None:
    """The command ends with a message that names `cio-elt sync`."""
    shell.refused(shell.run("report"), 2, "There is no warehouse", "cio-elt sync")
