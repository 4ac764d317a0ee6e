"""Tests mirror the code: `tests/PATH/test_NAME.py` tests the module `PATH/NAME.py`."""

import subprocess
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]

ACROSS = {
    "tests/test_architecture.py": "ARCHITECTURE.md and the import graph",
    "tests/test_bench.py": "the runner and the results of tests/bench",
    "tests/test_contributing.py": "CONTRIBUTING.md",
    "tests/test_docs.py": "the pages and the lock file",
    "tests/test_docstrings.py": "the docstrings of all modules",
    "tests/test_examples.py": "the commands of README.md and of examples/README.md",
    "tests/test_installed.py": "the package as pip installs it",
    "tests/test_mirror.py": "the tests themselves",
    "tests/test_numbers.py": "the numbers that pages state",
    "tests/test_security.py": "SECURITY.md and warehouse/RELIABILITY.md",
    "tests/test_taken_up.py": "the files of an earlier commit",
    "tests/test_torture.py": "schedules of commands, drawn by tests/torture",
    "tests/test_words.py": "the words of all prose",
    "tests/flows/test_canary.py": "what all flows leave in Prefect",
    "tests/flows/test_together.py": "several flows at once",
    "tests/flows/test_workers.py": "a worker of a pool, which is Prefect's",
    "tests/pipelines/test_canary.py": "the files, outputs and processes of all commands",
    "tests/pipelines/cli/test_screens.py": "the screens of several commands",
    "tests/pipelines/push/test_examples.py": "the README of warehouse/push",
    "tests/pipelines/warehouse/test_postgres.py": "a warehouse that is a server",
    "tests/sources/customerio/catalogue/test_operations.py": "the rows of all modules of OPERATIONS",
    "tests/sources/customerio/test_facts.py": "FACTS.md and the tags in comments",
    "tests/sources/customerio/extract/test_moving_pages.py": "readers of pages, while rows arrive",
    "tests/sources/customerio/extract/test_source.py": "the dlt source over all readers, with their fixtures",
    "tests/sources/customerio/sandbox/wire/test_every_operation.py": "all operations on one workspace",
}
"""Tests that cross modules, and what they test."""

OUTSIDE = {
    "tests/sources/customerio/sandbox/clients": "clients of others, pointed at the sandbox",
    "tests/sources/customerio/sandbox/contract": "the sandbox's answers beside Customer.io's documents",
    "tests/dependencies": "the packages of requirements.lock",
    "tests/warehouse": "the dbt project, which has no Python",
}
"""Folders of tests that mirror no package."""


def _tests() -> list[str]:
    command = ["git", "ls-files", "tests/**/test_*.py", "tests/test_*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted({name for name in listed.stdout.splitlines() if (ROOT / name).exists()})


def _mirrored(name: str) -> list[str]:
    """The modules that a test may be named by: its own name, or the beginning of it up to a `_`.

    `test_init` is the test of the package's `__init__`.
    """
    path = PurePosixPath(name)
    folder = PurePosixPath(*path.parts[1:-1])
    if path.stem == "test_init":
        return [str(folder / "__init__.py")]
    parts = path.stem.removeprefix("test_").split("_")
    stems = ["_".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return [str(folder / end) for stem in stems for end in (f"{stem}.py", f"{stem}/__init__.py")]


_MIRRORS = [n for n in _tests() if n not in ACROSS and str(PurePosixPath(n).parent) not in OUTSIDE]


@pytest.mark.parametrize("name", _MIRRORS)
def test_a_test_is_named_by_its_module(name: str) -> None:
    """The module stands at the same path, under the test's name or the beginning of it."""
    assert any((ROOT / module).exists() for module in _mirrored(name)), f"none of {_mirrored(name)} exists"


def test_no_exception_is_left_over() -> None:
    """Each exception is an existing file or folder that needs one."""
    assert [] == [name for name in (*ACROSS, *OUTSIDE) if not (ROOT / name).exists()]
    assert [] == [name for name in ACROSS if any((ROOT / module).exists() for module in _mirrored(name))]
