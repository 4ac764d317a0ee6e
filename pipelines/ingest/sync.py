"""The order of work of a sync.

    check_workspace -> lock -> load packages of an interrupted run -> remove double rows -> extract
                 -> add the run's rows -> load, or set the package aside -> publish, or keep the run's notes

Extract reads from Customer.io; when it is complete, one load package goes to the warehouse. Many people are
read by an export: it is created first and collected last, so that Customer.io makes its file while the other
tables are read.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from pipelines.connect import client as connected
from pipelines.errors import DeletionsHeld, EltError, FileHeld, StillPending, WarehouseError
from pipelines.export import PeopleRequest, RegisteredExport, collect, create, wait
from pipelines.ingest.options import options_of
from pipelines.notify import Notify, silent
from pipelines.privacy import is_outdated, privacy_of
from pipelines.privacy.retention import retain
from pipelines.settings import Settings
from pipelines.trace import step
from pipelines.warehouse.doubles import heal
from pipelines.warehouse.duckdb_file import checkpoint
from pipelines.warehouse.erasures import erased_people
from pipelines.warehouse.left_files import LeftFiles, left_files, note_files
from pipelines.warehouse.pipeline import columns, file_format, forget_loaded, load, pipeline
from pipelines.warehouse.publish import publish_warehouse
from pipelines.warehouse.queries import querying
from pipelines.warehouse.run_ledger import has_news
from pipelines.warehouse.run_notes import NOTES, keep_notes
from pipelines.warehouse.runs import run_rows, runs_table, usual_requests
from pipelines.warehouse.set_aside import unloadable
from pipelines.warehouse.settle import put_aside, settled
from pipelines.warehouse.writer import writing
from pipelines.workspace import check_workspace, read_record
from sources.customerio import resources_named
from sources.customerio.client import Forbidden, NotServed
from sources.customerio.extract import Options, ResourceSummary, RunSummary, Window

if TYPE_CHECKING:
    from dlt import Pipeline

_PEOPLE = "people"
_STALE_S = 900.0
"""Age of an export of people, in seconds, up to which the sync after one that ended early uses it."""


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """The result of a sync. `seconds` leaves out the wait for the lock.

    `new_columns` are fields, as `table.column`, that earlier loads of that table did not have. `predicted`
    are the requests that were predicted, by table; it is empty where nothing was.
    """

    run_id: str
    summary: RunSummary
    seconds: float
    new_columns: tuple[str, ...] = ()
    predicted: Mapping[str, int] = field(default_factory=dict)

    @property
    def written(self) -> int:
        """Rows that were written to the warehouse."""
        return sum(summary.written for summary in self.summary.resources.values())

    @property
    def requests(self) -> int:
        """The requests of all tables, without the check of key and workspace."""
        return sum(summary.requests for summary in self.summary.resources.values())

    @property
    def requests_predicted(self) -> int | None:
        """The requests that were predicted for all tables; None where nothing was."""
        return sum(self.predicted.values()) if self.predicted else None

    @property
    def failed(self) -> list[ResourceSummary]:
        """The resources that were not read to their end."""
        return self.summary.failed

    @property
    def skipped(self) -> list[ResourceSummary]:
        """The resources whose call this region, plan or key lacks."""
        return self.summary.skipped

    @property
    def rejected(self) -> int:
        """Records that were set aside, in `rejected_records`."""
        return self.summary.rejected

    @property
    def erased(self) -> int:
        """Rows of erased people that came and were left out."""
        return self.summary.erased


@dataclass(frozen=True, kw_only=True)
class _Run:
    """A run, as its steps need it: where from and where to, how it reads, and its numbers.

    `ahead_s`: how far Customer.io's clock is ahead of this machine's; None if this run has not asked for it.
    """

    settings: Settings
    options: Options
    summary: RunSummary
    wait_s: float
    notify: Notify
    predicted: Mapping[str, int] = field(default_factory=dict)
    ahead_s: int | None = None


def sync(
    settings: Settings,
    resources: Iterable[str] = (),
    *,
    full: bool = False,
    accept_deletions: Iterable[str] = (),
    predicted: Mapping[str, int] | None = None,
    wait_s: float = 3600.0,
    export_wait_s: float = 3600.0,
    summary: RunSummary | None = None,
    notify: Notify = silent,
) -> SyncResult:
    """Bring the warehouse up to date with the workspace.

    Args:
        settings: where from, where to.
        resources: names of tables; none means all but the optional ones.
        full: read everything again.
        accept_deletions: names of tables whose missing rows are marked as deleted, however many they are.
        predicted: the requests that a plan predicts, by table; None predicts those of earlier runs of the
            same tables, after a pause like this one.
        wait_s: how long to wait for another run that writes the same warehouse.
        export_wait_s: how long to wait, once the other tables are loaded, for Customer.io to make an export
            of people; after that the next sync collects it.
        summary: filled while the sync runs, so that progress can be shown.
        notify: called with a sentence for the user.

    Raises:
        ConfigError: the settings or names are unusable, the key is not accepted or is of another workspace
            than the warehouse. Nothing was changed.
        CustomerioError: Customer.io cannot be reached. Nothing was changed.
    """
    named = list(resources)
    tables = [row.table for row in resources_named(named)]
    accepted = [row.table for row in resources_named(accept_deletions)] if accept_deletions else []
    summary = summary if summary is not None else RunSummary()
    began = time.monotonic()
    step("check the workspace")
    access = check_workspace(settings, reads=tables).access
    many = _PEOPLE in tables and access.people > settings.customerio_people_by_search
    export = _created(settings, notify) if many else None
    options = options_of(
        settings,
        run_id=uuid4().hex,
        full=full,
        due_only=not named,
        accept_deletions=accepted,
        ahead_s=access.ahead_s,
    )
    if predicted is None:
        predicted = {} if full else _predicted(settings, tables, int(time.time()) + access.ahead_s)
    run = _Run(
        settings=settings,
        options=options,
        summary=summary,
        wait_s=wait_s,
        notify=notify,
        predicted=predicted,
        ahead_s=access.ahead_s,
    )
    if export is None:
        return _under_lock(run, tables)
    new_columns: tuple[str, ...] = ()
    if rest := [table for table in tables if table != _PEOPLE]:
        new_columns = _under_lock(run, rest).new_columns
    if people := _people(run, export, export_wait_s):
        summary.resources.update(people.resources)
        finished_at = int(time.time()) + access.ahead_s
        with writing(settings, wait_s=wait_s, notify=notify):
            _write(run, people, finished_at)
    return SyncResult(
        run_id=options.run_id,
        summary=summary,
        seconds=time.monotonic() - began,
        new_columns=new_columns,
        predicted=predicted,
    )


def sync_window(
    settings: Settings,
    resource: str,
    window: Window,
    backfill: str,
    *,
    predicted: int | None = None,
    wait_s: float = 3600.0,
    summary: RunSummary | None = None,
    notify: Notify = silent,
) -> SyncResult:
    """Read one window of a table again, for the backfill of that id; the watermark stays.

    Raises:
        CustomerioError: as `sync`.
    """
    options = Options(
        only=window,
        backfill=backfill,
        run_id=uuid4().hex,
        erased=erased_people(settings),
        privacy=privacy_of(settings),
    )
    run = _Run(
        settings=settings,
        options=options,
        summary=summary or RunSummary(),
        wait_s=wait_s,
        notify=notify,
        predicted={} if predicted is None else {resource: predicted},
    )
    return _under_lock(run, [resource])


def _predicted(settings: Settings, tables: list[str], now: int) -> Mapping[str, int]:
    """The requests that earlier syncs of the same tables took after a pause like this one, by table."""
    try:
        with querying(settings, may_lack=True) as query:
            return usual_requests(query, tables, now)
    except WarehouseError:
        # The sync itself does not need the published file, and may publish it anew.
        return {}


def _under_lock(run: _Run, tables: Sequence[str]) -> SyncResult:
    with writing(run.settings, wait_s=run.wait_s, notify=run.notify):
        began = time.monotonic()
        # An erasure may have ended while this run waited.
        run = replace(run, options=replace(run.options, erased=erased_people(run.settings)))
        target = settled(run.settings, run.notify)
        _heal(run, target)
        if run.ahead_s is not None:
            retain(run.settings, int(time.time()) + run.ahead_s, notify=run.notify)
        _tell_outdated(run)
        before = columns(target)
        target = _read(run, target, tables)
        return SyncResult(
            run_id=run.options.run_id,
            summary=run.summary,
            seconds=time.monotonic() - began,
            new_columns=_appeared(before, columns(target)),
            predicted=run.predicted,
        )


def _tell_outdated(run: _Run) -> None:
    if is_outdated(run.settings):
        run.notify(
            f"Rows that were loaded before do not have the rules of {run.settings.cio_elt_privacy}; "
            "`cio-elt privacy --apply` applies them."
        )


def _heal(run: _Run, target: "Pipeline") -> None:
    """Remove double rows, unless the last run saw that there are none and nothing has written since."""
    settings = run.settings
    files = (settings.load_file, settings.published_file)
    left = left_files(*files)
    if not (settings.publishes and left.without_doubles):
        removed = heal(target, run.notify)
        if settings.publishes:
            checkpoint(settings.load_file)
            note_files(*files, LeftFiles(without_doubles=True, in_step=left.in_step and not removed))


def _read(run: _Run, target: "Pipeline", tables: Sequence[str]) -> "Pipeline":
    """Read the tables and load them as one package; returns the pipeline, which may be another one then.

    A package that cannot be loaded is set aside, and the tables are read again by halves, down to the one
    that is the reason: that one fails by name, and the others land.
    """
    # It imports dlt: a wrong name or key is reported in half the time without.
    from sources.customerio import source_with

    step("extract")
    with connected(run.settings) as client:
        source = source_with(tables, client, run.options, run.summary)
        target.extract(source, loader_file_format=file_format(target))
        finished_at = client.now()
    try:
        _write(run, run.summary, finished_at, target)
    except Exception as error:
        if not unloadable(error):
            raise
        target = put_aside(target, run.settings, error, run.notify)
    else:
        return target
    if len(tables) == 1:
        (table,) = tables
        run.summary.resources[table].fail(_not_loaded(table))
        _write(run, run.summary, finished_at, target)
        return target
    half = len(tables) // 2
    for part in (tables[:half], tables[half:]):
        target = _read(run, target, part)
    return target


def _not_loaded(table: str) -> WarehouseError:
    msg = (
        f"The rows of {table} that were read cannot be loaded; the package with them was set aside, and the "
        "table's watermark stays. `cio-elt doctor` says why, and what can be done."
    )
    return WarehouseError(msg)


def _appeared(before: dict[str, set[str]], after: dict[str, set[str]]) -> tuple[str, ...]:
    return tuple(
        f"{table}.{name}" for table, known in before.items() for name in sorted(after[table] - known)
    )


def _write(run: _Run, summary: RunSummary, finished_at: int, target: "Pipeline | None" = None) -> None:
    """Load what was extracted, with the run's rows in `sync_runs`, and publish it if it is a change."""
    settings = run.settings
    target = target or pipeline(settings)
    record = read_record(settings)
    rows = run_rows(
        summary,
        run.options,
        finished_at=finished_at,
        workspace=(record.id, record.name),
        predicted=run.predicted,
    )
    target.extract(runs_table(rows), loader_file_format=file_format(target))
    files = (settings.load_file, settings.published_file)
    left = left_files(*files)
    loaded = load(target)
    removed = heal(target, run.notify, loaded)
    if settings.publishes:
        failed = any(row["error"] for row in rows)
        changed = removed > 0 or not loaded.tables <= NOTES
        may_wait = not (changed or failed) and left.in_step and _is_recent(settings)
        if not (may_wait and not has_news(*files) and _noted(settings, left)):
            publish_warehouse(settings, without_doubles=left.without_doubles)
    forget_loaded(target)


