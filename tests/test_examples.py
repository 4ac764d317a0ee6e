"""The commands of README.md and of examples/README.md run as a reader runs them, on a small workspace."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import duckdb
import httpx
import marimo
import pandas as pd
import psutil  # type: ignore[import-untyped]
import pytest

from pipelines.push import load_specs
from pipelines.push.spec.kinds import KINDS, Mode
from pipelines.push.spec.spec import Deliver
from pipelines.settings import read_settings
from pipelines.transform import TransformResult
from pipelines.warehouse import querying
from sources.customerio.sandbox import Sandbox, Served
from tests import readme
from tests.conftest import Warehouse, share_parsed

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "examples" / "README.md").read_text("utf-8")
NOTEBOOK, SANDBOX = "The notebook", "A sandbox for the other examples"
PIPELINE, PUSHES = "The source in a dlt pipeline", "Pushes"
EXAMPLES = ROOT / "warehouse" / "push" / "examples"
PATIENCE_S = 300.0
DAY = 86_400

pytestmark = pytest.mark.proof


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A folder with what a clone has, the environment of its shell, and the sandbox that this names.

    `ran` has the exit code and the output of each command of README.md.
    """

    folder: Path
    env: dict[str, str]
    sandbox: Sandbox
    ran: dict[str, tuple[int, str]]

    @property
    def demo(self) -> Path:
        """The data folder of the demo."""
        return self.folder / "warehouse" / "data" / "demo"

    @property
    def keys(self) -> dict[str, str]:
        """The variable that `cio-elt init` writes into `.env` instead."""
        return {"CUSTOMERIO_APP_API_KEY": self.sandbox.app_api_key}

    def run(self, command: str, *, code: int = 0, env: Mapping[str, str] = MappingProxyType({})) -> str:
        """Run the command in a shell, with these variables too; its stdout. It ends with that code."""
        ran = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env={**self.env, **self.keys, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert code == ran.returncode, f"{command}: {ran.stdout}{ran.stderr}"
        return ran.stdout


@pytest.fixture(scope="module")
def clone(
    built: tuple[Warehouse, TransformResult], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clone]:
    """A clone in which the commands of README.md ran, with a sandbox in place of Customer.io."""
    folder, sandbox = tmp_path_factory.mktemp("clone"), Sandbox(scale="tiny")
    _lay_out(folder)
    share_parsed(built[0], folder / "warehouse" / "data" / "demo" / "dbt")
    # Its clock stands still.
    sandbox.knobs.import_takes_s = sandbox.knobs.export_takes_s = 0
    with sandbox.serve() as served:
        env = _environment(folder, sandbox, served)
        ran: dict[str, tuple[int, str]] = {}
        for command in readme.commands((ROOT / "README.md").read_text("utf-8")):
            if command.text not in ran:
                ran[command.text] = readme.run(command, key=sandbox.app_api_key, cwd=folder, env=env)
        yield Clone(folder=folder, env=env, sandbox=sandbox, ran=ran)


def _lay_out(folder: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        (folder / name).symlink_to(ROOT / name)
    # A `.venv` of its own, of the same packages: `make` would build one anew that is older than the lock.
    (folder / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    (folder / ".venv" / ".installed").touch()
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__*__"))
    (folder / "warehouse" / "data" / "demo").mkdir(parents=True)
    (folder / "warehouse" / "push").symlink_to(ROOT / "warehouse" / "push")
    # The demo keeps the scale of its last run.
    last = {"scale": "tiny", "passed_s": 0}
    (folder / "warehouse" / "data" / "demo" / "demo.json").write_text(json.dumps(last))
    (folder / "home").mkdir()


def _environment(folder: Path, sandbox: Sandbox, served: Served) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder),
        "CUSTOMERIO_APP_URL": served.app_url,
        "CUSTOMERIO_TRACK_URL": served.track_url,
        "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
        "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
        "CIO_ELT_LIMITS": str(folder / "limits"),
        "CIO_ELT_SPEED": "inf",
    }


def _block(title: str) -> list[str]:
    """The commands below that title of examples/README.md."""
    _, _, rest = PAGE.partition(f"\n## {title}\n")
    _, _, block = rest.partition("\n```\n")
    commands, _, _ = block.partition("\n```\n")
    return commands.splitlines()


def test_the_commands_of_the_readme_run_in_their_order(clone: Clone) -> None:
    """Each command with a promised time ends with 0."""
    assert {} == {command: output for command, (code, output) in clone.ran.items() if code}

    verbs = [re.sub(r"^\.venv/bin/(cio-elt )?", "", command).split()[0] for command in clone.ran]
    assert ["make", "status", "search", "python", "transform", "report", "demo"] == verbs[:7]
    assert ["init", "check", "plan", "sync", "backfill", "export", "push", "api"] == verbs[7:]


def test_every_block_of_the_page_is_run_by_a_test() -> None:
    """The page has no commands but those of the tests below, and of the sandbox."""
    titles = re.findall(r"\n## ([^\n]+)\n(?:(?!\n## ).)*?\n```\n", PAGE, flags=re.DOTALL)

    assert [NOTEBOOK, SANDBOX, PIPELINE, PUSHES] == titles
    assert [".venv/bin/cio-elt sandbox"] == _block(SANDBOX)


def test_the_notebook_shows_what_the_marts_have(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """All cells run without an error; their frames have the rows of the marts, and the charts draw them."""
    clone.run(_block(NOTEBOOK)[0])
    monkeypatch.setenv("CIO_ELT_DATA", str(clone.demo))
    outputs, shown = _notebook().run()

    with querying(read_settings(cio_elt_data=clone.demo)) as query:
        freshness = query("SELECT table_name, lag_seconds FROM ops.freshness")
        campaigns = query(
            "SELECT name, sent, human_open_rate, human_open_rate_low, human_open_rate_high "
            "FROM campaign_performance WHERE human_open_rate_denominator > 0"
        )
        arms = query(
            "SELECT test_key, arm_name, n, rate, rate_low, rate_high, verdict FROM ab_test_results "
            "WHERE metric = 'human_click_rate' AND n > 0"
        )
        [counted] = query(
            "SELECT sum(human_open_rate_numerator), sum(human_open_rate_denominator) FROM channel_daily "
            "WHERE clock = 'cohort'"
        )
    weekly = shown["weekly"]
    assert sorted(freshness) == _rows(shown["freshness"], "table_name", "lag_seconds")
    assert sorted(campaigns) == _rows(shown["campaigns"], *shown["campaigns"].columns[:5])
    arm = ("test_key", "arm_name", "n", "rate", "rate_low", "rate_high", "verdict")
    assert sorted(arms) == _rows(shown["tests"].query("n > 0"), *arm)
    assert counted == (weekly["opened"].sum(), weekly["could_be_opened"].sum())
    assert ((weekly["low"] <= weekly["rate"]) & (weekly["rate"] <= weekly["high"])).all()
    drawn = {name: len(_data(shown[name])) for name in ("campaign_chart", "weekly_chart")}
    assert {"campaign_chart": min(len(campaigns), 15), "weekly_chart": len(weekly)} == drawn
    assert min(len(freshness), len(campaigns), len(arms), len(weekly)) > 0
    # After the imports and the title, a sentence stands before each table and chart.
    _, _, *cells = outputs
    assert all(isinstance(cell, marimo.Html) for cell in cells[::2])
    assert not any(isinstance(cell, marimo.Html) for cell in cells[1::2])


def _notebook() -> marimo.App:
    """The notebook, as Python imports it."""
    spec = importlib.util.spec_from_file_location("notebook", ROOT / "examples" / "notebook.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app: marimo.App = module.app
    return app


def _rows(shown: "pd.DataFrame", *columns: str) -> list[tuple[Any, ...]]:
    """The rows of the frame, sorted."""
    return sorted(shown[list(columns)].itertuples(index=False, name=None))


def _data(chart: Any) -> list[Any]:
    """The rows that a chart draws."""
    [rows] = chart.to_dict()["datasets"].values()
    return list(rows)


def test_the_notebook_opens_in_a_browser(clone: Clone) -> None:
    """The server of the page's command has the notebook, and listens on this machine alone."""
    command = f"exec {_block(NOTEBOOK)[1].partition(' ')[2]} --headless"
    with subprocess.Popen(
        ["sh", "-c", command],
        cwd=clone.folder,
        env={**clone.env, "CIO_ELT_DATA": str(clone.demo)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            [url] = next(found for line in server.stdout if (found := re.findall(r"http://\S+", line)))
            page = httpx.get(url, follow_redirects=True, timeout=PATIENCE_S)
            listening = [
                connection.laddr.ip
                for connection in psutil.Process(server.pid).net_connections("inet")
                if connection.status == psutil.CONN_LISTEN
            ]
        finally:
            server.terminate()
    assert 200 == page.status_code
    assert "notebook.py" in page.text
    assert {"127.0.0.1"} == set(listening)


def test_campaigns_are_loaded_and_asked(clone: Clone) -> None:
    """The script loads the sandbox's campaigns, a second run finds no change, and the SQL has their steps."""
    load, ask = _block(PIPELINE)
    first, asked, second = clone.run(load), clone.run(ask), clone.run(load)

    with duckdb.connect(clone.folder / "campaigns.duckdb", read_only=True) as connection:
        found = connection.execute((ROOT / "examples/campaign_steps.sql").read_text("utf-8")).fetchall()
        loads = connection.execute("SELECT count(*) FROM customerio_raw._dlt_loads").fetchall()
    sandbox = clone.sandbox
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
    assert all(name in asked for name in expected)
    assert first == second
    assert f"campaigns: {len(campaigns)} rows" in first
    assert [(1,)] == loads, "the second run had no row to load"


def test_every_kind_mode_and_way_of_delivery_has_an_example() -> None:
    """The table of the page has the examples as they are declared, and all that a spec can say."""
    specs = load_specs(EXAMPLES)
    rows = re.findall(r"^\| \[(\w+)\]\(.+?\) \| (\w+) \| (\w+) \| (\w+) \|$", PAGE, flags=re.MULTILINE)

    assert {(spec.sync, spec.object, spec.mode, spec.deliver.lane) for spec in specs} == set(rows)
    assert set(KINDS) == {spec.object for spec in specs}
    assert set(get_args(Mode)) == {spec.mode for spec in specs}
    assert set(get_args(Deliver.model_fields["lane"].annotation)) == {spec.deliver.lane for spec in specs}


def test_examples_run_and_send_nothing_twice(clone: Clone) -> None:
    """Every example arrives; a second run sends a later change alone, a third one nothing."""
    export, sync, plan, run, approve, again = _block(PUSHES)
    variable, _, folder = export.removeprefix("export ").partition("=")
    here = {variable: folder}

    clone.run(sync, env=here)
    planned = json.loads(clone.run(f"{plan} --json", code=3, env=here))["plans"]
    stopped = {one["sync"] for one in planned if any(brake["grips"] for brake in one["brakes"])}
    assert {"company_members", "spam_reporters"} == stopped
    ran = _by_name(clone.run(f"{run} --json", code=3, env=here))
    assert [spec.sync for spec in load_specs(EXAMPLES)] == list(ran)
    plan_id = ran["spam_reporters"]["plan"]["plan_id"]
    approved = _by_name(clone.run(f"{approve.replace(' ID ', f' {plan_id} ')} --json", env=here))
    _assert_arrived({**ran, **approved}, but={"went_quiet"})

    _make_quiet(clone.sandbox)
    clone.run(sync, env=here)
    before = clone.sandbox.writes()
    changed = _by_name(clone.run(f"{run} --json", env=here))
    written = clone.sandbox.writes()
    _assert_arrived({"went_quiet": changed["went_quiet"]})
    clone.run(again, env=here)
    assert before != written == clone.sandbox.writes()


def _by_name(output: str) -> dict[str, Any]:
    return {one["sync"]: one for one in json.loads(output)["syncs"]}


def _assert_arrived(results: dict[str, Any], *, but: Collection[str] = ()) -> None:
    """All rows that were read back had arrived; those of `but` were only marked as sent."""
    for name, result in results.items():
        if name in but:
            assert result["plan"]["counts"]["assume"] > 10
            continue
        run = result["run"]
        assert run["accepted"] > 0 == run["rejected"], name
        assert run["confirmed"]["confirmed"] > 0 == run["confirmed"]["dropped"], name


def _make_quiet(sandbox: Sandbox) -> None:
    """Let the person who was seen last be last seen so long ago that the model has a new row."""
    seen = {row["id"]: int(row["attributes"].get("last_seen") or 0) for row in sandbox.rows("people")}
    *_, second, last = sorted((when, person) for person, when in seen.items() if person)
    sandbox.edit("people", last[1], last_seen=str(second[0] - 61 * DAY))
