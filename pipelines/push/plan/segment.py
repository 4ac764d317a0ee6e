"""A segment's members, as Customer.io has them at this moment: what a mirror is compared with."""

from typing import Any

import duckdb
import pyarrow as pa

from pipelines.errors import InvalidSpec
from pipelines.push.confirm.read_back import folded
from pipelines.push.plan.diff import MEMBERS
from pipelines.push.spec.spec import PushSpec
from sources.customerio.client import Client

_SHAPE = pa.schema({"key": pa.string(), "value": pa.string()})


def segment_id(client: Client, declaration: PushSpec) -> int:
    """The number of the declared segment, which has to be a manual one.

    Raises:
        DeclarationWrong: there is no such segment, or it is a dynamic one, whose members follow conditions.
    """
    segments = client.app.list_segments().json()["segments"] or []
    wanted = declaration.segment
    named = [row for row in segments if wanted in (row["id"], row["name"])]
    if len(named) != 1:
        manual = (
            ", ".join(f"{row['id']} ({row['name']})" for row in segments if row["type"] == "manual") or "none"
        )
        count = "no segment" if not named else f"{len(named)} segments"
        msg = f"{declaration.sync}: there is {count} {wanted!r}. Manual segments, by id and name: {manual}."
        raise InvalidSpec(msg)
    if named[0]["type"] != "manual":
        msg = (
            f"{declaration.sync}: the segment {wanted!r} is dynamic: its conditions say who is in it. Name a "
            "manual one, or make one in Customer.io."
        )
        raise InvalidSpec(msg)
    return int(named[0]["id"])


def fetch_members(client: Client, connection: duckdb.DuckDBPyConnection, segment: int, kind: str) -> None:
    """Make the table of who is in the segment, by the sync's identifier; those without it are left out."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {MEMBERS} (key VARCHAR, payload VARCHAR)")
    for page in client.app.get_segment_membership.pages(segment_id=segment):
        rows = [_member(row, kind) for row in page.records or ()]
        members = pa.Table.from_pylist([row for row in rows if row["key"]], schema=_SHAPE)
        connection.register("push_page", members)
        connection.execute(f"INSERT INTO {MEMBERS} SELECT key, to_json(value)::VARCHAR FROM push_page")
        connection.unregister("push_page")


def target_of(client: Client, declaration: PushSpec) -> dict[str, Any] | None:
    """Path and query of a segment's operations; None for all other syncs.

    Raises:
        DeclarationWrong: there is no such segment, or nobody can be added to it.
    """
    if declaration.object != "segment" or declaration.person is None:
        return None
    number = segment_id(client, declaration)
    return {"path": {"segment_id": number}, "query": {"id_type": declaration.person.kind}}


def see_members(
    client: Client,
    connection: duckdb.DuckDBPyConnection,
    declaration: PushSpec,
    segment: dict[str, Any] | None,
) -> None:
    """For the mirror of a segment, make the table of its members."""
    if segment is not None and declaration.mode == "mirror":
        fetch_members(client, connection, segment["path"]["segment_id"], segment["query"]["id_type"])


def _member(row: dict[str, Any], kind: str) -> dict[str, Any]:
    value = row.get(kind)
    return {"key": value and folded(kind, value), "value": value}
