"""`config` shows the settings and their origins; `init` makes a `.env` that the other commands read."""

from pathlib import Path

import pytest

from pipelines.settings import Settings
from tests.pipelines.cli.terminal import answered
from tests.pipelines.conftest import SCRIPT, Shell

KEY, DATA = "CUSTOMERIO_APP_API_KEY", "CIO_ELT_DATA"


def test_config_shows_every_setting_and_no_secret(shell: Shell) -> None:
    """A line for each setting in a pipe, one document with --json, and no key in either."""
    (shell.folder / ".env").write_text("CUSTOMERIO_TRACK_SITE_ID=a-site-id\n")

    people, programs = shell.run("config"), shell.run("config", "--json")

    names = [name.upper() for name in Settings.model_fields]
    assert (0, "", 0, "") == (people.code, people.err, programs.code, programs.err)
    first, _, *rows = people.out.splitlines()
    assert f"then from {shell.folder / '.env'}, then" in first
    assert names == [line.split()[0] for line in rows]
    assert names == [row["variable"] for row in programs.document["settings"]]
    by_name = {row["variable"]: row for row in programs.document["settings"]}
    assert ("********", "environment") == (by_name[KEY]["value"], by_name[KEY]["origin"])
    assert str(shell.folder / ".env") == by_name["CUSTOMERIO_TRACK_SITE_ID"]["file"]
    for secret in (shell.sandbox.app_api_key, "a-site-id"):
        assert secret not in people.out + programs.out


def test_init_without_a_terminal_takes_a_file(shell: Shell, tmp_path: Path) -> None:
    """The key of a file is checked; `.env` has it and the absolute folder, and is this user's alone."""
    (tmp_path / "key").write_text(f"{shell.sandbox.app_api_key}\n")
    free = {KEY: None, DATA: None}

    ran = shell.run("init", "--key-from", "key", "--data", "my data", "--json", **free)

    file = shell.folder / ".env"
    assert (0, "") == (ran.code, ran.err)
    assert str(shell.folder / "my data") == ran.document["data"]
    assert {row["name"] for row in shell.sandbox.rows("workspaces")} == set(ran.document["workspaces"])
    assert 0o600 == file.stat().st_mode & 0o777
    settings = {row["variable"]: row for row in shell.run("config", "--json", **free).document["settings"]}
    assert (str(shell.folder / "my data"), ".env") == (settings[DATA]["value"], settings[DATA]["origin"])
    assert ".env" == settings[KEY]["origin"]
    assert not (shell.folder / "my data").exists()


@pytest.mark.proof
def test_init_writes_nothing_that_was_not_accepted_or_asked_for(shell: Shell, tmp_path: Path) -> None:
    """Without --key-from, with a wrong key, or over an existing file, it ends with 2 and changes no file."""
    (tmp_path / "key").write_text("0123456789abcdef")

    silent, wrong = shell.run("init"), shell.run("init", "--key-from", "key")
    assert not (shell.folder / ".env").exists()
    (shell.folder / ".env").write_text("CIO_ELT_SPEED=0.5\n")
    there = shell.run("init", "--key-from", "key")

    assert [2, 2, 2] == [silent.code, wrong.code, there.code]
    assert "--key-from" in silent.err
    assert "401" in wrong.err
    assert f"{shell.folder / '.env'} exists. Add --replace" in there.err
    assert "CIO_ELT_SPEED=0.5\n" == (shell.folder / ".env").read_text()


@pytest.mark.proof
def test_init_asks_on_a_terminal(shell: Shell) -> None:
    """It asks before it changes a `.env`, then for key, region and folder; the key is not shown."""
    file = shell.folder / ".env"
    file.write_text("CIO_ELT_SPEED=0.5\n")

    code, shown = _answered(
        shell,
        ("init",),
        [("exists", "y"), ("App API key: ", shell.sandbox.app_api_key), ("Region", ""), ("Data folder", "")],
    )

    assert 0 == code, shown
    assert shell.sandbox.app_api_key not in shown
    assert f"{file} is written" in " ".join(shown.split())
    assert [
        "CIO_ELT_SPEED=0.5",
        f"{KEY}={shell.sandbox.app_api_key}",
        "CUSTOMERIO_REGION=us",
        f"{DATA}={shell.folder / 'warehouse' / 'data'}",
    ] == file.read_text().splitlines()


@pytest.mark.proof
def test_init_changes_nothing_after_a_no(shell: Shell) -> None:
    """Who does not want the existing file changed keeps it as it is."""
    file = shell.folder / ".env"
    file.write_text("CIO_ELT_SPEED=0.5\n")

    code, shown = _answered(shell, ("init",), [("exists", "n")])

    assert 1 == code, shown
    assert "Traceback" not in shown
    assert "CIO_ELT_SPEED=0.5\n" == file.read_text()


def _answered(shell: Shell, arguments: tuple[str, ...], answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run the command without a key and a folder in its environment; its exit code and output."""
    env = {name: value for name, value in shell.env.items() if name not in (KEY, DATA)}
    return answered([SCRIPT, *arguments], answers, cwd=shell.folder, env=env)
