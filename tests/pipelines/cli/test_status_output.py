"""The pages of `status`: in pipes of any width, and on a terminal of 80 columns."""

import re
import subprocess
import sys

import pytest

from pipelines.permissions import close_data_folder
from sources.customerio.catalogue import GROUPS, RESOURCES
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse
from tests.pipelines.cli.terminal import screen_of
from tests.pipelines.conftest import SCRIPT, Shell

WIDTH = 80
HEAVY = ("dlt", "httpx", "numpy", "pandas", "prefect", "pyarrow", "sqlalchemy")


@pytest.mark.proof
def test_a_pipe_has_a_line_for_each_row_and_a_terminal_has_whole_words(
    warehouse: Warehouse, shell: Shell
) -> None:
    """COLUMNS folds no line of a pipe; a terminal of 80 columns has no longer line, and the same words."""
    warehouse.sandbox.faults.add(Fault(operation="listSegments", status=403, times=None))
    warehouse.sync("campaigns", "segments", "people", "objects", "object_types")

    short = [shell.run("status", COLUMNS=width).out for width in ("40", "300")]
    piped = shell.run("status", "--all", COLUMNS="40").out
    screen = _on_a_terminal(shell, "status")
    whole = _on_a_terminal(shell, "status", "--all")

    for page in short:
        lines = page.splitlines()
        assert lines[0].startswith("5 tables, 1 late, no gaps, 1 not complete, last run ")
        assert "Needs attention:" == lines[2]
        assert lines[3].startswith("- segments was never read to its end; ")
        assert lines[4].startswith("- The last sync of segments was not complete: ")
        assert ["messaging", "people", "objects"] == [line.split()[0] for line in lines[-4:-1]]
    assert ["campaigns", "segments", "people", "object_types", "objects"] == [
        line.split()[0] for line in piped.splitlines()[-5:]
    ]
    assert piped.splitlines()[-6].split()[-1] == "deleted"
    assert _without_time(short[0]) == _without_time(screen)
    assert "Not shown: " in whole


def test_groups_have_every_table() -> None:
    """Each table is in one group, in the order of a sync."""
    assert list(RESOURCES) == [row for rows in GROUPS.values() for row in rows]
    assert len(RESOURCES) == len({row.table for row in RESOURCES})


@pytest.mark.parametrize("option", ["--all", "--json"])
def test_status_imports_nothing_that_takes_time(warehouse: Warehouse, shell: Shell, option: str) -> None:
    """`status` reads the published file with DuckDB alone; each of the others takes a tenth of a second."""
    warehouse.sync("campaigns", "messages")
    # A command would tell that it closes what this process left open.
    close_data_folder(warehouse.settings)
    seen = (
        "import sys, pipelines.cli.main\n"
        f"sys.argv = ['cio-elt', 'status', '{option}']\n"
        "try: pipelines.cli.main.main()\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )

    ran = subprocess.run([sys.executable, "-c", seen], env=shell.env, capture_output=True, text=True)

    assert (0, "[]") == (ran.returncode, ran.stderr.strip())
    assert "messages" in ran.stdout


def _without_time(page: str) -> list[str]:
    """The words of the page without the times since the last run."""
    return re.sub(r"last run .*? ago|\d+ (?:s|min)\b", "", " ".join(page.split())).replace("- ", "").split()


def _on_a_terminal(shell: Shell, *arguments: str) -> str:
    """The screen of a command that succeeds, in 80 columns."""
    screen = screen_of([SCRIPT, *arguments], (WIDTH, 24), cwd=shell.folder, env=shell.env)
    assert (0, ()) == (screen.code, screen.too_long), screen.text
    return screen.text
