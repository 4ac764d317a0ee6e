"""A difference between a row that the model wants and Customer.io.

kind        Customer.io has                                      a repair
changed     another value of an attribute                        sends the row
removed     no value of an attribute                             sends the row
deleted     a record that the person or object was deleted       sends the row, as a new one
missing     no such row                                          sends the row, as a new one
moved       the device at another person                         sends the row, as a new one
unwanted    a member that the mirror of a segment has not        removes the member
suppressed  a person who was suppressed                          nothing: Customer.io would ignore it
no_person   no such person as the row names                      nothing: Customer.io would ignore it
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import duckdb
import orjson
import pyarrow as pa

from pipelines.push.confirm.mismatch import Mismatch
from pipelines.push.plan.query import make_table

DifferenceKind = Literal[
    "changed", "removed", "deleted", "missing", "moved", "unwanted", "suppressed", "no_person"
]
DIFFERENCE_KINDS: tuple[DifferenceKind, ...] = get_args(DifferenceKind)
IN_DOUBT: tuple[DifferenceKind, ...] = ("changed", "removed")
"""Kinds of rows that are there, and are sent again as changes."""
GONE: tuple[DifferenceKind, ...] = ("deleted", "missing", "moved")
"""Kinds of rows that are not there, and are sent again as new ones."""
UNREPAIRED: tuple[DifferenceKind, ...] = ("suppressed", "no_person")
"""Kinds of rows that a repair leaves alone."""
DIFFERENCES = "push_differences"
"""The table of the differences that an audit found."""
_SHAPE = pa.schema([(name, pa.string()) for name in ("key", "difference", "attribute", "wanted", "found")])


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A difference of one attribute, or of the whole row if `attribute` is empty; values are JSON or text."""

    key: str
    kind: DifferenceKind
    attribute: str = ""
    wanted: str | None = None
    found: str | None = None


def differences_of(key: str, mismatch: Mismatch) -> Iterator[Difference]:
    """The differences of a row that was read back as other than sent."""
    if mismatch.kind != "changed":
        yield Difference(key=key, kind=mismatch.kind)
        return
    for name, (wanted, found) in mismatch.values.items():
        kind: DifferenceKind = "removed" if found in ("", None) else "changed"
        yield Difference(key=key, kind=kind, attribute=name, wanted=_text(wanted), found=_text(found))


def store(connection: duckdb.DuckDBPyConnection, differences: Iterable[Difference]) -> None:
    """Create the table of the differences."""
    rows = [
        {
            "key": each.key,
            "difference": each.kind,
            "attribute": each.attribute,
            "wanted": each.wanted,
            "found": each.found,
        }
        for each in differences
    ]
    make_table(connection, DIFFERENCES, pa.Table.from_pylist(rows, schema=_SHAPE))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
