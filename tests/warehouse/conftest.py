"""Fixtures of the marts: those of a tiny workspace and the demo's; and a browser for their pages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from pipelines.transform import TransformResult
from tests.browser import launched
from tests.conftest import Warehouse
from tests.warehouse.questions import demo


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with launched() as browser:
        yield browser
