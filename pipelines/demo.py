"""The demo: a sandbox workspace, replicated over real HTTP; on the next run a day has passed in it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
from pydantic import SecretStr

from pipelines.connect import client
from pipelines.publish import prepare
from pipelines.sandbox import serve
from pipelines.settings import Settings
from pipelines.status import status
from pipelines.sync import SyncResult, sync
from sources.customerio.extract import Report

_DAY = 86_400

_CAMPAIGNS = """
    SELECT c.name,
           count(m.metrics->>'sent'), count(m.metrics->>'delivered'),
           count(m.metrics->>'opened'), count(m.metrics->>'clicked')
    FROM customerio_raw.campaigns AS c
    LEFT JOIN customerio_raw.messages AS m ON m.campaign_id = c.id
    WHERE c.deleted_at IS NULL
    GROUP BY c.id, c.name
    ORDER BY 2 DESC, c.name
"""


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """A demo run: the sync, the published rows per table, (name, sent, delivered, opened, clicked)."""

    sync: SyncResult
    now: int
    rows: dict[str, int]
    campaigns: list[tuple[str, int, int, int, int]]
    open_with: str


def demo(
    settings: Settings,
    *,
    advance_days: int | None,
    reset: bool,
    report: Report,
    say: Callable[[str], None],
) -> DemoResult:
    """Serve the demo workspace, let days pass in it, and sync it into a folder of its own.

    The sandbox is made from a seed, so what is kept between runs is how far its clock has moved.
    """
    folder = settings.cio_elt_data / "demo"
    if reset:
        shutil.rmtree(folder, ignore_errors=True)
    prepare(folder)
    kept = folder / "workspace.json"
    first = not kept.exists()
    advance = (0 if first else 1) if advance_days is None else advance_days
    passed_s = (0 if first else int(json.loads(kept.read_text())["passed_s"])) + advance * _DAY
    say(f"Starting a workspace{'' if first else f', {advance} day(s) after the last run'} ...")
    with serve(scale="demo", ticking=False, passed_s=passed_s) as served:
        inside = settings.model_copy(
            update={
                "cio_elt_data": folder,
                "customerio_app_url": served.document["app_url"],
                "customerio_track_url": served.document["track_url"],
                "customerio_app_api_key": SecretStr(served.document["app_api_key"]),
                "customerio_region": served.document["region"],
                "customerio_start": None,
                # The workspace is this process's own: there is no limit to share with anybody.
                "cio_elt_speed": float("inf"),
            }
        )
        _repeat_downloads(inside)
        result = sync(inside, report=report, say=say)
        now = served.now()
    kept.write_text(json.dumps({"passed_s": passed_s}))
    file = inside.published_file
    return DemoResult(
        sync=result,
        now=now,
        rows={table.table: table.rows for table in status(inside)},
        campaigns=_campaigns(file),
        open_with=f"duckdb -readonly {file}, or in Python duckdb.connect({str(file)!r}, read_only=True)",
    )


def _repeat_downloads(settings: Settings) -> None:
    """What earlier runs did to the workspace: they fetched exports, and Customer.io counts that."""
    if not settings.published_file.exists():
        return
    with duckdb.connect(settings.published_file, read_only=True) as connection:
        fetched = connection.execute("SELECT id, downloads FROM customerio_raw.exports").fetchall()
    with client(settings) as calls:
        for export_id, times in fetched:
            for _ in range(times):
                calls.call("downloadExport", path={"export_id": export_id})


def _campaigns(file: Path) -> list[tuple[str, int, int, int, int]]:
    with duckdb.connect(file, read_only=True) as connection:
        return connection.execute(_CAMPAIGNS).fetchall()
