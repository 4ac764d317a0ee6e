"""`cio-elt ui`: serves local pages about the warehouse, its runs and its pushes."""

from contextlib import suppress

import click

from pipelines.cli.command import DONE, looking_command, print_json

_PORT = 4210


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=_PORT,
    show_default=True,
    help="Port of this machine; 0 takes a free one.",
)
@looking_command
def ui(*, port: int, as_json: bool) -> int:
    """Serve read-only pages about tables, coverage, runs, costs and pushes until interrupted.

    Only this machine reaches them, with all its users. They have no keys and no people's data.
    """
    # Importing takes a second, in which an interrupt is no error either.
    with suppress(KeyboardInterrupt):
        from pipelines.cli.tables import say
        from pipelines.settings import read_settings
        from pipelines.ui import listening

        settings = read_settings()
        with listening(settings, port) as listener:
            if as_json:
                print_json({"url": listener.url})
            else:
                say(f"The pages about {settings.cio_elt_data} are at {listener.url} and change nothing.")
                say("Ctrl-C ends it.")
            listener.serve()
    return DONE
