"""Fixtures of the marts: a tiny workspace and the demo's, each synced and transformed once."""

from collections.abc import Iterator

import pytest

from pipelines.transform import TransformResult, transform
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse, following
from tests.warehouse.readme import demo


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, TransformResult]]:
    """A warehouse whose marts were built after a full sync, and the result of the transform."""
    with following(Sandbox(scale="tiny"), tmp_path_factory.mktemp("marts")) as warehouse:
        warehouse.sync()
        yield warehouse, transform(warehouse.settings)


@pytest.fixture(scope="session")
def marts(built: tuple[Warehouse, TransformResult]) -> Warehouse:
    """The warehouse of `built`."""
    return built[0]


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The demo's warehouse on its first day, with marts."""
    with demo(tmp_path_factory.mktemp("demo") / "data") as warehouse:
        yield warehouse
