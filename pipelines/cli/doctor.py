"""`cio-elt doctor`: what is wrong, and the cure of each."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.command import DONE, FAILED, PARTLY, looking_command, note, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.doctor import Finding

_CODES = {"ok": DONE, "warn": PARTLY, "fail": FAILED}


@click.command()
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Write FILE, a zip for support without people's data: findings, settings, schemas, runs, log; "
    "default: none.",
    metavar="FILE",
)
@looking_command
def doctor(*, bundle: Path | None, as_json: bool) -> int:
    """Look for what is wrong with the installation, the data folder and the servers; name the cure of each.

    Ends with 0 if all is well, with 4 if something needs a look, and with 1 if a run would fail.
    """
    from pipelines.doctor import examine, settings_finding, worst, write_bundle
    from pipelines.errors import ConfigError
    from pipelines.settings import read_settings

    try:
        settings = read_settings()
    except ConfigError as error:
        findings = [settings_finding(error)]
    else:
        findings = list(examine(settings))
        if bundle is not None:
            write_bundle(bundle, settings, findings)
            note(f"{bundle} is written. It holds no row of a table; look into it before you send it.")
    if as_json:
        print_json({"state": worst(findings), "findings": [asdict(finding) for finding in findings]})
    else:
        _print(findings)
    return _CODES[worst(findings)]


def _print(findings: "Sequence[Finding]") -> None:
    from pipelines.cli.tables import OUT, say

    for finding in sorted(findings, key=lambda finding: finding.state != "ok"):
        say(f"{finding.state:4}  {finding.name}: {finding.found}")
    if cures := [finding for finding in findings if finding.cure]:
        OUT.print()
        for finding in cures:
            say(f"To correct {finding.name}: {finding.cure}")
