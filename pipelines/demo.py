"""The demo: syncs a sandbox workspace over real HTTP; each further run syncs it one day later."""

import json
import shutil
from dataclasses import asdict, dataclass, fields
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
from pipelines.transform.dbt import PROJECT
from pipelines.warehouse.data_folder import prepare
from pipelines.warehouse.duckdb_file import reading
from pipelines.workspace import check_workspace, identify, record_pair
from sources.customerio.extract import RunSummary
from sources.permissions import replace_file

# The rates of the mart `campaign_performance`, of a warehouse that has no marts yet.
_CAMPAIGNS = """
    WITH channels AS (FROM read_csv($channels)),
    deliveries AS (
        SELECT m.campaign_id,
               m.metrics->>'sent' IS NOT NULL AS sent, m.metrics->>'delivered' IS NOT NULL AS delivered,
               m.metrics->>'opened' IS NOT NULL AS opened, m.metrics->>'clicked' IS NOT NULL AS clicked,
               m.metrics->>'converted' IS NOT NULL AS converted,
               coalesce(c.reaches_people, true) AS reaches_people,
               coalesce(c.reports_delivery, true) AS reports,
               coalesce(c.can_be_opened, true) AS can_be_opened,
               coalesce(c.can_be_clicked, true) AS can_be_clicked,
               coalesce(c.reaches_people, true) AND (
                   delivered OR opened OR clicked OR converted OR (sent AND NOT reports)
                   OR coalesce(m.metrics->>'replied', m.metrics->>'unsubscribed',
                               m.metrics->>'topic_unsubscribed', m.metrics->>'spammed') IS NOT NULL
               ) AS reached
        FROM customerio_raw.messages AS m LEFT JOIN channels AS c ON c.channel = m.type
        WHERE m.broadcast_id IS NULL
    ),
    counts AS (
        SELECT campaign_id, count_if(sent) AS sent, count_if(delivered) AS delivered,
               count_if(opened) AS opened, count_if(clicked) AS clicked,
               avg(delivered::INTEGER) FILTER (sent AND reaches_people AND reports) AS delivery_rate,
               avg(opened::INTEGER) FILTER (reached AND can_be_opened) AS open_rate,
               avg(clicked::INTEGER) FILTER (reached AND can_be_clicked) AS click_rate,
               avg(converted::INTEGER) FILTER (reached) AS conversion_rate
        FROM deliveries GROUP BY campaign_id
    )
    SELECT c.name, coalesce(sent, 0), coalesce(delivered, 0), coalesce(opened, 0), coalesce(clicked, 0),
           delivery_rate, open_rate, click_rate, conversion_rate
    FROM customerio_raw.campaigns AS c LEFT JOIN counts ON counts.campaign_id = c.id
    WHERE c.deleted_at IS NULL
    ORDER BY 2 DESC, c.name
"""


@dataclass(frozen=True, kw_only=True)
class CampaignResult:
    """The deliveries of a campaign: counts, and rates from 0 to 1; a rate of no delivery is None."""

    campaign: str
    sent: int
    delivered: int
    opened: int
    clicked: int
    delivery_rate: float | None
    open_rate: float | None
    click_rate: float | None
    conversion_rate: float | None


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """The result of a demo run.

    `now` is the workspace's time, `rows` the published rows of each table, `campaigns` those with the most
    deliveries first, `file` the warehouse file.
    """

    sync: SyncResult
    now: int
    rows: dict[str, int]
    campaigns: list[CampaignResult]
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
    folder = demo_folder(settings)
    if reset:
        shutil.rmtree(folder, ignore_errors=True)
    prepare(folder)
    file = folder / "demo.json"
    workspace = _next(_last(file), scale, advance_days, notify)
    with serve(scale=workspace.scale, ticking=False, passed_s=workspace.passed_s) as served:
        inside = _settings_for(settings, folder, served)
        _repeat_downloads(inside)
        _record_workspace(inside)
        result = sync(inside, summary=summary, notify=notify)
        now = served.now()
    replace_file(file, json.dumps(asdict(workspace)).encode())
    return DemoResult(
        sync=result,
        now=now,
        rows={table.table: table.rows for table in status(inside)},
        campaigns=campaigns(inside.published_file),
        file=str(inside.published_file),
    )


def demo_folder(settings: Settings) -> Path:
    """The data folder of the demo, inside that of the settings."""
    return settings.cio_elt_data / "demo"


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
            # Its folder is closed, so no other user could reach the file.
            "cio_elt_published_mode": "0600",
            # The sandbox belongs to this process alone, so there is no rate limit to share.
            "cio_elt_speed": float("inf"),
        }
    )


def _record_workspace(inside: Settings) -> None:
    """Record the workspace, of which a key alone does not tell if its account has several.

    The sandbox's keys are of one workspace.
    """
    app = check_workspace(inside, note=False)
    identity = identify(inside, app)
    record_pair(inside, identity, app.access.workspaces.get(identity.id))


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


def campaigns(file: Path) -> list[CampaignResult]:
    """The campaigns of a published file, those with the most deliveries first."""
    names = [one.name for one in fields(CampaignResult)]
    channels = str(PROJECT / "seeds" / "channels.csv")
    with reading(file) as connection:
        rows = connection.execute(_CAMPAIGNS, {"channels": channels}).fetchall()
    return [CampaignResult(**dict(zip(names, row, strict=True))) for row in rows]
