"""Every promise of SECURITY.md and of RELIABILITY.md has a test."""

import ast
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click import Group
from ruamel.yaml import YAML

from flows.environment import DEFAULTS
from pipelines.cli.main import main
from pipelines.settings import read_settings
from pipelines.ui import listening
from sources.customerio.sandbox import Sandbox
from tests.pipelines.test_permissions import open_ports

ROOT = Path(__file__).parents[1]
LOOPBACK = "127.0.0.1"


@pytest.mark.parametrize("page", ["SECURITY.md", "warehouse/RELIABILITY.md"])
def test_every_promise_has_its_test(page: str) -> None:
    """The test of a promise exists."""
    promised = re.findall(r"^\| .+ \| `(test_\w+)` \|$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    tests = {
        node.name
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }

    assert promised
    assert [] == [name for name in promised if name not in tests]


def test_servers_listen_on_this_machine(tmp_path: Path) -> None:
    """The sandbox, its command, the local pages and Prefect's server take connections of this machine alone.

    The pages have no option for another address.
    """
    assert isinstance(main, Group)
    options = {option.name: option.default for option in main.commands["sandbox"].params}
    with Sandbox(scale="tiny").serve() as served:
        hosts = {urlsplit(url).hostname for url in (served.app_url, served.track_url, served.control_url)}

    with listening(read_settings(cio_elt_data=tmp_path), 0) as listener:
        hosts.add(urlsplit(listener.url).hostname)
        assert [] == open_ports()

    assert {LOOPBACK} == hosts
    assert "host" not in {option.name for option in main.commands["ui"].params}
    assert LOOPBACK == options["host"]
    assert LOOPBACK == urlsplit(DEFAULTS["PREFECT_API_URL"]).hostname


def test_telemetry_of_dbt_and_prefect_is_off() -> None:
    """The settings with which flows and transforms start disable telemetry."""
    project = YAML(typ="safe").load(ROOT / "warehouse" / "dbt_project.yml")

    assert project["flags"]["send_anonymous_usage_stats"] is False
    assert "1" == DEFAULTS["DO_NOT_TRACK"]
    assert "false" == DEFAULTS["PREFECT_SERVER_ANALYTICS_ENABLED"]