def _noted(settings: Settings, left: LeftFiles) -> bool:
    """Keep the run's notes beside the published file; False if another process holds that file."""
    files = (settings.load_file, settings.published_file)
    checkpoint(settings.load_file)
    try:
        keep_notes(*files)
    except FileHeld:
        return False
    note_files(*files, left)
    return True


def _is_recent(settings: Settings) -> bool:
    """True if the published file is younger than the lag that `status` allows."""
    age_s = time.time() - settings.published_file.stat().st_mtime
    return 0 <= age_s < settings.cio_elt_target_lag


def _created(settings: Settings, notify: Notify) -> RegisteredExport | None:
    """An export of all people, or None if the key may not create one or the region has no exports."""
    try:
        return create(settings, PeopleRequest(), notify=notify, stale_after_s=_STALE_S)
    except Forbidden:
        notify("The key's scope lacks exports, so people are read one page at a time.")
        return None
    except NotServed:
        notify("This region or plan has no exports, so people are read one page at a time.")
        return None


def _people(run: _Run, export: RegisteredExport, export_wait_s: float) -> RunSummary | None:
    """Load the export of people once Customer.io has made it; None if that takes longer."""
    summary, notify = RunSummary(), run.notify
    summary.open(_PEOPLE)
    people = summary.resources[_PEOPLE]
    people.begin()
    try:
        ready = wait(run.settings, export, deadline_s=export_wait_s, notify=notify)
        accepted = _PEOPLE in run.options.accept_deletions
        result = collect(run.settings, ready, accept_deletions=accepted, wait_s=run.wait_s, notify=notify)
    except StillPending:
        notify(f"Customer.io is still making export {export.export_id}: people come with the next sync.")
        return None
    except EltError as error:
        people.end(error)
    else:
        people.read, people.new = result.rows, result.new
        people.changed, people.deleted = result.changed, result.deleted
        people.replaced = result.replaced
        people.held = DeletionsHeld(result.held) if result.held else None
        people.end(people.held)
    return summary
