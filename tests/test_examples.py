"""The examples run as a reader runs them, against a sandbox."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from sources.customerio.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[1] / "examples"

pytestmark = pytest.mark.proof


def _load(sandbox: Sandbox, app_url: str, folder: Path) -> str:
    """The output of the example that loads, run in that folder."""
    environment = {
        **os.environ,
        "CUSTOMERIO_APP_API_KEY": sandbox.app_api_key,
        "CUSTOMERIO_APP_URL": app_url,
        "DLT_DATA_DIR": str(folder / "dlt"),
    }
    command = [sys.executable, str(EXAMPLES / "load_campaigns.py")]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert 0 == ran.returncode, ran.stdout + ran.stderr
    return ran.stdout


def test_campaigns_are_loaded_and_asked(tmp_path: Path) -> None:
    """The script loads the sandbox's campaigns, a second run finds no change, and the SQL has their steps."""
    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        first = _load(sandbox, served.app_url, tmp_path)
        second = _load(sandbox, served.app_url, tmp_path)
    with duckdb.connect(tmp_path / "campaigns.duckdb", read_only=True) as connection:
        found = connection.execute((EXAMPLES / "campaign_steps.sql").read_text("utf-8")).fetchall()
        loads = connection.execute("SELECT count(*) FROM customerio_raw._dlt_loads").fetchall()

    campaigns = list(sandbox.rows("campaigns"))
    names = {row["id"]: row["name"] for row in sandbox.rows("segments")}
    actions = list(sandbox.rows("campaign_actions"))
    steps = Counter(row["campaign_id"] for row in actions)
    emails = Counter(row["campaign_id"] for row in actions if row["type"] == "email")
    expected = {
        row["name"]: (
            row["state"],
            ", ".join(sorted(names[one] for one in row.get("trigger_segment_ids") or [])) or None,
            steps[row["id"]],
            emails[row["id"]],
        )
        for row in campaigns
    }
    assert expected == {name: tuple(rest) for name, *rest in found}
    assert any(started_by for _, started_by, _, _ in expected.values())
    assert first == second
    assert f"campaigns: {len(campaigns)} rows" in first
    assert [(1,)] == loads, "the second run had no row to load"
