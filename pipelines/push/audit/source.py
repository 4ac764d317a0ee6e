"""Chooses how an audit reads Customer.io: by a people export, a segment's members, or reads of rows.

The one that takes fewer requests is chosen: all runs share the App API's 10 requests a second.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import duckdb

from pipelines.errors import InvalidSpec
from pipelines.push.audit.wanted import WANTED, count_wanted
from pipelines.push.confirm.read_back import PROFILES_A_REQUEST
from pipelines.push.spec.spec import PushSpec

By = Literal["auto", "export", "reads"]
Way = Literal["export", "members", "reads"]
EXPORT_REQUESTS = 20
"""An export of any size takes that many at most, if its file is made within ten minutes."""
MEMBERS_A_REQUEST = 30_000
_OBJECT = "payload->>'$.cio_relationships[0].identifiers.object_id'"


@dataclass(frozen=True)
class Source:
    """The way in which an audit reads, with an estimate of its requests."""

    way: Way
    requests: int

    def __str__(self) -> str:
        words = {"export": "a people export", "members": "the segment's members", "reads": "reads"}
        return f"by {words[self.way]}, about {self.requests:,} requests"


def choose_source(connection: duckdb.DuckDBPyConnection, spec: PushSpec, by: By) -> Source:
    """The way to read the wanted rows of a push.

    Raises:
        InvalidSpec: rows of this kind cannot be read, or not in the way that was asked for.
    """
    if spec.kind.reader not in _READS:
        msg = (
            f"{spec.sync}: {spec.kind.plural} cannot be audited: Customer.io keeps their activities for 30 "
            "days only, and shows none of their ids. `cio-elt push status` shows how many arrived."
        )
        raise InvalidSpec(msg)
    way, requests = _READS[spec.kind.reader]
    reads = Source(way, requests(connection))
    exportable = spec.kind.reader in _EXPORTED
    if by == "export" and not exportable:
        msg = f"{spec.sync}: a people export has no {spec.kind.plural}. Audit it with --by reads."
        raise InvalidSpec(msg)
    if exportable and (by == "export" or (by == "auto" and reads.requests > EXPORT_REQUESTS)):
        return Source("export", EXPORT_REQUESTS)
    return reads


def _people(connection: duckdb.DuckDBPyConnection) -> int:
    return math.ceil(count_wanted(connection, "entity") / PROFILES_A_REQUEST)


def _relationships(connection: duckdb.DuckDBPyConnection) -> int:
    people, objects = count_wanted(connection, "entity"), count_wanted(connection, _OBJECT)
    ((attributes,),) = connection.execute(
        f"SELECT count_if(json_extract(payload, '$.cio_relationships[0].relationship_attributes')::VARCHAR "
        f"<> '{{}}') FROM {WANTED}"
    ).fetchall()
    return people if attributes else min(people, objects)


_READS: Mapping[str, tuple[Way, Callable[[duckdb.DuckDBPyConnection], int]]] = {
    "profiles": ("reads", _people),
    "suppressions": ("reads", _people),
    "devices": ("reads", _people),
    "objects": ("reads", count_wanted),
    "relationships": ("reads", _relationships),
    "members": ("members", lambda connection: 1 + count_wanted(connection) // MEMBERS_A_REQUEST),
}
"""By reader of a kind: the way to read its rows, and its requests. Others cannot be audited."""
_EXPORTED = ("profiles", "suppressions")
