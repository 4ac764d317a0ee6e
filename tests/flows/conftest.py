"""One Prefect server for all tests of the flows, shared by the test workers."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

# Prefect reads it on import: the tests must not write into a real folder of Prefect.
os.environ.setdefault("PREFECT_HOME", tempfile.mkdtemp(prefix="prefect-of-tests-"))

from tests.flows.stage import Stage, kept, strike


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need the server as slow proofs."""
    for item in items:
        if "stage" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.proof)


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the stage; the last test worker that leaves it ends all processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "stage"
    folder.mkdir(exist_ok=True)
    users = folder / "users"
    with FileLock(folder / "users.lock"):
        users.write_text(str(int(users.read_text() if users.exists() else 0) + 1))
    yield folder
    with FileLock(folder / "users.lock"):
        left = int(users.read_text()) - 1
        users.write_text(str(left))
        if left == 0:
            strike(folder / "stage.json")


@pytest.fixture
def stage(_shared: Path) -> Iterator[Stage]:
    """A server, a sandbox and a warehouse with everything served, for this test alone while it runs."""
    with FileLock(_shared / "stage.lock"), kept(_shared / "stage.json") as stage:
        yield stage
