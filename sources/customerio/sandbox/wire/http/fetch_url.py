"""What Customer.io fetches itself: rows behind a URL that a caller names."""

import csv
import io
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import orjson

from sources.customerio.sandbox.state.store.collections import MOST_BYTES
from sources.customerio.sandbox.state.store.errors import BadRequest

_TIMEOUT_S = 5.0


def rows(url: str) -> Any:
    """The JSON or the CSV rows behind a URL; BadRequest if they cannot be had.

    What they are says the Content-Type, else the file's ending, else they are JSON [spec25].
    """
    if urlsplit(url).scheme not in ("http", "https"):
        msg = "url must be http or https"
        raise BadRequest(msg)
    try:
        with urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 -- the scheme is checked
            kind, body = answer.headers.get_content_type(), answer.read(2 * MOST_BYTES)
            told = "content-type" in answer.headers
    except (URLError, OSError, ValueError):
        msg = "the url cannot be fetched"
        raise BadRequest(msg) from None
    is_csv = "csv" in kind if told else urlsplit(url).path.endswith(".csv")
    try:
        return list(csv.DictReader(io.StringIO(body.decode()))) if is_csv else orjson.loads(body)
    except (UnicodeDecodeError, csv.Error, orjson.JSONDecodeError):
        msg = "what is behind the url is neither JSON nor CSV"
        raise BadRequest(msg) from None
