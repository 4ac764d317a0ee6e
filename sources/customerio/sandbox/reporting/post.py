"""One request of a reporting webhook: signed, with a timeout, and to allowed hosts alone."""

import base64
import hmac
from collections.abc import Collection
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from sources.customerio.sandbox.reporting.backlog import TIMEOUT

TIMEOUT_S = 4.0
"""How long Customer.io waits for an answer [wh26]."""


def allowed(endpoint: str, hosts: Collection[str]) -> bool:
    """True if the endpoint's host is this machine, or one of `hosts`."""
    host = urlsplit(endpoint).hostname or ""
    if host == "localhost" or host in hosts:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def signature(key: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 of `v0:TIMESTAMP:BODY` as bare lower-case hex [sdk node]."""
    return hmac.new(key.encode(), b"v0:%d:%b" % (timestamp, body), sha256).hexdigest()


def post(endpoint: str, body: bytes, *, key: str, timestamp: int, timeout_s: float = TIMEOUT_S) -> int:
    """Post one event; returns the status, 0 if the connection failed, `TIMEOUT` if no answer came in time."""
    url = urlsplit(endpoint)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Customer.io sandbox",
        "X-CIO-Timestamp": str(timestamp),
        "X-CIO-Signature": signature(key, timestamp, body),
        **_credentials(url),
    }
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connection = kind(url.hostname or "", url.port, timeout=timeout_s)
        try:
            connection.request("POST", target, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()
    except TimeoutError:
        return TIMEOUT
    except (OSError, HTTPException, ValueError):
        return 0


def _credentials(url: SplitResult) -> dict[str, str]:
    if url.username is None:
        return {}
    pair = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
