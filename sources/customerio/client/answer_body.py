"""The body of an answer: received, unpacked and repaired in bounded memory."""

import io
import zlib
from collections.abc import Iterator
from typing import cast

import httpx

from sources.customerio.client.bounds import Allowance, Bounds, Oversized, check_size
from sources.customerio.client.inflate import inflated
from sources.customerio.client.json_text import repaired
from sources.customerio.client.large_answers import LARGE_BYTES, LARGE_VALUES, LargeAnswers, values_of

ENCODING = "gzip"
"""The encoding that the client asks for; no other is unpacked."""
_GZIP = ("gzip", "x-gzip", "deflate")


def body_of(
    response: httpx.Response, bounds: Bounds, allowance: Allowance, large: LargeAnswers
) -> tuple[bytes, int]:
    """The body, unpacked, and the number of its characters that were none and became U+FFFD.

    Raises:
        Oversized: It is larger than `bounds` allow, or has more values.
        httpx.DecodingError: It is damaged, or in an encoding that was not asked for.
    """
    buffer = io.BytesIO()
    for block in unpacked(response, bounds.answer_bytes):
        buffer.write(block)
        if buffer.tell() > LARGE_BYTES:
            large.enter(allowance)
    body, replaced = repaired(buffer.getvalue())
    values = values_of(body)
    if values > bounds.answer_values:
        msg = f"{bounds.answer_values:,} values"
        raise Oversized(msg)
    if values > LARGE_VALUES:
        large.enter(allowance)
    return body, replaced


def unpacked(response: httpx.Response, most: int) -> Iterator[bytes]:
    """The blocks of a body, without their Content-Encoding.

    Raises:
        Oversized: It has more than `most` bytes.
        httpx.DecodingError: It is damaged, or in an encoding that was not asked for.
    """
    blocks = cast(httpx.SyncByteStream, response.stream)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        size = 0
        for block in blocks:
            size += len(block)
            check_size(size, most)
            yield block
        return
    if encoding not in _GZIP:
        msg = "it came in an encoding that was not asked for"
        raise httpx.DecodingError(msg)
    try:
        yield from inflated(blocks, most)
    except (zlib.error, EOFError) as error:
        raise httpx.DecodingError(str(error)) from None
