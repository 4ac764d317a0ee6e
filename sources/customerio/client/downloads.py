"""Downloads a signed link into a file: without API key, without showing the link, in place only when whole.

The bytes received are in a part file, with the content's ETag in a file beside it. The next download of the
same target resumes after the last byte, also with a fresh link or in another process:

    part + ETag -> Range, If-Range -> 206 append | 200 restart | 416 complete -> target

A download without a strong ETag, or compressed in transit, cannot be resumed: its part is not kept. The same
holds for one whose bytes are changed on the way to the file.
"""

import csv
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from sources.customerio.client.answer_body import unpacked
from sources.customerio.client.bounds import Bounds, Oversized, allowed
from sources.customerio.client.errors import BadAnswer, CustomerioError, LinkExpired, Unavailable, WrongHost
from sources.customerio.client.hosts import is_safe
from sources.customerio.client.log_filter import hide_request_logs
from sources.customerio.client.transport_errors import FAILED, cause_of, failure_of

Through = Callable[[Iterator[bytes]], Iterator[bytes]]
"""Changes the bytes of a file on their way to it: no other bytes are written."""

HOPS = 5
"""Redirects from the link to the store's last address, first request included."""
_NOTHING_MORE = 416
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")


@dataclass(frozen=True)
class _Part:
    """The part file of a target, and the file with its ETag."""

    bytes_: Path
    tag: Path

    @property
    def size(self) -> int:
        """The bytes of the part; 0 without one."""
        return self.bytes_.stat().st_size if self.bytes_.exists() else 0

    @property
    def etag(self) -> str:
        """The content's ETag; empty without a part that can be resumed."""
        return self.tag.read_text() if self.size and self.tag.exists() else ""

    def begin(self, etag: str) -> None:
        """Start a new part, of the content with that ETag."""
        self.drop()
        if etag:
            self.tag.write_text(etag)

    def drop(self) -> None:
        """Remove both files; the part first, so that no ETag is left beside other bytes."""
        self.bytes_.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)

    def finish(self, target: Path) -> int:
        """Move the whole file to the target; returns its bytes."""
        size = self.size
        self.bytes_.replace(target)
        self.tag.unlink(missing_ok=True)
        return size


def download(
    http: httpx.Client, link: str, target: Path, bounds: Bounds, through: Through | None = None
) -> int:
    """Download the link into that file, resuming an earlier try; returns the bytes of the file.

    With `through`, what it makes of the bytes is written, and each try begins anew.

    Raises:
        LinkExpired: The store refuses the link; the part is kept for a fresh link.
        Unavailable: The store failed or the connection broke; the part is kept for the next try.
        BadAnswer: The link leads to a place that is not https, or `through` cannot read the bytes.
        TooLarge: The file is larger than `bounds` allow.
    """
    part = _Part(target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.etag"))
    if through is not None:
        part.drop()
    try:
        with hide_request_logs(), allowed(bounds.download_s, 2 * bounds.download_bytes):
            _fetch(http, link, part, bounds.download_bytes, through)
        return part.finish(target)
    except Oversized as error:
        part.drop()
        raise _broken(error) from None
    except (csv.Error, zlib.error, EOFError) as error:
        part.drop()
        msg = f"The downloaded file cannot be read ({type(error).__name__}), so nothing of it was kept."
        raise BadAnswer(msg) from None
    except FAILED as error:
        # Not chained: the exception carries the request, and with it the link.
        raise _broken(error) from None
    finally:
        if not part.etag:
            part.drop()


def _fetch(http: httpx.Client, link: str, part: _Part, most: int, through: Through | None) -> None:
    url = httpx.URL(link)
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if etag := part.etag:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": etag}
    scheme = url.scheme
    for _ in range(HOPS):
        # A link that began with https stays so: none leads from the store to a server of this machine.
        if not is_safe(url.scheme, url.host) or (scheme == "https" and url.scheme != scheme):
            msg = f"The download link leads to {url.host or 'no host'} without https; it was not followed."
            raise BadAnswer(msg)
        if not url.host or "%" in url.host:
            msg = "The download link has no host that can be looked up; it was not followed."
            raise BadAnswer(msg)
        with http.stream("GET", url, headers=headers) as response:
            if response.is_success or (etag and response.status_code == _NOTHING_MORE):
                _take(response, part, most, through)
                return
            if not response.has_redirect_location:
                raise _refused(response)
            url = url.join(response.headers["location"])
    msg = f"The download link was redirected more than {HOPS} times."
    raise BadAnswer(msg)


def _take(response: httpx.Response, part: _Part, most: int, through: Through | None) -> None:
    """Append the answer's bytes to the part, or start a new part with them."""
    whole = None
    if response.is_success and response.status_code != httpx.codes.PARTIAL_CONTENT:
        part.begin(_etag(response) if through is None else "")
    else:
        start, whole = _range(response)
        if response.headers.get("etag", part.etag) != part.etag or start != part.size:
            part.drop()
            msg = "The store answered with another part of the file than was asked for; it is fetched anew."
            raise Unavailable(msg)
    if response.status_code != _NOTHING_MORE:
        # Unbuffered: the bytes received are in the file even if this process is killed.
        with part.bytes_.open("ab", buffering=0) as file:
            blocks = _Counted(unpacked(response, most - part.size), part.size)
            for block in blocks if through is None else through(blocks):
                file.write(block)
            size = blocks.size
    else:
        size = part.size
    _check_length(response, size, whole)


class _Counted(Iterator[bytes]):
    """Blocks, and the bytes of those that were taken, after `size` bytes that were there before."""

    def __init__(self, blocks: Iterator[bytes], size: int) -> None:
        self._blocks, self.size = blocks, size

    def __next__(self) -> bytes:
        block = next(self._blocks)
        self.size += len(block)
        return block


def _check_length(response: httpx.Response, size: int, whole: int | None) -> None:
    promised = response.headers.get("content-length", "")
    # It is about the bytes on the wire; if they came compressed, gzip itself says that all are there.
    if whole is None and promised.isdecimal() and "content-encoding" not in response.headers:
        whole = int(promised)
    if whole is not None and size != whole:
        msg = f"The download ended after {size:,} of {whole:,} bytes."
        raise Unavailable(msg)


def _range(response: httpx.Response) -> tuple[int, int]:
    """The first byte of the answer and the size of the whole; for 416 the size twice."""
    found = _RANGE.fullmatch(response.headers.get("content-range", ""))
    if found is None:
        return -1, 0
    whole = int(found[2])
    return (whole if found[1] is None else int(found[1])), whole


def _etag(response: httpx.Response) -> str:
    """The ETag with which this download can be resumed; empty if ranges would not be of the same bytes."""
    etag: str = response.headers.get("etag", "")
    return "" if etag.startswith("W/") or "content-encoding" in response.headers else etag


def _refused(response: httpx.Response) -> CustomerioError:
    status = response.status_code
    if status in (408, 429) or status >= 500:
        msg = f"The store of the download failed ({status})."
        return Unavailable(msg, status=status)
    msg = f"The store refuses the download link ({status}): links last 15 minutes. Ask for a fresh one."
    return LinkExpired(msg, status=status)


def _broken(error: Exception) -> CustomerioError:
    failure = failure_of(error)
    msg = f"The download {failure.says} ({cause_of(error)})."
    return (BadAnswer if failure.kind is WrongHost else failure.kind)(msg)
