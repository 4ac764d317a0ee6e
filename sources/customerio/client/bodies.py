"""Whether a request's body is what Customer.io's documents describe.

The schemas lie in `sources/customerio/schemas`, one file for each operation that has one. What is checked is
the JSON that would be sent, whatever it was made from.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from sources.customerio.catalogue import Operation
from sources.customerio.client.errors import WrongCall
from sources.customerio.client.schema_errors import likeliest, place, told

FOLDER = Path(__file__).parents[1] / "schemas"
MOST_BYTES: Mapping[str, int] = {"batch": 500 * 1024, "entity": 32 * 1024}
"""What the Track API takes at most: https://docs.customer.io/integrations/api/track/#operation/batch"""


@cache
def schema_of(row: Operation) -> dict[str, Any] | None:
    """The JSON Schema of what the operation takes; None if nobody wrote one down."""
    file = FOLDER / f"{row.id}.json"
    if row.body == "none" or not file.exists():
        return None
    schema: dict[str, Any] = orjson.loads(file.read_bytes())
    return schema


def needs_body(row: Operation) -> bool:
    """Whether the operation cannot be called without a body: then not even an empty object would do."""
    return schema_of(row) is not None and not _validator(row).is_valid({})


def check_body(row: Operation, encoded: bytes | None) -> None:
    """Let the body pass if it fits the operation's schema, or if there is none.

    Raises:
        WrongCall: It is missing, too large or no JSON, or does not fit; then `pointer` is the place in it.
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
    if faults := list(_validator(row).iter_errors(document)):
        fault = likeliest(faults)
        pointer = place(fault)
        where = f"at {pointer}" if pointer else "as a whole"
        msg = f"The body of `{row.id}` does not fit {where}: {told(fault)}. See {row.docs}"
        raise WrongCall(msg, operation=row.id, pointer=pointer)


@cache
def _validator(row: Operation) -> Any:
    # Imported by whoever checks a body: it takes 0.1 s, which a sync need not wait for.
    # The library has no types of its own.
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    return Draft202012Validator(schema_of(row))


def _decoded(row: Operation, body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        msg = f"The body of `{row.id}` is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        raise WrongCall(msg, operation=row.id) from None
