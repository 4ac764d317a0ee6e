"""`cio-elt config` prints the settings; `cio-elt init` asks for those of a new `.env`, and writes it."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from pipelines.cli.command import DONE, command, note, print_json

if TYPE_CHECKING:
    from pipelines.connect import Access
    from pipelines.settings import Setting, Settings

_KEY, _REGION, _DATA = "CUSTOMERIO_APP_API_KEY", "CUSTOMERIO_REGION", "CIO_ELT_DATA"
_REGIONS = click.Choice(["us", "eu"])


@click.command()
@command
def config(*, as_json: bool) -> int:
    """Show every setting, and where its value comes from.

    Secrets are masked.
    """
    from pipelines.settings import env_file, settings_with_origins

    file, found = env_file(), settings_with_origins()
    if as_json:
        print_json(
            {"env_file": file, "env_file_exists": file.exists(), "settings": [asdict(row) for row in found]}
        )
    else:
        _print_settings(file, found)
    return DONE


def _print_settings(file: Path, found: "list[Setting]") -> None:
    from pipelines.cli.tables import OUT, grid, say

    there = "" if file.exists() else ", which does not exist"
    say(f"Settings come from the environment, then from {file}{there}, then from their defaults.")
    table = grid(("setting", "value", "from"))
    for row in found:
        table.add_row(row.variable, _text(row.value), str(row.file or row.origin))
    OUT.print(table)


def _text(value: Any) -> str:
    """The value as text; none for a setting that is not set."""
    return ",".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


@click.command()
@click.option(
    "--key-from",
    "key_file",
    type=click.File("r"),
    default=None,
    help="File with the App API key, - for stdin; default: ask for it.",
)
@click.option("--region", type=_REGIONS, default=None, help="Region of the workspace; default: ask, or us.")
@click.option("--data", default=None, help="Folder of the warehouse; default: ask, or warehouse/data.")
@click.option("--replace", is_flag=True, help="Change these settings in a .env that exists, without asking.")
@command
def init(
    *, key_file: IO[str] | None, region: str | None, data: str | None, replace: bool, as_json: bool
) -> int:
    """Make a .env: ask for the workspace's key, region and folder.

    The key is sent to Customer.io's App API, and the file is written only if it is accepted. Without a
    terminal, give --key-from; the key is never an argument, which other users of the machine could read.
    """
    from pipelines.connect import check_access
    from pipelines.settings import env_file, read_settings, write_env_file

    asks = sys.stdin.isatty()
    _check_free(env_file(), replace=replace, asks=asks)
    chosen = _chosen(key_file, region, data, asks=asks)
    settings = read_settings(**{name.lower(): value for name, value in chosen.items()})
    access = check_access(settings)
    file = write_env_file({**chosen, _DATA: str(settings.cio_elt_data)})
    if as_json:
        made = {"env_file": file, "region": settings.customerio_region, "data": settings.cio_elt_data}
        print_json({**made, "workspaces": list(access.workspaces.values()), "people": access.people})
    else:
        _print_made(file, settings, access)
    for name in sorted(chosen.keys() & os.environ.keys()):
        note(f"{name} is set in the environment too, which comes before the file.")
    return DONE


def _check_free(file: Path, *, replace: bool, asks: bool) -> None:
    """Check that `.env` does not exist, or that the user lets it be changed; otherwise the command ends."""
    if replace or not file.exists():
        return
    if not asks:
        msg = f"{file} exists. Add --replace to change the key, the region and the data folder in it."
        raise click.UsageError(msg)
    click.confirm(
        f"{file} exists. Change the key, the region and the data folder in it?", abort=True, err=True
    )


def _chosen(key_file: IO[str] | None, region: str | None, data: str | None, *, asks: bool) -> dict[str, str]:
    """The three settings by variable: the options, on a terminal the answers, or those that hold now."""
    now_region, folder = _present()
    if not asks and key_file is None:
        msg = "There is no terminal to ask on. Give the App API key with --key-from FILE, or - for stdin."
        raise click.UsageError(msg)
    if asks:
        note("The App API key is made in Customer.io: Account settings, API credentials, App API Keys.")
    key = key_file.read() if key_file else click.prompt("App API key", hide_input=True, err=True)
    if asks:
        region = region or click.prompt("Region", type=_REGIONS, default=now_region, err=True)
        data = data or click.prompt("Data folder", default=folder, err=True)
    return {_KEY: key.strip().strip("\"'"), _REGION: region or now_region, _DATA: data or folder}


def _present() -> tuple[str, str]:
    """The region and the data folder that the settings name now; their defaults if one cannot be read."""
    from pipelines.errors import ConfigError
    from pipelines.settings import Settings, read_settings

    try:
        settings = read_settings()
    except ConfigError:
        settings = Settings.model_construct()
    return settings.customerio_region, str(settings.cio_elt_data.absolute())


def _print_made(file: Path, settings: "Settings", access: "Access") -> None:
    from pipelines.cli.tables import say
    from pipelines.workspace import named

    names = ", ".join(named(key, name) for key, name in access.workspaces.items())
    say(f"The key is accepted in region {settings.customerio_region}.")
    if names:
        say(f"Its account has {access.people:,} people in workspace {names}.")
    say(f"{file} is written, and only you can read it. The warehouse will be in {settings.cio_elt_data}.")
    say("Next: `cio-elt check` tests each table, and `cio-elt sync` loads them.")
