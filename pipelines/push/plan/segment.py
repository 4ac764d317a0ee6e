"""A segment's present members in Customer.io, with which a mirror is compared."""

from typing import Any

import duckdb
import pyarrow as pa

from pipelines.errors import InvalidSpec
from pipelines.push.plan.diff import MEMBERS
from pipelines.push.plan.erased import leave_out_members
from pipelines.push.spec.item import comparable
from pipelines.push.spec.spec import PushSpec
from sources.customerio.client import Client, reading_answers
from sources.customerio.extract.erased import NONE_ERASED, Erased

_SHAPE = pa.schema({"key": pa.string(), "value": pa.string()})


@reading_answers("`listSegments`")
def _segment_id(client: Client, spec: PushSpec) -> int:
    """The id of the segment that the spec names, which has to be a manual one.

    Raises:
        InvalidSpec: there is no such segment, or it is a dynamic one, whose members follow conditions.
    """
    segments = client.app.list_segments().records("segments")
    wanted = spec.segment
    # YAML may have quoted an id. A name goes first: it can look like the id of another segment.
    named = [row for row in segments if row["name"] == wanted] or [
        row for row in segments if str(row["id"]) == str(wanted)
    ]
    if len(named) != 1:
        manual = (
            ", ".join(f"{row['id']} ({row['name']})" for row in segments if row["type"] == "manual") or "none"
        )
        count = "no segment" if not named else f"{len(named)} segments"
        msg = f"{spec.sync}: there is {count} {wanted!r}. Manual segments, by id and name: {manual}."
        raise InvalidSpec(msg)
    if named[0]["type"] != "manual":
        msg = (
            f"{spec.sync}: the segment {wanted!r} is dynamic: its members follow conditions. Name a "
            "manual one, or make one in Customer.io."
        )
        raise InvalidSpec(msg)
    return int(named[0]["id"])


def segment_request(client: Client, spec: PushSpec) -> dict[str, Any] | None:
    """Path and query of the operations of a segment; None for pushes without one.

    Raises:
        InvalidSpec: there is no such segment, or it is a dynamic one.
    """
    if spec.segment is None or spec.person is None:
        return None
    return {"path": {"segment_id": _segment_id(client, spec)}, "query": {"id_type": spec.identifier}}


@reading_answers("`getSegmentMembership`")
def fetch_members(
    client: Client,
    connection: duckdb.DuckDBPyConnection,
    spec: PushSpec,
    segment: dict[str, Any] | None,
    erased: Erased = NONE_ERASED,
) -> None:
    """For the mirror of a segment, create the table of its members, without a key if they cannot be named.

    Members who are `erased` people are left out.
    """
    if segment is None or not spec.mirrors_members:
        return
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {MEMBERS} (key VARCHAR, payload VARCHAR)")
    for page in client.app.get_segment_membership.pages(**segment["path"]):
        rows = [_member(row, spec.identifier) for row in page.records or ()]
        members = pa.Table.from_pylist(rows, schema=_SHAPE)
        connection.register("push_page", members)
        connection.execute(f"INSERT INTO {MEMBERS} SELECT key, to_json(value)::VARCHAR FROM push_page")
        connection.unregister("push_page")
    leave_out_members(connection, spec, erased)


def _member(row: dict[str, Any], identifier: str) -> dict[str, Any]:
    value = row.get(identifier) or None
    return {"key": value and comparable(identifier, value), "value": value}
