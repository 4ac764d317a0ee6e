"""Unpacks gzip piece by piece, so that no piece and not the whole is larger than it may be.

2 MB of gzip may hold 2 GB. A decompressor that is handed 64 KB returns up to 64 MB at once, and one for each
encoding of several would multiply that; this one returns pieces of a bounded size and counts them.
"""

import zlib
from collections.abc import Iterable, Iterator

from sources.customerio.client.bounds import MB, check_size

_PIECE = 1 * MB
# gzip and zlib, told apart by their first bytes.
_EITHER = zlib.MAX_WBITS | 32


def inflated(blocks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The unpacked bytes of a stream of gzip, of several one after the other, or of zlib.

    Raises:
        Oversized: It holds more than `most` bytes.
        EOFError: It ends in the middle.
        zlib.error: It is damaged, or no gzip.
    """
    stream = zlib.decompressobj(_EITHER)
    begun = False
    size = 0
    for block in blocks:
        rest = block
        while rest:
            if stream.eof:
                # Some programs fill the last block of a file with zeros.
                rest = rest.lstrip(b"\0")
                stream = zlib.decompressobj(_EITHER) if rest else stream
                continue
            begun = True
            piece = stream.decompress(rest, _PIECE)
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
            size += len(piece)
            check_size(size, most)
            yield piece
    while begun and not stream.eof:
        piece = stream.decompress(stream.unconsumed_tail, _PIECE)
        size += len(piece)
        check_size(size, most)
        if not piece and not stream.eof:
            msg = "the stream ends in the middle"
            raise EOFError(msg)
        yield piece
