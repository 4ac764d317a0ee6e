"""The bill of materials has every package of the lock, with version, hashes and an accepted licence."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.dependencies import LOCK
from tests.dependencies.licences import unaccepted
from tests.dependencies.materials import write_materials

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of the bill."""
    file = tmp_path_factory.mktemp("dist") / "sbom.cdx.json"
    write_materials(file)
    return file.read_text("utf-8")


@pytest.fixture(scope="module")
def components(text: str) -> list[dict[str, Any]]:
    """The packages of the bill."""
    found: list[dict[str, Any]] = json.loads(text)["components"]
    return found


def test_every_package_of_the_lock_is_in_the_bill(components: list[dict[str, Any]]) -> None:
    """Name, version and every hash of the lock."""
    pinned = {
        (name, number): set(re.findall(r"--hash=sha256:(\w+)", hashes))
        for name, number, hashes in re.findall(
            r"^([\w.-]+)(?:\[[^]]+\])?==(\S+)((?:.*\\\n)(?: +--hash=.*\n)+)",
            LOCK.read_text("utf-8"),
            re.MULTILINE,
        )
    }
    found = {
        (one["name"], one["version"]): {
            each["content"] for place in one["externalReferences"] for each in place.get("hashes", [])
        }
        for one in components
    }
    assert pinned == found
    assert all(pinned.values())


def test_every_licence_is_known_and_accepted(components: list[dict[str, Any]]) -> None:
    """No package has an unknown licence, or one that is copyleft alone."""
    assert [] == [told for one in components if (told := unaccepted(one))]


def test_the_bill_is_valid_and_the_same_each_time(text: str, tmp_path: Path) -> None:
    """It holds to CycloneDX's schema; a second one has the same bytes, and none names this machine."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    write_materials(tmp_path / "again.json")
    assert text == (tmp_path / "again.json").read_text("utf-8")
    assert str(Path.home()) not in text
    assert str(LOCK.parent) not in text
