"""Collections: rows of any shape under a name, which messages look things up in.

New contents do not move a collection's `updated_at` (live, all had the time at which they were made
[live-airbyte]); a new name does. Limits are of JSON bytes: whether vendors' megabytes are of 1,000 or 1,024
is not documented, here they are the larger ones.
"""

from typing import Any

import orjson

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

MOST, MOST_BYTES, MOST_ROW_BYTES = 50, 10 * 1024 * 1024, 10 * 1024


def measured(data: Any) -> Record:
    """The fields of a collection that follow from its contents: rows, or one object that is a row.

    BadRequest if they are neither, or too large.
    """
    rows = data if isinstance(data, list) else [data]
    if not all(isinstance(row, dict) for row in rows):
        msg = "data must be an array of objects"
        raise BadRequest(msg)
    size = len(orjson.dumps(data))
    if size > MOST_BYTES:
        msg = f"a collection may have {MOST_BYTES} bytes and this one has {size}"
        raise BadRequest(msg)
    for number, row in enumerate(rows, start=1):
        if (row_size := len(orjson.dumps(row))) > MOST_ROW_BYTES:
            msg = f"a row may have {MOST_ROW_BYTES} bytes and row {number} has {row_size}"
            raise BadRequest(msg)
    schema = sorted({key for row in rows for key in row})
    return {"schema": schema, "rows": len(rows), "bytes": size, "data": data}


def add(workspace: Workspace, name: str, data: Any) -> int:
    """Make a collection; answers its id. BadRequest if there are as many as there may be."""
    if len(workspace.tables["collections"]) >= MOST:
        msg = f"a workspace may have {MOST} collections"
        raise BadRequest(msg)
    return workspace.add_record("collections", {"name": name, **measured(data)}, workspace.now)


def replace(workspace: Workspace, collection_id: int, data: Any, name: str | None = None) -> None:
    """Put other contents in the place of a collection's, and rename it if a name is given."""
    kept = workspace.tables["collections"].get(collection_id)
    fields = measured(data) if name is None else {"name": name, **measured(data)}
    updated_at = kept["updated_at"] if name in (None, kept["name"]) else workspace.now
    workspace.edit_record("collections", collection_id, {**fields, "updated_at": updated_at}, workspace.now)


def contents(record: Record) -> list[Any]:
    """The rows of a collection; one object is one row."""
    data = record["data"]
    return data if isinstance(data, list) else [data]
