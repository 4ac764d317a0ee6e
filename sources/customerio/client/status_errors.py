"""The error for an answer that is not a success, by its status."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sources.customerio.catalogue import Operation
from sources.customerio.client.error_bodies import ErrorBody, read_error_body
from sources.customerio.client.errors import (
    BadAnswer,
    BadRequest,
    CustomerioError,
    Forbidden,
    NotFound,
    NotServed,
    RateLimited,
    Unauthorized,
    Unavailable,
    WrongHost,
)
from sources.customerio.client.hosts import KEY_SETTINGS, Host

KINDS: Mapping[int, type[CustomerioError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: Unavailable,
    429: RateLimited,
    # Not implemented, and HTTP version: no repeat makes these work.
    501: BadRequest,
    505: BadRequest,
}
"""The errors of single statuses; `error_class` has the rule for the others."""

_OTHER_KEY = {"app": "a Track API key", "track": "an App API key"}


def error_class(status: int) -> type[CustomerioError]:
    """The class of the error for a status that is not 2xx."""
    if status in KINDS:
        return KINDS[status]
    by_hundreds = {3: WrongHost, 4: BadRequest, 5: Unavailable}
    return by_hundreds.get(status // 100, BadAnswer)


def error_for(
    row: Operation, host: Host, status: int, headers: Mapping[str, str], body: bytes
) -> CustomerioError:
    """The error for that answer: cause, next step and Customer.io's own message."""
    found = read_error_body(body, host.keys)
    kind = error_class(status)
    if kind is NotFound and row.api == "app" and not found.is_json:
        kind = NotServed
    error = kind(
        " ".join(part for part in (_happened(kind, row, host, status), _quoted(found)) if part),
        operation=row.id,
        status=status,
        pointer=found.pointer,
        reference=found.reference,
        ambiguous=issubclass(kind, Unavailable) and row.effect != "read",
    )
    if isinstance(error, RateLimited | Unavailable):
        error.retry_after_s = retry_after_s(headers)
    return error


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header, which may be a number or a date; None if there is none."""
    value = headers.get("retry-after", "").strip()
    if value.replace(".", "", 1).isdecimal():
        return float(value)
    moment, now = _moment(value), _moment(headers.get("date", "")) or datetime.now(UTC)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _happened(kind: type[CustomerioError], row: Operation, host: Host, status: int) -> str:
    """The cause and the next step, before Customer.io's own message."""
    if kind is Unauthorized:
        other = "eu" if host.region == "us" else "us"
        return (
            f"{host.name} did not accept the key for `{row.id}` (401). Check, in this order: "
            f"{' and '.join(KEY_SETTINGS[host.api])} may hold {_OTHER_KEY[host.api]}, which works on the "
            f"other API only; the workspace may be in the other region (CUSTOMERIO_REGION is {host.region}, "
            f"try {other}); the key may be revoked; its IP allowlist may lack this machine."
        )
    sentences = {
        Forbidden: (
            f"The key may not call `{row.id}` ({row.path}): its scope lacks it (403). Give the key that "
            "scope in Customer.io's account settings under API credentials, or leave this part out."
        ),
        NotFound: f"`{row.id}` found nothing (404): it, or what its path names, is gone or never was.",
        NotServed: (
            f"{host.name} does not serve `{row.id}` ({row.path}): its 404 is no JSON, as for a path that it "
            f"does not have. The workspace's region ({host.region}) or plan may lack this call: leave this "
            "part out, or check CUSTOMERIO_REGION and CUSTOMERIO_APP_URL."
        ),
        RateLimited: f"`{row.id}` met the rate limit of `{row.bucket}` calls (429).",
        Unavailable: f"`{row.id}` failed on the side of {host.name} ({status}).",
        WrongHost: (
            f"`{row.id}` was redirected by {host.name} ({status}), and keys are not carried elsewhere. Check "
            f"CUSTOMERIO_REGION ({host.region}) and CUSTOMERIO_{host.api.upper()}_URL, if set."
        ),
        BadRequest: f"{host.name} refuses `{row.id}` as it is ({status}). See {row.docs}",
    }
    return sentences.get(kind, f"`{row.id}` got a status that means nothing here ({status}).")


def _quoted(found: ErrorBody) -> str:
    where = f" at {found.pointer}" if found.pointer else ""
    reference = f" Its support code is {found.reference}." if found.reference else ""
    return f"Customer.io says{where}: “{found.detail}”.{reference}" if found.detail else ""
