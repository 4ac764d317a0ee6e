"""The documentation agrees with the code."""

import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

from pipelines.cli.main import main
from pipelines.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_readme_names_commands_that_exist() -> None:
    """Each `make` target and each `cio-elt` command in the README exists."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z]+)\b", README)) <= targets
    assert set(re.findall(r"bin/cio-elt ([a-z]+)", README)) <= set(main.commands)


def test_the_readme_names_every_setting_and_no_other() -> None:
    """The settings in the README's table are those of the code."""
    named = set(re.findall(r"`((?:CUSTOMERIO|CIO_ELT)_[A-Z_]+)`", README))

    assert named == {name.upper() for name in Settings.model_fields}


def test_links_lead_somewhere() -> None:
    """Each relative link of each page points to an existing file or folder."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    broken = [
        (page, link)
        for page in listed.stdout.split()
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text())
        if not ((ROOT / page).parent / link).exists()
    ]

    assert [] == broken


def test_the_changelog_tells_of_this_version() -> None:
    """The newest version of the changelog is that of pyproject.toml."""
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)

    assert version and newest and version[1] == newest[1]


def test_the_license_is_the_one_that_the_package_names() -> None:
    """`LICENSE` is the text of the Apache License, which pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "LICENSE").read_text()

    assert ("Apache-2.0", ["LICENSE"]) == (project["license"], project["license-files"])
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text
    assert not [name for name in project["classifiers"] if name.startswith("License ::")]


def test_every_test_says_what_it_shows() -> None:
    """Each test function has a docstring."""
    silent = re.compile(r'^( *)def (test_\w+)\([^)]*\)[^:]*:\n(?!\1    """)', flags=re.MULTILINE)

    found = {str(f): silent.findall(f.read_text()) for f in (ROOT / "tests").rglob("test_*.py")}

    assert {} == {file: names for file, names in found.items() if names}


def test_the_lock_has_every_dependency() -> None:
    """The lock file has every dependency; `make lock` writes it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    locked = set(
        re.findall(
            r"^([a-z0-9-]+)(?:\[[^]]+\])?==",
            (ROOT / "requirements.lock").read_text(),
            flags=re.MULTILINE,
        )
    )

    assert {re.split(r"[\[<>=]", name)[0] for name in wanted} <= locked


def test_the_lock_names_no_index() -> None:
    """The lock file has hashes of packages, and leaves the choice of an index to the user."""
    lock = (ROOT / "requirements.lock").read_text()

    assert "--hash=sha256:" in lock
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock)
