"""The order of work of a transform."""

import hashlib
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import ConfigError, TransformFailed
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.transform.building import Dbt, Node, selection
from pipelines.transform.drift import Change, notice
from pipelines.transform.raw import PROJECT
from pipelines.warehouse.duckdb_file import checkpoint, log_of, open_file
from pipelines.warehouse.publish import publish, writing
from pipelines.warehouse.queries import no_warehouse

_PARTS = ("models", "macros", "seeds", "dbt_project.yml")
_STAGING = "path:models/staging"


@dataclass(frozen=True, kw_only=True)
class TransformResult:
    """What a transform built. `full`: everything anew. `seconds` is all of it, but waiting for the lock."""

    nodes: list[Node]
    changes: list[Change]
    full: bool
    seconds: float

    def of(self, kind: str) -> list[Node]:
        """The nodes of that kind."""
        return [node for node in self.nodes if node.kind == kind]

    @property
    def warnings(self) -> list[Node]:
        """The tests that found something that a user should look at."""
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

    What is there already is brought up to date. It is built anew with `full`, and when the project's own
    files are not those of the last build.

    Args:
        settings: which warehouse.
        select: dbt's selectors, such as `campaign_performance+`; none means everything.
        full: build everything anew.
        wait_s: how long to wait for another run that writes the same warehouse.
        notify: told, in a sentence, of what a user should know meanwhile.

    Raises:
        ConfigError: there is no warehouse yet, or it is on a server.
        TransformFailed: a model or a test failed; the warehouse is as it was.
    """
    if not settings.publishes:
        msg = (
            f"`cio-elt transform` builds DuckDB files, and CIO_ELT_DESTINATION is "
            f"{settings.cio_elt_destination!r}. Run dbt in {PROJECT} with a profile of that server."
        )
        raise ConfigError(msg)
    chosen = list(select)
    with writing(settings.cio_elt_data, wait_s=wait_s, notify=notify):
        began = time.monotonic()
        build = _copy(settings)
        changes = notice(build)
        folder = settings.cio_elt_data / "dbt"
        known, current = folder / "project", _fingerprint(build)
        same = known.exists() and known.read_text() == current and _is_built(build)
        if not same and not full and known.exists():
            notify(
                "The models or the raw tables' columns are not those of the last build: all is built anew."
            )
        nodes = _build(Dbt(file=build, folder=folder), chosen, full=full or not same, same=same)
        _put_in_place(build, settings)
        if not chosen:
            known.write_text(current)
        publish(settings.load_file, settings.published_file)
        return TransformResult(
            nodes=nodes, changes=changes, full=full or not same, seconds=time.monotonic() - began
        )


def _copy(settings: Settings) -> Path:
    """A copy of the warehouse to build in."""
    source = settings.load_file if settings.load_file.exists() else settings.published_file
    if not source.exists():
        raise no_warehouse(settings)
    build = settings.cio_elt_data / "transform.duckdb"
    log_of(build).unlink(missing_ok=True)
    if source == settings.load_file:
        checkpoint(source)
    shutil.copyfile(source, build)
    return build


def _put_in_place(build: Path, settings: Settings) -> None:
    checkpoint(build)
    log_of(settings.load_file).unlink(missing_ok=True)
    build.replace(settings.load_file)


def _build(dbt: Dbt, select: list[str], *, full: bool, same: bool) -> list[Node]:
    # Unit tests are of the models and not of rows: the project's own tests run them.
    options = [*selection(select, full=full), "--exclude-resource-type", "unit_test"]
    if same and not full and not select:
        # Views and seeds are there, and as they would be.
        options += ["--exclude", _STAGING, "resource_type:seed"]
    nodes = dbt.run("build", *options)
    broken = [node for node in nodes if node.status in ("error", "fail")]
    if broken:
        told = "; ".join(f"{node.name} ({_first_line(node)})" for node in broken)
        msg = (
            f"{len(broken)} of {len(nodes)} models and tests failed, and nothing was published: {told} "
            f"What was built is in {dbt.file}, to be looked at; dbt's log is in {dbt.folder / 'logs'}."
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


def _fingerprint(build: Path) -> str:
    """What the models follow from besides rows: the project's files, and the raw tables' columns."""
    digest = hashlib.sha256()
    for part in _PARTS:
        path = PROJECT / part
        for file in sorted(path.rglob("*.*")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(PROJECT)).encode() + b"\0" + file.read_bytes())
    with open_file(build, read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'customerio_raw' ORDER BY ALL"
        ).fetchall()
    digest.update(repr(columns).encode())
    return digest.hexdigest()


def _is_built(file: Path) -> bool:
    """Whether there are marts; a warehouse that was put back from an older file may have none."""
    with open_file(file, read_only=True) as connection:
        return bool(
            connection.execute(
                "SELECT 1 FROM information_schema.tables WHERE table_name = 'fct_delivery'"
            ).fetchall()
        )
