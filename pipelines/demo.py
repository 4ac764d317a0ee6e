"""The demo: syncs a sandbox workspace over real HTTP; each further run syncs it one day later."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import SecretStr

from pipelines.connect import client
from pipelines.errors import ConfigError
from pipelines.ingest.status import status
from pipelines.ingest.sync import SyncResult, sync
from pipelines.notify import Notify
from pipelines.sandbox import ScaleName, Served, serve
from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.warehouse.duckdb_file import reading
from pipelines.warehouse.publish import prepare
from sources.customerio.extract import RunSummary

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
    """The result of a demo run.

    `now` is the workspace's time, `rows` the published rows of each table, `campaigns` rows of (name, sent,
    delivered, opened, clicked), `file` the warehouse file.
    """

    sync: SyncResult
    now: int
    rows: dict[str, int]
    campaigns: list[tuple[str, int, int, int, int]]
    file: str


@dataclass(frozen=True, kw_only=True)
class _Workspace:
    """The state of the demo between runs; a scale and a time determine the whole workspace."""

    scale: ScaleName
    passed_s: int


def demo(
    settings: Settings,
    *,
    scale: ScaleName | None,
    advance_days: int | None,
    reset: bool,
    summary: RunSummary,
    notify: Notify,
) -> DemoResult:
    """Serve the demo workspace, advance its clock, and sync it into its own folder.

    A `scale` of None keeps that of the last run, an `advance_days` of None is one day (0 in the first run).

    Raises:
        ConfigError: the folder holds a workspace of another scale, or cannot be written to.
        CustomerioError: the sync failed.
    """
    folder = settings.cio_elt_data / "demo"
    if reset:
        shutil.rmtree(folder, ignore_errors=True)
    prepare(folder)
    file = folder / "workspace.json"
    workspace = _next(_last(file), scale, advance_days, notify)
    with serve(scale=workspace.scale, ticking=False, passed_s=workspace.passed_s) as served:
        inside = _settings_for(settings, folder, served)
        _repeat_downloads(inside)
        result = sync(inside, summary=summary, notify=notify)
        now = served.now()
    file.write_text(json.dumps(asdict(workspace)))
    return DemoResult(
        sync=result,
        now=now,
        rows={table.table: table.rows for table in status(inside)},
        campaigns=_campaigns(inside.published_file),
        file=str(inside.published_file),
    )


def _last(file: Path) -> _Workspace | None:
    return _Workspace(**json.loads(file.read_text())) if file.exists() else None


def _next(
    last: _Workspace | None, scale: ScaleName | None, advance_days: int | None, notify: Notify
) -> _Workspace:
    """The workspace of this run; ConfigError if the last one had another scale."""
    if last is None:
        notify("Starting a workspace ...")
        return _Workspace(scale=scale or "demo", passed_s=(advance_days or 0) * DAY)
    if scale not in (None, last.scale):
        msg = (
            f"The demo's workspace has the scale {last.scale!r}. Leave out --scale to continue with it, or "
            "add --reset to delete it and start a new one."
        )
        raise ConfigError(msg)
    days = 1 if advance_days is None else advance_days
    notify(f"Starting the workspace, {days} day{'' if days == 1 else 's'} after the last run ...")
    return _Workspace(scale=last.scale, passed_s=last.passed_s + days * DAY)


def _settings_for(settings: Settings, folder: Path, served: Served) -> Settings:
    """The user's settings with the sandbox's URLs and keys and the demo's own warehouse."""
    return settings.model_copy(
        update={
            "cio_elt_data": folder,
            "cio_elt_destination": "duckdb",
            "customerio_app_url": served.document["app_url"],
            "customerio_track_url": served.document["track_url"],
            "customerio_app_api_key": SecretStr(served.document["app_api_key"]),
            "customerio_track_site_id": SecretStr(served.document["track_site_id"]),
            "customerio_track_api_key": SecretStr(served.document["track_api_key"]),
            "customerio_region": served.document["region"],
            "customerio_start": None,
            # The sandbox belongs to this process alone, so there is no rate limit to share.
            "cio_elt_speed": float("inf"),
        }
    )


def _repeat_downloads(settings: Settings) -> None:
    """Repeat the export downloads of earlier runs, because each one counts in the workspace's exports."""
    if not settings.published_file.exists():
        return
    with reading(settings.published_file) as connection:
        fetched = connection.execute("SELECT id, downloads FROM customerio_raw.exports").fetchall()
    with client(settings) as calls:
        for export_id, times in fetched:
            for _ in range(times):
                calls.call("downloadExport", path={"export_id": export_id})


def _campaigns(file: Path) -> list[tuple[str, int, int, int, int]]:
    with reading(file) as connection:
        return connection.execute(_CAMPAIGNS).fetchall()
