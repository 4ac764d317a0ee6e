"""The page of every command's `--help`, written from the commands: `python -m pipelines.cli.pages`."""

from collections.abc import Iterator
from pathlib import Path

import click

from pipelines.cli.main import main

PAGE = Path(__file__).with_name("COMMANDS.md")
"""The page."""
_WIDTH = 96


def commands_page() -> str:
    """COMMANDS.md: the help of each command, groups before their commands."""
    lines = ["# Commands", "", "Written from the commands; do not edit. Each prints its part with `--help`."]
    for name, text in _helps(main, "cio-elt", None):
        lines += ["", f"## {name}", "", "```", *text.splitlines(), "```"]
    return "\n".join(lines) + "\n"


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    settings = {**command.context_settings, "terminal_width": _WIDTH}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from _helps(command.commands[inner], inner, context)


if __name__ == "__main__":
    PAGE.write_text(commands_page(), "utf-8")
