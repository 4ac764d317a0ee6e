"""The errors of the client, grouped by what to do next.

    CustomerioError
    ├── Unauthorized        (a ConfigError) stop: 401, the key is not accepted
    ├── Forbidden           (a ConfigError) stop: 403, the key's scope lacks this call
    ├── WrongHost           (a ConfigError) stop: a redirect to another host, or an invalid URL
    ├── WrongClock          (a ConfigError) stop: the server's time is far from this machine's
    ├── RetryLater          retry later: the client has already retried for `retry_for_s`
    │   ├── Unavailable     408, 5xx, timeouts, broken connections
    │   │   └── Unreachable no connection at all: DNS, refused, TLS
    │   └── RateLimited     429, or the client's own rate limit has no slot in time
    ├── NotFound            skip: 404, the record or its parent does not exist
    ├── NotServed           leave the call out: 404 without JSON, this host has no such operation
    ├── BadRequest          correct the request: any other 4xx, with the place in it where known
    ├── LinkExpired         ask for a fresh download link
    ├── BadAnswer           report: the answer is not what this call returns
    │   ├── EndlessPages    a page led back to a page that was already read, or the list has no end
    │   └── TooLarge        an answer or a file is far larger than any real one
    └── WrongCall           correct the calling code (also a TypeError): unknown or missing parameters

A message holds no key, no signed link and no personal data. Facts are attributes.
"""

from typing import Any

from sources.errors import ConfigError, EltError


class CustomerioError(EltError):
    """Base of everything that the client raises.

    Attributes:
        operation: Id of the operation, where there was one.
        pointer: JSON pointer or field name of the offending part of the request.
        reference: Customer.io's support code for this error.
        attempts: The number of tries.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        status: int | None = None,
        pointer: str | None = None,
        reference: str | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.status = status
        self.pointer = pointer
        self.reference = reference
        self.ambiguous = ambiguous
        self.attempts = 1


class Unauthorized(CustomerioError, ConfigError):
    """401: Customer.io does not accept the key."""


class Forbidden(CustomerioError, ConfigError):
    """403: the key is good, its scope lacks this call."""


class WrongHost(CustomerioError, ConfigError):
    """The URL in the settings is invalid, or its host redirects to another one."""


class WrongClock(CustomerioError, ConfigError):
    """The `Date` of an answer is far from this machine's time, or from the time that a sandbox tells."""


class RetryLater(CustomerioError):
    """The same call may work later.

    Attributes:
        retry_after_s: Seconds to wait, by the server or the client's own rate limit; None if unknown.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after_s = retry_after_s


class Unavailable(RetryLater):
    """The server failed, or the connection broke or timed out."""


class Unreachable(Unavailable):
    """There was no connection: the name does not resolve, the port is closed, TLS failed."""


class RateLimited(RetryLater):
    """429, or the client's own rate limit has no slot in time."""


class NotFound(CustomerioError):
    """404: the record, or its parent in the path, does not exist (any more)."""


class NotServed(CustomerioError):
    """404 without Customer.io's JSON: the host has no such operation, in this region or on this plan.

    It says nothing about the record in the path, so that nothing may be concluded to be deleted.
    """


NOT_FOR_THIS_KEY = (Forbidden, NotServed)
"""Errors of a call that the key's scope, the region or the plan lacks: another key may have it."""


class BadRequest(CustomerioError):
    """Customer.io refuses the request as it is: 400, 409, 413, 422 and the like."""


class LinkExpired(CustomerioError):
    """The store refuses the download link; a fresh link works."""


class BadAnswer(CustomerioError):
    """The answer is not what this operation returns."""


class EndlessPages(BadAnswer):
    """A page led back to a page that was already read, or the list goes on beyond every real one."""


class TooLarge(BadAnswer):
    """An answer or a file is far larger than any real one; it was not read to its end."""


class WrongCall(CustomerioError, TypeError):
    """The calling code gave parameters that the operation does not have, or left some out."""
