"""A workspace that is synced twice: with a privacy file, and beside it without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.settings import Settings
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse, following
from tests.pipelines.erase.conftest import World
from tests.pipelines.push.conftest import Pushing, settings_for_pushes

RULES = """\
version: 1
identifiers:
  email: hash
attributes:
  phone: drop
  first_name: hash
texts:
  email: hash
  phone: hash
"""


@dataclass
class Private:
    """A warehouse whose privacy file can be written, and what is pushed from it."""

    world: World
    file: Path

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return self.world.warehouse

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.world.settings

    def rules(self, text: str = RULES) -> None:
        """Write the privacy file."""
        self.file.write_text(text)


@pytest.fixture
def private(sandbox: Sandbox, tmp_path: Path) -> Iterator[Private]:
    """An empty warehouse with a privacy file."""
    with private_world(sandbox, tmp_path) as found:
        found.rules()
        yield found


@contextmanager
def private_world(sandbox: Sandbox, home: Path) -> Iterator[Private]:
    """An empty warehouse whose privacy file is not written yet."""
    (home / "push").mkdir(exist_ok=True)
    file = home / "privacy.yml"
    with following(sandbox, home / "data") as warehouse:
        warehouse.settings = warehouse.settings.model_copy(update={"cio_elt_privacy": file})
        yield Private(World(Pushing(warehouse, home / "push", settings_for_pushes(warehouse))), file)
