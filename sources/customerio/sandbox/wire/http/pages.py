"""Pages: how many rows, where to go on, and the tokens that say so.

A token is base64 of `a:b`, like the live `MDo2MQ==`; what is inside is nobody's business, and its case
matters [live-airbyte]. `next` is "" on the last page.
"""

import base64
import binascii
from collections.abc import Mapping

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.state.store.errors import BadRequest

# Where the documentation gives `limit` no default.
_UNDOCUMENTED_DEFAULT = 50
# A place in a list of people is a row inside Customer.io, not a count of what was read.
_STRIDE = 12
BEGINNING = base64.b64encode(b"-1:-1").decode()


def token(first: int, second: int) -> str:
    """The token for a place."""
    return base64.b64encode(f"{first}:{second}".encode()).decode()


def place(query: Mapping[str, str]) -> tuple[int, int] | None:
    """The place that `start` names, None for the beginning; BadRequest if it is no token of ours."""
    given = query.get("start", "")
    if given in ("", BEGINNING):
        return None
    try:
        first, second = base64.b64decode(given, validate=True).decode().split(":")
        return int(first), int(second)
    except (binascii.Error, ValueError):
        msg = "start is not a page token"
        raise BadRequest(msg) from None


def token_behind(number: int) -> str:
    """The token for the place behind a person; live, it read 0:61 behind five members [live-airbyte]."""
    return token(0, number * _STRIDE + 1)


def number_before(query: Mapping[str, str]) -> int:
    """The number of the person behind whom `start` goes on; -1 at the beginning."""
    at = place(query)
    return -1 if at is None else at[1] // _STRIDE


def size(operation: Operation, query: Mapping[str, str]) -> int:
    """Rows on a page: as asked for, but no more than the most that the call gives; too much is no error."""
    asked = integer(query, "limit")
    default = operation.page_default or _UNDOCUMENTED_DEFAULT
    wanted = default if asked is None or asked < 1 else asked
    return min(wanted, operation.page_max) if operation.page_max else wanted


def integer(query: Mapping[str, str], name: str) -> int | None:
    """A whole number from the query, None if it is not there; BadRequest if it is something else."""
    given = query.get(name, "")
    if not given:
        return None
    try:
        return int(given)
    except ValueError:
        msg = f"{name} must be an integer"
        raise BadRequest(msg) from None
