"""The error for a request without an answer: every exception of httpx in one table.

`sent` is True if Customer.io may have received the request; then a call that sends or destroys something is
not repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import httpx

from sources.customerio.catalogue import Operation
from sources.customerio.client.bounds import OutOfBounds, Overdue, Oversized
from sources.customerio.client.error_bodies import redacted
from sources.customerio.client.errors import (
    BadAnswer,
    CustomerioError,
    TooLarge,
    Unavailable,
    Unreachable,
    WrongHost,
)
from sources.customerio.client.hosts import URL_SETTINGS, Host


@dataclass(frozen=True)
class Failure:
    """The meaning of an exception of httpx.

    Attributes:
        kind: The error that is raised.
        sent: True if the request may have arrived.
        says: The cause, as the end of a sentence that begins with the operation.
    """

    kind: type[CustomerioError]
    sent: bool
    says: str


FAILURES: Mapping[type[Exception], Failure] = MappingProxyType(
    {
        # No connection: nothing was sent.
        httpx.ConnectError: Failure(Unreachable, False, "found no connection"),
        httpx.ConnectTimeout: Failure(Unreachable, False, "waited too long for a connection"),
        httpx.ProxyError: Failure(Unreachable, False, "was refused by the proxy"),
        httpx.PoolTimeout: Failure(Unavailable, False, "waited too long for one of our own connections"),
        # A connection that broke: the request may have arrived.
        httpx.ReadTimeout: Failure(Unavailable, True, "got no answer in time"),
        httpx.WriteTimeout: Failure(Unavailable, True, "could not be sent in time"),
        httpx.ReadError: Failure(Unavailable, True, "lost the connection while waiting for the answer"),
        httpx.WriteError: Failure(Unavailable, True, "lost the connection while it was sent"),
        httpx.CloseError: Failure(Unavailable, True, "could not close the connection"),
        httpx.RemoteProtocolError: Failure(
            Unavailable, True, "lost the connection in the middle of the answer"
        ),
        httpx.DecodingError: Failure(Unavailable, True, "got an answer that cannot be decompressed"),
        # Caused by a setting, or by an answer that no setting explains.
        httpx.UnsupportedProtocol: Failure(WrongHost, False, "has a URL that is neither http nor https"),
        httpx.InvalidURL: Failure(WrongHost, False, "has a URL that cannot be read"),
        httpx.LocalProtocolError: Failure(WrongHost, False, "cannot be put into a valid HTTP request"),
        httpx.TooManyRedirects: Failure(BadAnswer, True, "was redirected without end"),
        httpx.HTTPStatusError: Failure(BadAnswer, True, "got an unexpected status"),
        httpx.CookieConflict: Failure(BadAnswer, True, "got two cookies of one name"),
        httpx.StreamConsumed: Failure(BadAnswer, True, "had its answer read twice"),
        httpx.StreamClosed: Failure(BadAnswer, True, "had its answer closed before it was read"),
        httpx.ResponseNotRead: Failure(BadAnswer, True, "had its answer used before it was read"),
        httpx.RequestNotRead: Failure(BadAnswer, False, "had its body used before it was read"),
    }
)
"""Every exception that httpx can raise."""
EXCEPTIONS = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
"""The roots of what httpx raises."""
FAILED = (*EXCEPTIONS, OutOfBounds)
"""What an exchange without an answer raises."""

_BOUNDS: Mapping[type[Exception], Failure] = MappingProxyType(
    {
        Overdue: Failure(Unavailable, True, "took longer than any answer may"),
        Oversized: Failure(TooLarge, True, "got an answer that is larger than any may be"),
    }
)

_UNKNOWN = Failure(Unavailable, True, "failed in the connection")


def failure_of(error: Exception) -> Failure:
    """The row of an exception's class, or of the nearest class above it."""
    known = {**FAILURES, **_BOUNDS}
    return next((known[kind] for kind in type(error).__mro__ if kind in known), _UNKNOWN)


def cause_of(error: Exception) -> str:
    """The bound that an exchange met, or the name of the exception."""
    return f"the bound is {error}" if isinstance(error, OutOfBounds) else type(error).__name__


def failed_exchange(error: Exception, row: Operation, host: Host) -> CustomerioError:
    """The error for a request to that host that got no answer."""
    failure = failure_of(error)
    msg = f"`{row.id}` {failure.says} ({cause_of(error)}) at {host.name}."
    if failure.kind is Unreachable:
        msg += (
            f" The system says: {redacted(str(error)) or 'nothing'}. Check the network, and that "
            f"CUSTOMERIO_REGION ({host.region}) and {URL_SETTINGS[host.api]}, if set, name the right host."
        )
    ambiguous = failure.sent and row.effect != "read"
    return failure.kind(msg, operation=row.id, ambiguous=ambiguous)
