"""The state of pushes before the first one has run."""

from pipelines.push import read_status
from pipelines.push.journal.database import FILE
from tests.conftest import Warehouse
from tests.pipelines.conftest import Shell


def test_without_a_push_there_is_no_journal(warehouse: Warehouse) -> None:
    """There is no state, and reading it makes no file."""
    before = sorted(warehouse.settings.cio_elt_data.rglob("*"))

    assert [] == read_status(warehouse.settings)
    assert before == sorted(warehouse.settings.cio_elt_data.rglob("*"))


def test_push_status_says_what_a_push_is(shell: Shell) -> None:
    """With nothing set up it ends with 0, explains a push, names the absolute folders, and makes no file."""
    ran = shell.run("push", "status")

    assert (0, "") == (ran.code, ran.err)
    assert f"No push has run yet in {shell.data}. A push writes the rows of a SQL model" in ran.out
    assert str(shell.folder / "warehouse" / "push") in ran.out
    assert not (shell.data / FILE).exists()
