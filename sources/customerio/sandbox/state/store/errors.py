"""Refusals of the workspace, by the status that the API answers with.

Refused
├── NotFound     404: the record or its parent does not exist
├── BadRequest   400: the request is malformed
├── Conflict     409: the record is in use
├── Invalid      422: one part of the body is refused
├── Forbidden    403: the request is not allowed
├── TooLarge     413: the body or an attachment is over its limit
├── Busy         429: too many at once, try again later
└── NotReady     the export exists, and its file does not yet
"""


class Refused(Exception):
    """The workspace refuses a request; `detail` is the message of the API's answer.

    A `verbatim` detail is shown as it is; the App API adds a reference to any other, and replaces the detail
    of any other 404 [live-estuary].
    """

    def __init__(self, detail: str, *, verbatim: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.verbatim = verbatim


class NotFound(Refused):
    """The record, or its parent, does not exist."""


class BadRequest(Refused):
    """A malformed id, body or parameter."""


class Conflict(Refused):
    """The record is in use, so that it cannot be deleted."""


class Invalid(Refused):
    """One part of a body is refused; `pointer` is the JSON pointer to it."""

    def __init__(self, detail: str, pointer: str) -> None:
        super().__init__(detail)
        self.pointer = pointer


class Forbidden(Refused):
    """A request that is not allowed, such as an attachment of a forbidden type."""


class TooLarge(Refused):
    """A body or an attachment over its limit."""


class Busy(Refused):
    """Too many at once; `retry_s` is after how many seconds there is room."""

    def __init__(self, detail: str, retry_s: int) -> None:
        super().__init__(detail)
        self.retry_s = retry_s


class NotReady(Refused):
    """The export is pending or has failed: it has no file."""
