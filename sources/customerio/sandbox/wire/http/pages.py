"""Pagination: the size of a page, and the tokens of `start` and `next`.

A token is base64; clients must not look inside, and its case matters [live-airbyte]. Lists differ in what it
says, in the end of the list and in a token past the end [live-estuary]:

| list | token says | end | past the end |
|---|---|---|---|
| messages | `v20:` and a row's position | `next` is "" | the first page, with its `next` |
| messages of a person | the same (unverified) | no `next` | the same (unverified) |
| newsletters, senders | a row's position | an empty page, `next` is "" | an empty page, `next` is "" |
| people, members, activities, objects | two numbers | `next` is "" | an empty page, `next` is "" |
| actions | a form of their own | no `next` | 400 |

A position is counted anew with each request: rows that arrive at the top of a list move all others down.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.state.store.errors import BadRequest

# For operations whose documentation gives `limit` no default.
_UNDOCUMENTED_DEFAULT = 50
# A position in a list of people is a row number inside Customer.io, not a count of the rows that were read.
_STRIDE = 12
FIRST_PAGE = base64.b64encode(b"-1:-1").decode()
"""The token that stands for the beginning of a list."""

Row = TypeVar("Row")


def encode_token(first: int, second: int) -> str:
    """The token of a position."""
    return base64.b64encode(f"{first}:{second}".encode()).decode()


def decode_start(query: Mapping[str, str]) -> tuple[int, int] | None:
    """The position in `start`, None for the beginning; BadRequest if it is not a page token."""
    given = query.get("start", "")
    if given in ("", FIRST_PAGE):
        return None
    try:
        first, second = base64.b64decode(given, validate=True).decode().split(":")
        return int(first), int(second)
    except (binascii.Error, ValueError):
        raise malformed() from None


MESSAGES, POSITION, ACTIONS = "v20:", "", "actions:"
"""What a positional token says before the position: of messages, of newsletters and senders, of actions."""


def position_token(form: str, position: int) -> str:
    """The token of a position, in one of the forms `MESSAGES`, `POSITION` and `ACTIONS`."""
    return base64.b64encode(f"{form}{position}".encode()).decode()


def position(form: str, query: Mapping[str, str]) -> int:
    """The position in `start`, 0 for the beginning; BadRequest if it is no token of that form."""
    given = query.get("start", "")
    if given in ("", FIRST_PAGE):
        return 0
    try:
        found = re.fullmatch(form + r"(\d+)", base64.b64decode(given, validate=True).decode())
    except ValueError:
        found = None
    if found is None:
        raise malformed()
    return int(found[1])


def position_page(
    rows: Sequence[Row], query: Mapping[str, str], limit: int, *, ends_full: bool = False
) -> tuple[Sequence[Row], str]:
    """A page of newsletters or senders, and the token of the next one.

    A page with rows has a token, also the last one: an empty page follows. With `ends_full` only a full page
    has one (unverified for a page that is not full) [live-estuary][live-airbyte].
    """
    first = position(POSITION, query)
    page = rows[first : first + limit]
    has_next = len(page) == limit if ends_full else bool(page)
    return page, position_token(POSITION, first + len(page)) if has_next else ""


def offset_page(
    rows: Sequence[Row], query: Mapping[str, str], limit: int, *, overlap: int = 0
) -> tuple[Sequence[Row], str]:
    """The page of `rows` from `start` on, and the token of the next one.

    `overlap` is how many rows of the page before are repeated at the beginning of later pages.
    """
    at = decode_start(query)
    first = max(at[1] - overlap, 0) if at else 0
    end = first + limit
    return rows[first:end], encode_token(0, end) if end < len(rows) else ""


def token_after_person(number: int) -> str:
    """The token of the position after a person; live, it read 0:61 after five members [live-airbyte]."""
    return encode_token(0, number * _STRIDE + 1)


def person_before(query: Mapping[str, str]) -> int:
    """The number of the person before the page's first one; -1 at the beginning."""
    at = decode_start(query)
    return -1 if at is None else at[1] // _STRIDE


def page_size(operation: Operation, query: Mapping[str, str]) -> int:
    """Rows on a page: `limit`, cut to the operation's largest page; too large a limit is no error."""
    asked = integer(query, "limit")
    default = operation.page_default or _UNDOCUMENTED_DEFAULT
    wanted = default if asked is None or asked < 1 else asked
    return min(wanted, operation.page_max) if operation.page_max else wanted


def refuse_large(operation: Operation, query: Mapping[str, str]) -> None:
    """BadRequest if `limit` is above the operation's largest page."""
    asked = integer(query, "limit")
    if asked is not None and operation.page_max is not None and asked > operation.page_max:
        raise malformed()


def malformed() -> BadRequest:
    """The error for a parameter that cannot be read; it does not say which one [live-estuary]."""
    return BadRequest("bad request")


def integer(query: Mapping[str, str], name: str) -> int | None:
    """A whole number from the query, None if it is missing; BadRequest if it is not a number."""
    given = query.get(name, "")
    if not given:
        return None
    try:
        return int(given)
    except ValueError:
        raise malformed() from None
