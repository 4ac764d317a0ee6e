"""A transform, step by step: copy the warehouse, record schema drift, build and test, replace, publish."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import ConfigError, TransformFailed
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.trace import step
from pipelines.transform.dbt import PROJECT, Dbt, Node, selection
from pipelines.transform.schema_drift import Change, record_changes
from pipelines.warehouse.clone import clone
from pipelines.warehouse.duckdb_file import checkpoint, log_of, open_file
from pipelines.warehouse.left_files import left_files
from pipelines.warehouse.publish import publishing
from pipelines.warehouse.queries import no_warehouse
from pipelines.warehouse.run_notes import restore
from pipelines.warehouse.writer import writing

_PARTS = ("models", "macros", "seeds", "dbt_project.yml")
# Views and seeds exist after a first build, and would not change.
_FIXED = ("path:models/staging", "path:models/semantic", "resource_type:seed")
_STATE = "built"
UNCHANGED = "Nothing has changed since the last transform, so nothing was built."
"""The sentence for a transform that found nothing to build."""
_NOTHING: tuple[list[Node], list[Change], bool] = ([], [], True)


@dataclass(frozen=True, kw_only=True)
class TransformResult:
    """The result of a transform.

    `full`: everything was built anew. `unchanged`: the warehouse and the models are those of the last
    transform, so nothing was built. `seconds` is the time that it took, without the wait for the lock.
    """

    nodes: list[Node]
    changes: list[Change]
    full: bool
    unchanged: bool
    seconds: float

    def of(self, kind: str) -> list[Node]:
        """The results of one kind: `model`, `seed`, `test` and so on."""
        return [node for node in self.nodes if node.kind == kind]

    @property
    def warnings(self) -> list[Node]:
        """The tests that ended with dbt's status `warn`."""
        return [node for node in self.nodes if node.status == "warn"]


def transform(
    settings: Settings,
    select: Iterable[str] = (),
    *,
    full: bool = False,
    wait_s: float = 3600.0,
    notify: Notify = silent,
) -> TransformResult:
    """Build and test the marts, and publish them.

    Existing models are updated with the rows that changed. They are built anew with `full`, and when the
    project's files or the raw tables' columns are not those of the last build. Nothing is built if no change
    was published since: no model depends on the time of its build.

    Args:
        settings: names the warehouse.
        select: dbt's selectors, such as `campaign_performance+`; none means all models.
        full: build all models anew.
        wait_s: seconds to wait for another run that writes the same warehouse.
        notify: called with a sentence for the user, such as the reason of a wait.

    Raises:
        ConfigError: there is no warehouse yet, or it is on a server, or `select` names no model.
        Busy: another run wrote the warehouse for longer than `wait_s`.
        WarehouseError: dbt could not run.
        TransformFailed: a model or a test failed; the warehouse is unchanged.
    """
    if not settings.publishes:
        msg = (
            f"`cio-elt transform` builds DuckDB files, and CIO_ELT_DESTINATION is "
            f"{settings.cio_elt_destination!r}. Run dbt in {PROJECT} with a profile of that server."
        )
        raise ConfigError(msg)
    chosen = list(select)
    with writing(settings, wait_s=wait_s, notify=notify):
        began = time.monotonic()
        folder = settings.cio_elt_data / "dbt"
        unchanged = not chosen and not full and _is_built(settings, folder)
        nodes, changes, same = (
            _NOTHING if unchanged else _built(settings, folder, chosen, full=full, notify=notify)
        )
        return TransformResult(
            nodes=nodes,
            changes=changes,
            full=full or not same,
            unchanged=unchanged,
            seconds=time.monotonic() - began,
        )


