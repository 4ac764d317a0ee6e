"""Gzip is unpacked whole or not at all, in pieces of a bounded size."""

import gzip
import zlib
from collections.abc import Iterator

import pytest

from sources.customerio.client import MB, Oversized, inflated

TEXT = b"one,two\n" * 50_000


def _in_blocks(packed: bytes, size: int) -> Iterator[bytes]:
    return (packed[begin : begin + size] for begin in range(0, len(packed), size))


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(TEXT, mtime=0),
        gzip.compress(TEXT[:9], mtime=0) + gzip.compress(TEXT[9:], mtime=0),
        gzip.compress(TEXT, mtime=0) + b"\0" * 512,
        zlib.compress(TEXT),
    ],
    ids=["gzip", "two members", "padded with zeros", "zlib"],
)
def test_what_was_packed_comes_out(packed: bytes, size: int) -> None:
    """Every form of gzip that programs write is unpacked, however its bytes arrive."""
    assert TEXT == b"".join(inflated(_in_blocks(packed, size), len(TEXT)))


def test_no_piece_is_large_and_the_whole_is_bounded() -> None:
    """16 MB in one block come in pieces of 1 MB, and no more of them than are allowed."""
    packed = gzip.compress(b" " * 16 * MB, mtime=0)
    assert {MB} == {len(piece) for piece in inflated([packed], 16 * MB) if piece}
    sizes: list[int] = []
    with pytest.raises(Oversized, match="3 MB"):
        sizes.extend(len(piece) for piece in inflated([packed], 3 * MB))
    assert sum(sizes) <= 3 * MB


@pytest.mark.parametrize("cut", [5, 20, -1])
def test_a_cut_stream_is_no_short_one(cut: int) -> None:
    """A stream that ends in its header, its middle or its checksum is an error."""
    with pytest.raises(EOFError):
        list(inflated([gzip.compress(TEXT, mtime=0)[:cut]], MB))


def test_a_damaged_stream_is_an_error() -> None:
    """Bytes that are no gzip, and bytes behind it, are no empty text."""
    with pytest.raises(zlib.error):
        list(inflated([b"id,email\n"], MB))
    with pytest.raises(zlib.error):
        list(inflated([gzip.compress(TEXT, mtime=0), b"id,email\n"], MB))


def test_nothing_unpacks_to_nothing() -> None:
    """A body without a byte is empty, also if its header says gzip."""
    assert [] == list(inflated([], MB))
