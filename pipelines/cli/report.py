"""`cio-elt report`: writes a page about the workspace."""

from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli.command import DONE, command, note, print_json


@click.command()
@click.option(
    "--out",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: report.html in the data folder.",
)
@command
def report(*, file: Path | None, as_json: bool) -> int:
    """Write one HTML page of charts and tables from the marts.

    The page needs no network, and can be printed.
    """
    from pipelines.report import report as run
    from pipelines.settings import read_settings

    written = run(read_settings(), file)
    if as_json:
        print_json(asdict(written))
    else:
        note(f"Wrote {written.file}: {written.pictures} charts, {written.bytes:,} bytes.")
    return DONE
