"""Collects finished exports: downloads their files, loads the rows, publishes the warehouse.

    link -> download (resumes) -> lock -> load -> publish -> merge -> publish -> note that it is loaded

Several are loaded under one lock, and published together once all are merged. A file is loaded whole or not
at all. An export whose process died is resumed by the next one. The warehouse's lock is held from the load
on, not before.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from filelock import FileLock

from pipelines.errors import ConfigError, CustomerioError, EltError, ExportError, FileBroken
from pipelines.export.download import download, file_of, open_export
from pipelines.export.duckdb_load import DuckdbLoad
from pipelines.export.merge import LoadContext, MergeResult
from pipelines.export.poll import failed, pending, poll
from pipelines.export.registry import RegisteredExport, Registry, folder, open_registry
from pipelines.export.requests import Kind, PeopleRequest
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.times import utc
from pipelines.warehouse.pipeline import forget_loaded
from pipelines.warehouse.publish import publish_warehouse
from pipelines.warehouse.settle import settled
from pipelines.warehouse.writer import writing
from sources.customerio.client import Client
from sources.customerio.extract import Options
from sources.permissions import replace_file

if TYPE_CHECKING:
    from dlt import Pipeline

# A file that is broken is downloaded once more.
_TRIES = 2


@dataclass(frozen=True, kw_only=True)
class ExportResult:
    """The numbers of a loaded export: `rows` of its file, and the rows new or changed in the tables.

    `deleted` are people who are no longer in the workspace; `bytes` is the file's size. `seconds` are those
    of the collecting, without waiting for other writers; `loaded_s` are those of them until the rows could be
    queried in `exported_*`. `note` says why the rows are in no other table, if so; `held` says why
    people were not marked as deleted. `erased` rows of the file are of erased people and were left out.
    `replaced` NUL characters of the file became U+FFFD.
    """

    export_id: int
    kind: Kind
    rows: int
    new: int
    changed: int
    deleted: int
    seconds: float
    loaded_s: float
    bytes: int
    note: str = ""
    held: str = ""
    erased: int = 0
    replaced: int = 0


Outcome = ExportResult | EltError
"""The numbers of an export that was loaded, or the reason why it was not."""


def collect(
    settings: Settings,
    export: RegisteredExport,
    *,
    accept_deletions: bool = False,
    wait_s: float = 3600.0,
    notify: Notify = silent,
) -> ExportResult:
    """Download a finished export, load it and publish the warehouse; if that is done, return its result.

    The rows are published in `exported_*` before they are merged, and again afterwards.

    Args:
        settings: where from, where to.
        export: as `create` or `wait` returned it.
        accept_deletions: mark people as deleted, however many the file lacks.
        wait_s: how long to wait for another run that writes the same warehouse.
        notify: called with a sentence at each step.

    Raises:
        StillPending: Customer.io has not made the file yet.
        ExportFailed: it failed at Customer.io.
        FileBroken: the file, fetched twice, is not what the export says. Nothing was loaded.
        Busy: another run was still writing the warehouse after `wait_s`.
        CustomerioError: the file cannot be downloaded, or the warehouse cannot be written; run it again.
    """
    how = _Collecting(
        settings, accept_deletions=accept_deletions, early=True, wait_s=wait_s, notify=notify, step=notify
    )
    (outcome,) = how.outcomes([export])
    if isinstance(outcome, EltError):
        raise outcome
    return outcome


def collect_together(
    settings: Settings,
    exports: Sequence[RegisteredExport],
    *,
    client: Client,
    wait_s: float = 3600.0,
    notify: Notify = silent,
) -> list[Outcome]:
    """Collect several finished exports, and publish the warehouse once; their outcomes in the same order.

    One that fails does not keep the others back: its outcome is the error. `client` makes the requests, and
    `notify` gets a sentence about what is waited for.

    Raises:
        ConfigError: the key is not accepted any more.
        Busy: another run was still writing the warehouse after `wait_s`.
        WarehouseError: the warehouse cannot be written.
    """
    return _Collecting(settings, client=client, wait_s=wait_s, notify=notify).outcomes(exports)


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    """The numbers of a merged export, and the seconds that loading it took.

    `rows_s` are those until its rows were published before the merge; None if they were not. `erased` rows
    are of erased people and were left out; `replaced` characters became U+FFFD.
    """

    merged: MergeResult
    own_s: float
    erased: int = 0
    replaced: int = 0
    rows_s: float | None = None


@dataclass
class _Collecting:
    """One collecting of some exports; with `early`, rows are published before they are merged too.

    `step` is called with a sentence at each step, `notify` with what a user has to know of many exports too.
    """

    settings: Settings
    client: Client | None = None
    accept_deletions: bool = False
    early: bool = False
    wait_s: float = 3600.0
    notify: Notify = silent
    step: Notify = silent
    _found: dict[str, Outcome] = field(default_factory=dict)

    def outcomes(self, exports: Sequence[RegisteredExport]) -> list[Outcome]:
        """The outcome of each."""
        with open_registry(self.settings) as registry, ExitStack() as held:
            # In one order, so that two processes never wait for each other.
            for export in sorted(exports, key=_number):
                held.enter_context(FileLock(_lock_of(self.settings, export)))
            left = [current for export in exports if (current := self._unloaded(registry, export))]
            for attempt in range(_TRIES):
                left = self._tried(registry, left, last=attempt == _TRIES - 1)
            for export in exports:
                if isinstance(self._found[export.id], ExportResult):
                    file_of(self.settings, export).unlink(missing_ok=True)
                    _lock_of(self.settings, export).unlink(missing_ok=True)
        return [self._found[export.id] for export in exports]

    def _unloaded(self, registry: Registry, export: RegisteredExport) -> RegisteredExport | None:
        """The export as it is now if it is to be loaded; None if it has an outcome already."""
        current = registry.get(export.id)
        if current.state in ("intended", "ordered"):
            if poll(self.settings, export) == "pending":
                self._found[export.id] = pending(export, 0)
                return None
            current = registry.get(export.id)
        if current.state == "failed":
            self._found[export.id] = failed(export)
        elif current.result is not None:
            self._found[export.id] = ExportResult(**orjson.loads(current.result))
        else:
            return current
        return None

    def _tried(
        self, registry: Registry, exports: Sequence[RegisteredExport], *, last: bool
    ) -> list[RegisteredExport]:
        """Download the files and load them; returns the exports whose files are broken."""
        tried = ((export.id, self._fetched_s(export)) for export in exports)
        fetched = {key: seconds for key, seconds in tried if seconds is not None}
        there = [export for export in exports if export.id in fetched]
        broken = self._loaded(registry, there, fetched) if there else {}
        for export in there:
            if export.id in broken:
                file_of(self.settings, export).unlink()
                self._found[export.id] = error = broken[export.id]
                if last:
                    registry.set_failed(export)
                    error.add_sentence(
                        "It was downloaded twice, and nothing was loaded. Run the export again: that creates "
                        "a new one."
                    )
                else:
                    self.notify(f"{error} It is downloaded once more.")
        return [export for export in there if export.id in broken]

    def _fetched_s(self, export: RegisteredExport) -> float | None:
        """Download the file; the seconds that took, or None if that failed."""
        began = time.monotonic()
        try:
            download(self.settings, export, self.step, self.client)
        except (ExportError, CustomerioError) as error:
            if isinstance(error, ConfigError):
                raise
            self._found[export.id] = error
            return None
        return time.monotonic() - began

    def _loaded(
        self, registry: Registry, exports: Sequence[RegisteredExport], fetched: dict[str, float]
    ) -> dict[str, FileBroken]:
        """Load, merge and publish under one lock, then note what is loaded; the errors of broken files."""
        with writing(self.settings, wait_s=self.wait_s, notify=self.notify):
            began = time.monotonic()
            loading = _Loading(
                self.settings, registry, self.accept_deletions, self.early, self.notify, self.step
            )
            loaded, broken = loading.load(exports)
            published_s = time.monotonic() - began
            # What they share, the publication above all, counts for each in equal parts.
            shared_s = published_s - sum(each.own_s for each in loaded.values())
            for export in exports:
                if export.id in loaded:
                    result = _result(
                        self.settings,
                        export,
                        loaded[export.id],
                        fetched_s=fetched[export.id],
                        published_s=published_s,
                        shared_s=shared_s / len(loaded),
                    )
                    registry.set_loaded(export, orjson.dumps(asdict(result)).decode())
                    self._found[export.id] = result
        return broken


def _lock_of(settings: Settings, export: RegisteredExport) -> Path:
    return folder(settings) / f"{export.export_id}.lock"


def _number(export: RegisteredExport) -> int:
    return export.export_id or 0


def _result(
    settings: Settings,
    export: RegisteredExport,
    loaded: _Loaded,
    *,
    fetched_s: float,
    published_s: float,
    shared_s: float,
) -> ExportResult:
    merged, queryable_s = loaded.merged, published_s if loaded.rows_s is None else loaded.rows_s
    return ExportResult(
        export_id=_number(export),
        kind=export.request.kind,
        rows=export.total or 0,
        new=merged.new,
        changed=merged.changed,
        deleted=merged.deleted,
        seconds=round(fetched_s + loaded.own_s + shared_s, 3),
        loaded_s=round(fetched_s + queryable_s, 3),
        bytes=file_of(settings, export).stat().st_size,
        note=" ".join(filter(None, (merged.note, _range(export)))),
        held=str(merged.held or ""),
        erased=loaded.erased,
        replaced=loaded.replaced,
    )


def _range(export: RegisteredExport) -> str:
    """The time that a deliveries export without dates has; empty for others."""
    request, end = export.request, export.created_at
    if isinstance(request, PeopleRequest) or request.start is not None or end is None:
        return ""
    return (
        f"Without dates it has the deliveries of the 6 months before {utc(end)} alone; give --from and --to "
        "for others."
    )


@dataclass
class _Loading:
    """Loads files into the warehouse, whose lock is held."""

    settings: Settings
    registry: Registry
    accept_deletions: bool
    early: bool
    notify: Notify
    step: Notify

    def load(self, exports: Sequence[RegisteredExport]) -> tuple[dict[str, _Loaded], dict[str, FileBroken]]:
        """Load and merge the files, then publish; those that were loaded, and the errors of broken ones."""
        loaded: dict[str, _Loaded] = {}
        broken: dict[str, FileBroken] = {}
        began = time.monotonic()
        target = settled(self.settings, self.notify)
        for export in exports:
            self.step(f"Loading export {export.export_id}.")
            try:
                loaded[export.id] = self._load(target, export, began)
            except FileBroken as error:
                broken[export.id] = error
        if loaded and self.settings.publishes:
            publish_warehouse(self.settings)
        forget_loaded(target)
        return loaded, broken

    def _load(self, target: "Pipeline", export: RegisteredExport, since: float) -> _Loaded:
        began = time.monotonic()
        # It imports dlt, which creating and polling do not need.
        from pipelines.export.dlt_load import load_through_dlt, make_tables

        source = open_export(self.settings, export)
        context = self._context(export)
        if not self.settings.publishes:
            merged = load_through_dlt(target, source, export, context)
            return _Loaded(
                merged=merged,
                own_s=time.monotonic() - began,
                erased=source.left_out,
                replaced=source.nuls,
            )
        into = self.settings.load_file
        make_tables(target, export.request, into)
        load = DuckdbLoad(into, export, source, context, str(target.default_schema_name))
        load.load_rows()
        rows_s = None
        if self.early:
            publish_warehouse(self.settings)
            rows_s = time.monotonic() - since
        self.step(f"The rows of export {export.export_id} are in {export.request.table}; merging them.")
        merged = load.merge_rows()
        replace_file(_brake_file(self.settings), orjson.dumps(context.state))
        return _Loaded(
            merged=merged,
            own_s=time.monotonic() - began,
            erased=source.left_out,
            replaced=source.nuls,
            rows_s=rows_s,
        )

    def _context(self, export: RegisteredExport) -> LoadContext:
        before = [other.created_at or 0 for other in self.registry.loaded(export.request.kind)]
        return LoadContext(
            export_id=_number(export),
            seen_at=export.created_at or 0,
            newest_at=max(before, default=0),
            # As dlt names its loads.
            load_id=f"{time.time():.7f}",
            options=Options(
                deletion_share=self.settings.cio_elt_deletion_share,
                accept_deletions=("people",) if self.accept_deletions else (),
            ),
            state=_brake_state(self.settings),
        )


def _brake_state(settings: Settings) -> dict[str, Any]:
    """The noted state; a file that is missing or damaged holds none, and deletions are held back anew."""
    try:
        state = orjson.loads(_brake_file(settings).read_bytes())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _brake_file(settings: Settings) -> Path:
    """The file in which the brake on deletions keeps its state from one export of people to the next."""
    return folder(settings) / "held_deletions.json"
