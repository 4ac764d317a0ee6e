"""Fixtures of the marts: those of a tiny workspace and the demo's; and a browser for their pages."""

import shutil
import tempfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from pipelines.transform import TransformResult
from tests.conftest import Warehouse
from tests.warehouse.questions import demo

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="session")
def marts(built: tuple[Warehouse, TransformResult]) -> Warehouse:
    """The warehouse of `built`."""
    return built[0]


@pytest.fixture(scope="session")
def demonstrated(
    built: tuple[Warehouse, TransformResult], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """The demo's warehouse on its first day, with marts."""
    with demo(tmp_path_factory.mktemp("demo") / "data", parsed=built[0]) as warehouse:
        yield warehouse


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Debian's Chromium."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"there is no {CHROMIUM}; `apt-get install chromium` brings it")
    # Chromium makes a socket in the temporary folder, and a socket's path may have 107 characters.
    with tempfile.TemporaryDirectory(dir="/tmp") as short, monkeypatch.context() as patch:
        patch.setenv("TMPDIR", short)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            yield browser
            browser.close()