def _built(
    settings: Settings, folder: Path, chosen: list[str], *, full: bool, notify: Notify
) -> tuple[list[Node], list[Change], bool]:
    """Build, replace and publish; returns the last value True if earlier models could be updated."""
    step("build the models")
    build = _copy(settings)
    changes = record_changes(build)
    stored, current = folder / "project", _fingerprint(build)
    same = stored.exists() and stored.read_text() == current and has_marts(build)
    if not same and not full and stored.exists():
        notify("The models or the raw tables' columns have changed: all models are built anew.")
    nodes = _build(Dbt(file=build, folder=folder), chosen, full=full or not same, same=same)
    # The models write no raw table.
    with publishing(settings):
        _replace_load_file(build, settings)
        if not chosen:
            stored.write_text(current)
    if not chosen:
        (folder / _STATE).write_text(_state(settings))
    return nodes, changes, same


def _is_built(settings: Settings, folder: Path) -> bool:
    """Checks if the project and the warehouse are those that the last transform of all models left.

    A run since then that found no change has left the published file as it was.
    """
    built = folder / _STATE
    in_step = left_files(settings.load_file, settings.published_file).in_step
    return in_step and built.exists() and built.read_text() == _state(settings)


def _copy(settings: Settings) -> Path:
    """Copy the warehouse to a file to build in; returns its path."""
    source = settings.load_file if settings.load_file.exists() else settings.published_file
    if not source.exists():
        raise no_warehouse(settings)
    build = settings.cio_elt_data / "transform.duckdb"
    log_of(build).unlink(missing_ok=True)
    if source == settings.load_file:
        checkpoint(source)
        clone(source, build)
    else:
        restore(build, source)
    return build


def _replace_load_file(build: Path, settings: Settings) -> None:
    checkpoint(build)
    log_of(settings.load_file).unlink(missing_ok=True)
    build.replace(settings.load_file)


def _build(dbt: Dbt, select: list[str], *, full: bool, same: bool) -> list[Node]:
    # Unit tests check the models with rows of their own: the project's tests run them, not each build.
    options = [*selection(select, full=full), "--exclude-resource-type", "unit_test"]
    if same and not full and not select:
        options += ["--exclude", *_FIXED]
    nodes = dbt.run("build", *options)
    broken = [node for node in nodes if node.status in ("error", "fail")]
    if broken:
        reasons = "; ".join(f"{node.name} ({_first_line(node)})" for node in broken)
        msg = (
            f"{len(broken)} of {len(nodes)} models and tests failed, and nothing was published: {reasons} "
            f"The unpublished build is {dbt.file}; dbt's log is in {dbt.folder / 'logs'}."
        )
        raise TransformFailed(msg, broken)
    if not nodes:
        msg = f"No model or test is called {' '.join(select)}. They are in {PROJECT / 'models'}."
        raise ConfigError(msg)
    return nodes


def _first_line(node: Node) -> str:
    if node.status == "fail":
        return f"{node.failures:,} rows" if node.failures else "failed"
    lines = [line.strip() for line in (node.message or "").splitlines() if line.strip()]
    return " ".join(lines[:2]) or node.status


def _state(settings: Settings) -> str:
    """The project's files and the published file, as a text that any write to them changes."""
    seen = settings.published_file.stat()
    return f"{_project().hexdigest()} {seen.st_ino} {seen.st_size} {seen.st_mtime_ns}"


def _project() -> "hashlib._Hash":
    digest = hashlib.sha256()
    for part in _PARTS:
        path = PROJECT / part
        for file in sorted(path.rglob("*.*")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(PROJECT)).encode() + b"\0" + file.read_bytes())
    return digest


def _fingerprint(build: Path) -> str:
    """A hash of the project's files and the raw columns: all models are built anew when it changes."""
    digest = _project()
    with open_file(build, read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'customerio_raw' ORDER BY ALL"
        ).fetchall()
    digest.update(repr(columns).encode())
    return digest.hexdigest()


def has_marts(file: Path) -> bool:
    """Checks if the file has marts; a warehouse that was restored from an older file may have none."""
    with open_file(file, read_only=True) as connection:
        return bool(
            connection.execute(
                "SELECT 1 FROM information_schema.tables WHERE table_name = 'fct_delivery'"
            ).fetchall()
        )
