"""Tells people who were deleted in Customer.io from those who were suppressed.

    a record of the deletion          deleted
    none, though one would be there   suppressed: Customer.io shows no activity of such a person
    cannot be told                    missing

A deletion is an activity that names the person's cio_id [docs via airbyte], for 30 days at least [spec25]. So
the cio_id has to be known from the warehouse, and the person must have been there within that time.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

import duckdb

from pipelines.push.audit.difference import Difference
from pipelines.push.audit.wanted import WANTED
from pipelines.push.context import PushContext
from pipelines.push.plan.diff import MAPPED
from pipelines.push.plan.query import warehouse_tables
from pipelines.times import DAY
from pipelines.warehouse.pipeline import DATASET

_KEPT_S = 30 * DAY
_MOST_PAGES = 100


def tell_apart(
    context: PushContext, connection: duckdb.DuckDBPyConnection, differences: Iterable[Difference]
) -> Iterator[Difference]:
    """The differences, with the reason why a person is missing."""
    absent: list[Difference] = []
    for each in differences:
        if each.kind == "missing":
            absent.append(each)
        else:
            yield each
    suppressed = _suppressed_by_pushes(connection)
    rest = [each for each in absent if each.key not in suppressed]
    yield from (replace(each, kind="suppressed") for each in absent if each.key in suppressed)
    ids = _cio_ids(connection, context.spec.identifier, [each.key for each in rest])
    deleted = _deleted(context, _since(connection, list(ids))) if ids else frozenset[str]()
    for each in rest:
        known = ids.get(each.key)
        if known is None or deleted is None:
            yield each
        else:
            yield replace(each, kind="suppressed" if deleted.isdisjoint(known) else "deleted")


def _suppressed_by_pushes(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = connection.execute(f"SELECT key FROM {MAPPED} WHERE verdict = 'suppressed'")
    return {key for (key,) in found.fetchall()}


def _cio_ids(
    connection: duckdb.DuckDBPyConnection, identifier: str, keys: list[str]
) -> dict[str, frozenset[str]]:
    """The cio_ids of the people of these keys who were there within 30 days."""
    if not keys or "people" not in warehouse_tables(connection):
        return {}
    found = connection.execute(
        f"""
        SELECT w.key, list(p.cio_id) FROM {WANTED} AS w JOIN {DATASET}.people AS p
        ON lower(p.identifiers->>'$.{identifier}') = lower(w.key)
        WHERE list_contains($keys, w.key) AND w.accepted_at > $since GROUP BY w.key
        """,
        {"keys": keys, "since": time.time() - _KEPT_S},
    )
    return {key: frozenset(ids) for key, ids in found.fetchall()}


def _since(connection: duckdb.DuckDBPyConnection, keys: list[str]) -> int:
    """The time (Customer.io's clock, Unix s) from which on these people can have been deleted.

    They were there when the first of the runs that sent them began; 0 if that is not known of all.
    """
    ((since,),) = connection.execute(
        f"SELECT min(coalesce(watched_since, 0)) FROM {WANTED} WHERE list_contains($keys, key)",
        {"keys": keys},
    ).fetchall()
    return int(since or 0)


def _deleted(context: PushContext, since: int) -> frozenset[str] | None:
    """The cio_ids of the people whose deletion is recorded; None if there are too many to read all."""
    found: set[str] = set()
    for number, page in enumerate(context.client.app.list_activities.pages(type="profile_delete")):
        if number == _MOST_PAGES:
            return None
        rows = page.records or ()
        found.update(
            str(row["customer_identifiers"]["cio_id"]) for row in rows if row.get("customer_identifiers")
        )
        if rows and rows[-1]["timestamp"] < since:
            break
    return frozenset(found)
