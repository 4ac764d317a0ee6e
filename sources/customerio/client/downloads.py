"""Downloads through a signed link: no key goes along, no link is ever shown, no half file is left behind."""

from pathlib import Path

import httpx

from sources.customerio.client.errors import BadAnswer, ConfigError, CustomerioError, LinkExpired, Unavailable
from sources.customerio.client.failures import EXCEPTIONS, failure_of
from sources.customerio.client.hosts import is_safe
from sources.customerio.client.quiet import quiet

HOPS = 5


def download(http: httpx.Client, link: str, target: Path) -> int:
    """Fetch what the link leads to into that file; return the bytes written.

    Raises:
        LinkExpired: The store refuses the link.
        Unavailable: The store failed or the connection broke; the file is untouched.
        BadAnswer: The link leads to a place that is not https.
    """
    part = target.with_name(target.name + ".part")
    try:
        with quiet():
            written = _fetch(http, link, part)
        part.replace(target)
    except EXCEPTIONS as error:
        # Not chained: the exception carries the request, and with it the link.
        raise _broken(error) from None
    finally:
        part.unlink(missing_ok=True)
    return written


def _fetch(http: httpx.Client, link: str, part: Path) -> int:
    url = httpx.URL(link)
    for _ in range(HOPS):
        if not is_safe(url.scheme, url.host):
            msg = f"The download link leads to {url.host or 'no host'} without https; it was not followed."
            raise BadAnswer(msg)
        with http.stream("GET", url, headers={"Accept": "*/*"}) as response:
            if response.is_success:
                return _write(response, part)
            if not response.has_redirect_location:
                raise _refused(response)
            url = url.join(response.headers["location"])
    msg = f"The download link was redirected more than {HOPS} times."
    raise BadAnswer(msg)


def _write(response: httpx.Response, part: Path) -> int:
    written = 0
    with part.open("wb") as file:
        for chunk in response.iter_bytes():
            written += file.write(chunk)
    promised = response.headers.get("content-length", "")
    # The promise is about the bytes on the wire, which differ from ours if they came compressed.
    arrived = response.num_bytes_downloaded if "content-encoding" in response.headers else written
    if promised.isdecimal() and arrived != int(promised):
        msg = f"The download ended after {arrived:,} of {int(promised):,} bytes."
        raise Unavailable(msg)
    return written


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
    return (BadAnswer if failure.kind is ConfigError else failure.kind)(msg)
