"""The page of the commands is what they print."""

import re
import subprocess
import sys

from pipelines.cli.main import main
from pipelines.cli.pages import PAGE


def test_the_page_is_current() -> None:
    """`make docs` writes the page; it was run after the last change of a command.

    A process of its own, for a command keeps the names of its help option from its first use.
    """
    code = "import sys; from pipelines.cli.pages import commands_page; sys.stdout.write(commands_page())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == PAGE.read_text("utf-8")


def test_every_command_has_its_help() -> None:
    """Each command and each group of commands is on the page, with its options."""
    page = PAGE.read_text("utf-8")

    assert set(main.commands) == set(re.findall(r"^## cio-elt ([a-z]+)$", page, flags=re.MULTILINE))
    assert page.count("\nOptions:\n") == page.count("\n## ")
