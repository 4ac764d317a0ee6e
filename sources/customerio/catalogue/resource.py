"""The type of a row of `RESOURCES`: one table of the warehouse.

It has the call that fills the table, the key, the reader and the columns that are known beforehand. Fields that Customer.io adds later need no row here: they land as JSON columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

DAY = 86_400
"""Seconds of a day."""
WEEK = 7 * DAY
"""Seconds of a week."""

Family = Literal["config", "volume", "metrics"]
"""The kind of a table: small lists, growing ones, or numbers by period."""
ColumnType = Literal["text", "bigint", "double", "bool", "json"]
"""The type of a column, as dlt names it."""
Reader = Literal[
    "archived",
    "children",
    "contents",
    "counts",
    "exported_rows",
    "exports",
    "feed",
    "folder_lists",
    "lists",
    "memberships",
    "metrics",
    "objects",
    "optouts",
    "people",
    "preferences",
    "relationships",
    "suppressions",
    "windows",
]
"""The functions of `sources.customerio.extract` that read tables."""


PersonKind = Literal["cio_id", "id", "email", "delivery", "identifiers", "delivery_cells", "record"]
"""The way in which a column names a person.

`delivery` is the id of one of the person's deliveries; the last three are JSON objects, see `PERSON_PATHS`.
"""

PERSON_PATHS: Mapping[PersonKind, Mapping[Literal["cio_id", "id", "email"], tuple[str, ...]]] = {
    "identifiers": {"cio_id": ("cio_id",), "id": ("id",), "email": ("email",)},
    # The headers that a deliveries export may have.
    "delivery_cells": {
        "cio_id": ("cio_id", "customer_cio_id", "cio id"),
        "id": ("customer_id", "person_id", "customer"),
        "email": ("email", "customer_email", "email_address", "recipient", "recipient_address", "to"),
    },
    # A record of any list, as Customer.io sent it.
    "record": {
        "cio_id": ("cio_id", "identifiers.cio_id", "customer_identifiers.cio_id"),
        "id": ("customer_id", "identifiers.id", "customer_identifiers.id"),
        "email": ("email", "recipient", "identifiers.email", "customer_identifiers.email"),
    },
}
"""The members of JSON objects that name a person, by the identifier that they hold; a dot goes one level down."""


@dataclass(frozen=True, kw_only=True)
class ChangesWith:
    """The rule by which a sync of all tables leaves out parents whose rows cannot have changed.

    A parent is read if one of these tells of it, and else once in `sweep_s` seconds: no change is seen later.

    `parent_row`: the parent's own row in its list differs from that of the last reading.
    `rows_of` is the table of which a new, changed or deleted row tells of the parent that it names.
    `metric`: of `rows_of`, only rows with that delivery metric tell.
    """

    sweep_s: int
    parent_row: bool = False
    rows_of: str | None = None
    metric: str | None = None


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One table: the source and the key of its rows.

    `description` is a sentence about a row of the table.
    `family` is `config` (small, read whole every time), `volume` (grows with the business) or `metrics`.
    `cursor` is the field that orders rows in time, in Unix seconds; None where Customer.io has none.
    `parent` is the table whose ids fill the path of `operation`.
    `parent_type` narrows the parents to those of that `type`.
    `reader` names the function of `sources.customerio.extract` that reads it.
    `tombstones`: rows can vanish, and a complete reading shows it. (Deliveries and activities cannot: they
    only grow old.)
    `columns` are the known columns; a key column must be among them.
    `asked` are the path and query values, by name, of each call that reads the list; the table has the rows of
    all these calls.
    `wrapped` is the key of the record in an answer that is one record and no list.
    `value` is the column for records that are plain values instead of objects.
    `masked` are columns of URLs whose credentials and query values are masked before a row is compared or
    written.
    `folders` is the table of the folders in which the rows lie, for rows that lie in folders.
    `may_be_missing`: some regions, plans or keys lack the call; then the table is skipped and named, and the
    sync does not fail.
    `lookup` is the call that returns one row by its key, for lists whose pages go by position: rows that the
    list lacks are looked up before they count as deleted.
    `optional`: read only when it is named, because it costs a request per row or a quota.
    `changes_with` says which parents a sync of all tables reads; without it, all of them each time.
    `person` are the columns that say whose row it is; none where a row belongs to no person.
    """

    table: str
    description: str
    operation: str
    key: tuple[str, ...]
    family: Family
    reader: Reader = "lists"
    cursor: str | None = None
    parent: str | None = None
    parent_type: str | None = None
    tombstones: bool = True
    columns: Mapping[str, ColumnType] = field(default_factory=dict)
    asked: tuple[Mapping[str, object], ...] = ({},)
    wrapped: str | None = None
    value: str | None = None
    masked: tuple[str, ...] = ()
    folders: str | None = None
    may_be_missing: bool = False
    lookup: str | None = None
    optional: bool = False
    changes_with: ChangesWith | None = None
    person: Mapping[str, PersonKind] = field(default_factory=dict)
