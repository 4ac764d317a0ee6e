"""How answers look on the wire: the errors' envelopes and the headers of Customer.io."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

Headers = dict[str, str]

# As recorded from the live App API; there are no rate-limit headers and no request id [live-sdk].
APP_HEADERS: Headers = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "must-revalidate,no-cache,no-store",
    "pragma": "no-cache",
    "expires": "0",
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "x-xss-protection": "1; mode=block",
    "referrer-policy": "no-referrer-when-downgrade",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "access-control-allow-origin": "https://fly.customer.io",
    "via": "1.1 google",
}
TRACK_HEADERS: Headers = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-cache, no-store, must-revalidate, max-age=0",
    "access-control-allow-origin": "*",
    "status": "200 OK",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "via": "1.1 google",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer before it is bytes. `body` None is an empty body, as of a 204."""

    status: int = 200
    body: Any = None
    headers: Headers = field(default_factory=dict)


def refusal(status: int, detail: str, **headers: str) -> Answer:
    """An App API error: `detail` and `status`, both text, and a reference for the support team [spec26]."""
    reference = blake2b(f"{status} {detail}".encode(), digest_size=3).hexdigest()
    error: dict[str, Any] = {"detail": f"{detail} (reference {reference})", "status": str(status)}
    if status == 401:
        error["code"] = "invalid_credentials"
    return Answer(
        status=status,
        body={"errors": [error]},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def track_refusal(status: int, detail: str, *, version: int = 1) -> Answer:
    """A Track API error: a list of reasons for 400, and a list of objects in version 2 [track26].

    The bodies of other errors are not documented (unverified).
    """
    if version == 2:
        return Answer(status=status, body={"errors": [{"reason": detail, "field": "", "message": detail}]})
    told: dict[str, Any] = {"errors": [detail]} if status == 400 else {"error": detail}
    return Answer(status=status, body={"meta": told})
