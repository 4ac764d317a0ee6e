"""Checks the body of a request against Customer.io's documents, before it is sent.

The schemas are in `sources/customerio/schemas`, one file for each operation that has one. The check is of the
JSON that would be sent.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from sources.customerio.catalogue import Operation
from sources.customerio.client.errors import WrongCall
from sources.customerio.client.schema_errors import description, most_likely, pointer_to

FOLDER = Path(__file__).parents[1] / "schemas"
"""The folder of the schemas."""
MOST_BYTES: Mapping[str, int] = {"batch": 500 * 1024, "entity": 32 * 1024}
"""The largest bodies that the Track API takes: https://docs.customer.io/integrations/api/track/#operation/batch"""


@cache
def schema_of(row: Operation) -> dict[str, Any] | None:
    """The JSON Schema of the operation's body; None if it has no body or the documents describe none."""
    file = FOLDER / f"{row.id}.json"
    if row.body == "none" or not file.exists():
        return None
    schema: dict[str, Any] = orjson.loads(file.read_bytes())
    return schema


def needs_body(row: Operation) -> bool:
    """True if the operation requires a body: its schema does not accept an empty object."""
    return schema_of(row) is not None and not _validator(row).is_valid({})


def check_body(row: Operation, encoded: bytes | None) -> None:
    """Check the body against the operation's size limit and schema, where there are any.

    Raises:
        WrongCall: The body is missing, too large or not JSON, or does not fit; then `pointer` is the place.
    """
    if encoded is None:
        if needs_body(row):
            msg = f"`{row.id}` needs a body. See {row.docs}"
            raise WrongCall(msg, operation=row.id)
        return
    if len(encoded) > MOST_BYTES.get(row.id, len(encoded)):
        msg = (
            f"The body of `{row.id}` has {len(encoded):,} bytes, and Customer.io takes "
            f"{MOST_BYTES[row.id]:,}. Send it in parts. See {row.docs}"
        )
        raise WrongCall(msg, operation=row.id)
    document = _decoded(row, encoded)
    if schema_of(row) is None:
        return
    if errors := list(_validator(row).iter_errors(document)):
        error = most_likely(errors)
        pointer = pointer_to(error)
        where = f"at {pointer}" if pointer else "as a whole"
        msg = f"The body of `{row.id}` does not fit {where}: {description(error)}. See {row.docs}"
        raise WrongCall(msg, operation=row.id, pointer=pointer)


@cache
def _validator(row: Operation) -> Any:
    # Imported only when a body is checked: it takes 0.1 s, and a sync checks none.
    # The library has no types of its own.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    return Draft202012Validator(schema_of(row))


def _decoded(row: Operation, body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        msg = f"The body of `{row.id}` is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        raise WrongCall(msg, operation=row.id) from None
