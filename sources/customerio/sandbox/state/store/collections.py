"""Collections: rows of any shape under a name, which messages look up values in.

Limits are of JSON bytes. Whether Customer.io's megabytes are of 1,000 or 1,024 is not documented; here they
are of 1,024.
"""

from typing import Any

import orjson

from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record

MOST, MOST_BYTES, MOST_ROW_BYTES = 50, 10 * 1024 * 1024, 10 * 1024


def measure(data: Any) -> Record:
    """The fields of a collection that are derived from its contents: an array of objects, or one object.

    Raises:
        BadRequest: the contents are neither, or over a limit.
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


def contents(record: Record) -> list[Any]:
    """The rows of a collection; one object is one row."""
    data = record["data"]
    return data if isinstance(data, list) else [data]
