"""An export's file with privacy rules applied while it is downloaded: no other bytes reach the disk."""

import csv
import io
from collections.abc import Callable, Iterator
from itertools import chain

from sources.customerio.catalogue import Resource
from sources.customerio.client import MB, UNPACKED, inflated
from sources.customerio.extract.csv_rows import GZIP_MAGIC, csv_rows, joined
from sources.customerio.extract.privacy import Privacy

Change = Callable[[Iterator[bytes]], Iterator[bytes]]
"""A change of the bytes of a file while it is downloaded."""
_ROWS_AT_ONCE = 1_000


def through(privacy: Privacy, resource: Resource) -> Change | None:
    """The change of the bytes of an export whose rows are those of `resource`; None without rules.

    Its result is CSV, unpacked, with one line a row. It raises what `csv_rows` and `inflated` raise.
    """
    if not privacy:
        return None
    return lambda blocks: _private(privacy, resource, blocks)


def _private(privacy: Privacy, resource: Resource, blocks: Iterator[bytes]) -> Iterator[bytes]:
    # Bytes that are no UTF-8 stay as they are, for the reader of the file to tell.
    text = io.TextIOWrapper(
        io.BufferedReader(joined(_unpacked(blocks)), MB),
        encoding="utf-8-sig",
        errors="surrogateescape",
        newline="",
    )
    rows = csv_rows(text)
    header = next(rows, None)
    if header is None:
        return
    cells = privacy.cells(resource, header)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for number, row in enumerate(chain([header], map(cells, rows)), start=1):
        writer.writerow(row)
        if number % _ROWS_AT_ONCE == 0:
            yield _taken(out)
    yield _taken(out)


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8", "surrogateescape")


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    begin = b""
    for block in blocks:
        begin += block
        if len(begin) >= len(GZIP_MAGIC):
            break
    whole = chain([begin], blocks)
    return inflated(whole, UNPACKED) if begin.startswith(GZIP_MAGIC) else whole
