"""Downloads through a signed link: no key goes along, no link is ever shown, no half file is ever in place.

What has arrived waits in a part file, beside it the content's ETag. Whoever asks for the same target again,
after a cut connection, with a fresh link or in a new process, goes on behind the part's last byte:

    part + ETag -> Range, If-Range -> 206 append | 200 begin anew | 416 there is no more -> target

A store that gives no strong ETag, or compresses on the way, cannot go on: its parts are not kept.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import httpx

from sources.customerio.client.errors import BadAnswer, CustomerioError, LinkExpired, Unavailable, WrongHost
from sources.customerio.client.hosts import is_safe
from sources.customerio.client.log_filter import quiet
from sources.customerio.client.transport_errors import EXCEPTIONS, failure_of

HOPS = 5
"""Redirects from the link to the store's last address, first request included."""
_NOTHING_MORE = 416
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")


@dataclass(frozen=True)
class _Part:
    """What has arrived of a target, and which content it is of."""

    bytes_: Path
    tag: Path

    @property
    def size(self) -> int:
        return self.bytes_.stat().st_size if self.bytes_.exists() else 0

    @property
    def etag(self) -> str:
        """The content's ETag; nothing where there is no part to go on with."""
        return self.tag.read_text() if self.size and self.tag.exists() else ""

    def begin(self, etag: str) -> None:
        """Forget what there is: other bytes follow, whose ETag that is."""
        self.drop()
        if etag:
            self.tag.write_text(etag)

    def drop(self) -> None:
        """Remove both files; the bytes go first, so that no tag ever stands for others."""
        self.bytes_.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)

    def finish(self, target: Path) -> int:
        """Put the whole file in place; its bytes."""
        size = self.size
        self.bytes_.replace(target)
        self.tag.unlink(missing_ok=True)
        return size


def download(http: httpx.Client, link: str, target: Path) -> int:
    """Fetch what the link leads to into that file, going on where an earlier try ended; return its bytes.

    Raises:
        LinkExpired: The store refuses the link; what has arrived waits for a fresh one.
        Unavailable: The store failed or the connection broke; what has arrived waits for the next try.
        BadAnswer: The link leads to a place that is not https.
    """
    part = _Part(target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.etag"))
    try:
        with quiet():
            _fetch(http, link, part)
        return part.finish(target)
    except EXCEPTIONS as error:
        # Not chained: the exception carries the request, and with it the link.
        raise _broken(error) from None
    finally:
        if not part.etag:
            part.drop()


def _fetch(http: httpx.Client, link: str, part: _Part) -> None:
    url = httpx.URL(link)
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if etag := part.etag:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": etag}
    for _ in range(HOPS):
        if not is_safe(url.scheme, url.host):
            msg = f"The download link leads to {url.host or 'no host'} without https; it was not followed."
            raise BadAnswer(msg)
        with http.stream("GET", url, headers=headers) as response:
            if response.is_success or (etag and response.status_code == _NOTHING_MORE):
                _take(response, part)
                return
            if not response.has_redirect_location:
                raise _refused(response)
            url = url.join(response.headers["location"])
    msg = f"The download link was redirected more than {HOPS} times."
    raise BadAnswer(msg)


def _take(response: httpx.Response, part: _Part) -> None:
    """Add the answer's bytes to the part, or begin a new one with them."""
    whole = None
    if response.is_success and response.status_code != httpx.codes.PARTIAL_CONTENT:
        part.begin(_etag(response))
    else:
        start, whole = _range(response)
        if response.headers.get("etag", part.etag) != part.etag or start != part.size:
            part.drop()
            msg = "The store answered with another part of the file than was asked for; it is fetched anew."
            raise Unavailable(msg)
    if response.status_code != _NOTHING_MORE:
        # Unbuffered: what has arrived is in the file, however this process ends.
        with part.bytes_.open("ab", buffering=0) as file:
            for block in response.iter_bytes():
                file.write(block)
    _check_length(response, part, whole)


def _check_length(response: httpx.Response, part: _Part, whole: int | None) -> None:
    promised = response.headers.get("content-length", "")
    arrived = part.size
    if whole is None and promised.isdecimal():
        # The promise is about the bytes on the wire, which differ from ours if they came compressed.
        whole = int(promised)
        arrived = response.num_bytes_downloaded if "content-encoding" in response.headers else part.size
    if whole is not None and arrived != whole:
        msg = f"The download ended after {arrived:,} of {whole:,} bytes."
        raise Unavailable(msg)


def _range(response: httpx.Response) -> tuple[int, int]:
    """The first byte that an answer holds and the bytes of the whole; of no more bytes, the whole twice."""
    found = _RANGE.fullmatch(response.headers.get("content-range", ""))
    if found is None:
        return -1, 0
    whole = int(found[2])
    return (whole if found[1] is None else int(found[1])), whole


def _etag(response: httpx.Response) -> str:
    """The ETag with which this download can go on; none where ranges would be of other bytes than ours."""
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
    msg = f"The download {failure.says} ({type(error).__name__})."
    return (BadAnswer if failure.kind is WrongHost else failure.kind)(msg)
