"""The page of the commands is what they print."""

import re

from pipelines.cli.main import main
from pipelines.cli.pages import PAGE, commands_page


def test_the_page_is_current() -> None:
    """`make docs` writes the page; it was run after the last change of a command."""
    assert commands_page() == PAGE.read_text("utf-8")


def test_every_command_has_its_help() -> None:
    """Each command and each group of commands is on the page, with its options."""
    page = PAGE.read_text("utf-8")

    assert set(main.commands) == set(re.findall(r"^## cio-elt ([a-z]+)$", page, flags=re.MULTILINE))
    assert page.count("\nOptions:\n") == page.count("\n## ")
