"""Downloads a file from the URL in a request body, as Customer.io itself does."""

from dataclasses import dataclass
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from sources.customerio.sandbox.state.store.errors import BadRequest

_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A downloaded file; `content_type` is None where the server sent no such header."""

    body: bytes
    content_type: str | None


def fetch_url(url: str, *, field: str, max_bytes: int | None = None) -> Fetched:
    """The file behind a URL, at most its first `max_bytes` bytes.

    Raises:
        BadRequest: the URL is not http(s), or the download failed; names `field`, the URL's key in the body.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        msg = f"{field} must be http or https"
        raise BadRequest(msg)
    try:
        with urlopen(url, timeout=_TIMEOUT_S) as response:  # noqa: S310 -- the scheme is checked
            given = "content-type" in response.headers
            return Fetched(
                body=response.read(max_bytes),
                content_type=response.headers.get_content_type() if given else None,
            )
    except (URLError, OSError, ValueError):
        msg = f"{field} cannot be fetched"
        raise BadRequest(msg) from None
