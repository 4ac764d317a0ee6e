"""The segments of the warehouse as trees of conditions, each with those of the segments that it names."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import orjson

from pipelines.push.forecast.conditions import Inverse, Joined, Member, Node, Unclear, read_conditions
from pipelines.warehouse.pipeline import DATASET


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A segment: its name, type, state, and conditions as JSON text; one that is filled by hand has none."""

    id: int
    name: str
    type: str
    state: str
    conditions: str | None


def read_segments(connection: duckdb.DuckDBPyConnection) -> dict[int, Segment]:
    """The segments of the attached warehouse, by id."""
    rows = connection.execute(
        f"SELECT id, name, type, state, conditions FROM {DATASET}.segments WHERE deleted_at IS NULL"
    ).fetchall()
    names = ("id", "name", "type", "state", "conditions")
    return {row[0]: Segment(**dict(zip(names, row, strict=True))) for row in rows}


def tree_of(segment_id: int, segments: Mapping[int, Segment], above: tuple[int, ...] = ()) -> Node:
    """The tree of a segment's conditions, whose leaves name manual segments alone."""
    segment = segments.get(segment_id)
    if segment is None:
        return Unclear(reason=f"the warehouse has no segment {segment_id}")
    if segment_id in above:
        return Unclear(reason=f"segment {segment_id} names itself")
    if segment.state != "finished":
        return Unclear(reason=f"segment {segment_id} is being built")
    if segment.conditions is None and segment.type != "manual":
        return Unclear(reason=f"the conditions of segment {segment_id} are not listed")
    if segment.conditions is None:
        return Member(segment_id=segment_id)
    return _inlined(read_conditions(orjson.loads(segment.conditions)), segments, (*above, segment_id))


def _inlined(node: Node, segments: Mapping[int, Segment], above: tuple[int, ...]) -> Node:
    if isinstance(node, Member):
        return tree_of(node.segment_id, segments, above)
    if isinstance(node, Inverse):
        return Inverse(part=_inlined(node.part, segments, above))
    if isinstance(node, Joined):
        return Joined(joint=node.joint, parts=tuple(_inlined(one, segments, above) for one in node.parts))
    return node
