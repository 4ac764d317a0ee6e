"""Finds differences of a segment's members, who are listed up to 30,000 a request."""

from collections.abc import Iterator

import duckdb

from pipelines.push.audit.difference import Difference
from pipelines.push.audit.wanted import WANTED
from pipelines.push.context import PushContext
from pipelines.push.plan.diff import MEMBERS
from pipelines.push.plan.segment import fetch_members
from pipelines.warehouse.erasures import erased_people


def by_membership(context: PushContext, connection: duckdb.DuckDBPyConnection) -> Iterator[Difference]:
    """Members who are missing, and for a mirror those that the model has not."""
    spec = context.spec
    # The present members are listed for mirrors alone, which are compared with them in every run.
    mirror, erased = spec.model_copy(update={"mode": "mirror"}), erased_people(context.settings)
    fetch_members(context.client, connection, mirror, context.segment, erased)
    present = f"SELECT key FROM {MEMBERS} WHERE key IS NOT NULL"
    missing = connection.execute(f"SELECT key FROM {WANTED} WHERE key NOT IN ({present}) ORDER BY key")
    yield from (Difference(key=key, kind="missing") for (key,) in missing.fetchall())
    if spec.mirrors_members and not spec.keep_others:
        unwanted = connection.execute(
            f"SELECT key FROM {MEMBERS} WHERE key NOT IN (SELECT key FROM {WANTED}) ORDER BY key"
        )
        yield from (Difference(key=key, kind="unwanted") for (key,) in unwanted.fetchall())
