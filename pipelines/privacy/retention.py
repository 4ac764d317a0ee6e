"""Deletes what is older than the privacy file allows, once a week: activities, archives, deleted people.

The marts are built anew by the next transform. The journal of pushes has a retention of its own, in
`pipelines.push.journal.snapshot`.
"""

from collections.abc import Iterator, Mapping

import duckdb

from pipelines.notify import Notify, silent
from pipelines.privacy.policy import Retention, note_retained, policy_of, retained_at
from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.warehouse.duckdb_file import checkpoint, open_file
from pipelines.warehouse.left_files import LeftFiles, left_files, note_files
from pipelines.warehouse.left_rows import matching, remove
from pipelines.warehouse.pipeline import DATASET
from pipelines.warehouse.queries import tables
from pipelines.warehouse.sql import quoted
from sources.customerio.catalogue import RESOURCES

WEEK_S = 7 * DAY
"""The time between two retentions, in seconds: the models that rows were deleted from are built anew."""


def oldest(settings: Settings, now: int) -> Mapping[str, int]:
    """The Unix second of the oldest row that is read, by table; only tables with an age are named.

    Raises:
        ConfigError: see `policy_of`.
    """
    policy = policy_of(settings)
    if policy is None:
        return {}
    ages = policy.retention
    given = {"activities": ages.activities, "archived_messages": ages.archived_messages}
    return {table: now - days * DAY for table, days in given.items() if days is not None}


def retain(settings: Settings, now: int, *, at_once: bool = False, notify: Notify = silent) -> dict[str, int]:
    """Delete what is too old, by table; nothing within a week of the last time, unless `at_once`.

    `now` is Customer.io's time, in Unix seconds. The caller holds the writer's lock, and publishes.

    Raises:
        ConfigError: see `policy_of`.
    """
    policy = policy_of(settings)
    if policy is None or not policy.retention or not settings.publishes or not settings.load_file.exists():
        return {}
    if not at_once and 0 <= now - retained_at(settings) < WEEK_S:
        return {}
    left = left_files(settings.load_file, settings.published_file)
    with open_file(settings.load_file) as connection:
        deleted = {table: rows for table, rows in _deleted(connection, policy.retention, now) if rows}
    checkpoint(settings.load_file)
    note_retained(settings, now)
    note_files(
        settings.load_file,
        settings.published_file,
        LeftFiles(without_doubles=left.without_doubles, in_step=left.in_step and not deleted),
    )
    if deleted:
        # The models have rows that the raw tables have no more.
        for path in matching(settings.cio_elt_data, ("dbt/project", "dbt/built")):
            remove(path)
        rows = ", ".join(f"{number:,} of {table}" for table, number in deleted.items())
        notify(f"Rows that are older than {settings.cio_elt_privacy} allows were deleted: {rows}.")
    return deleted


def _deleted(connection: duckdb.DuckDBPyConnection, ages: Retention, now: int) -> Iterator[tuple[str, int]]:
    there = tables(lambda sql: connection.execute(sql).fetchall())
    for table, where in _too_old(ages, now):
        if table in there and (table != "archived_messages" or "messages" in there):
            ((rows,),) = connection.execute(
                f"DELETE FROM {quoted(DATASET)}.{quoted(table)} WHERE {where}"
            ).fetchall()
            yield table, int(rows)


def _too_old(ages: Retention, now: int) -> Iterator[tuple[str, str]]:
    """By table, the SQL of the rows that are too old."""
    if ages.activities is not None:
        yield "activities", f"timestamp < {now - ages.activities * DAY}"
    if ages.archived_messages is not None:
        before = now - ages.archived_messages * DAY
        yield "archived_messages", f"id IN (SELECT id FROM {DATASET}.messages WHERE created < {before})"
    if ages.deleted_people is not None:
        before = now - ages.deleted_people * DAY
        for row in RESOURCES:
            if row.person and row.tombstones:
                yield row.table, f"deleted_at < {before}"
