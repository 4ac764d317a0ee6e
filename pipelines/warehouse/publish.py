"""The publication of what the warehouse's writer wrote.

While one process writes a DuckDB file, no other can read it. So loads write a private file, and after each
run a copy of it replaces the published file in one step. A reader that has the old file open keeps the old
state, a reader that opens it later gets the new one, and no reader sees half a run.

    compact -> clone or copy -> drop dlt's staging tables -> write `ops.runs` -> replace
            -> note the state of both files

A run that found no change is not published: the copy of a large file would be most of its work. The notes of
such runs are in `pipelines.warehouse.run_notes`.

Where the file system cannot clone, every byte is copied, also of a file that hardly changed. To copy changed
blocks alone would need to know them: DuckDB's checksum of a block does not depend on the order of its words,
so two blocks of one checksum may differ.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.permissions import let_readers_pass
from pipelines.settings import Settings
from pipelines.trace import step
from pipelines.warehouse.clone import clone
from pipelines.warehouse.duckdb_file import compact, drop_schema, log_of, remove, sync_to_disk
from pipelines.warehouse.left_files import LeftFiles, left_files, note_files
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.run_ledger import write_runs
from pipelines.warehouse.run_notes import notes_of
from sources.permissions import PRIVATE_FILE

# dlt's tables for rows that it is about to merge. They stay in the private file: a load that was interrupted
# continues with them, and dlt would make all of them anew for each load.
_SCRATCH = f"{DATASET}_staging"


@contextmanager
def publishing(settings: Settings) -> Iterator[None]:
    """Publish the warehouse after the block, which adds no row twice; a server needs no publication.

    The caller holds the writer's lock. If the block fails, nothing is published.
    """
    left = left_files(settings.load_file, settings.published_file)
    yield
    if settings.publishes:
        publish_warehouse(settings, without_doubles=left.without_doubles)


def publish_warehouse(settings: Settings, *, without_doubles: bool = False) -> None:
    """Publish the private file of these settings, as `publish`."""
    publish(
        settings.load_file,
        settings.published_file,
        mode=settings.published_mode,
        without_doubles=without_doubles,
    )


def publish(
    private: Path, published: Path, *, mode: int = PRIVATE_FILE, without_doubles: bool = False
) -> None:
    """Replace the published file by a copy of the private one without dlt's staging tables, in one step.

    The file gets the permissions `mode`. The caller holds the writer's lock: nothing may write `private`
    meanwhile. `without_doubles`: the caller has seen that no table of `private` has two rows of one key.
    """
    step("publish")
    compact(private)
    copy = published.with_suffix(".publishing")
    # A run that was killed may have left it.
    log_of(copy).unlink(missing_ok=True)
    try:
        clone(private, copy)
        drop_schema(copy, _SCRATCH)
        write_runs(copy, published.parent)
        copy.chmod(mode)
        sync_to_disk(copy)
        # A program that wrote into the published file may have left its log: DuckDB refuses to open a file
        # together with the log of another one.
        log_of(published).unlink(missing_ok=True)
        copy.replace(published)
        let_readers_pass(published.parent, mode)
    finally:
        remove(copy)
    remove(notes_of(published))
    note_files(private, published, LeftFiles(without_doubles=without_doubles, in_step=True))
