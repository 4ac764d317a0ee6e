"""Why the workspace refuses, grouped by what the API answers.

Refused
├── NotFound     404: the thing, or its parent, is not there (any more)
├── BadRequest   400: the question itself is wrong
├── Invalid      422: the question is understood, but one part of it is refused
├── Forbidden    403: it may not be done at all
├── TooLarge     413: more than is taken
├── Busy         429: not now, but later
└── NotReady     the thing is there but cannot be had yet
"""


class Refused(Exception):
    """The workspace says no; `detail` is what the API tells the caller."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(Refused):
    """No such thing."""


class BadRequest(Refused):
    """A malformed id, body or parameter."""


class Invalid(Refused):
    """A part of a body that is refused; `pointer` is the JSON pointer to it."""

    def __init__(self, detail: str, pointer: str) -> None:
        super().__init__(detail)
        self.pointer = pointer


class Forbidden(Refused):
    """Something that is not allowed, however it is asked for."""


class TooLarge(Refused):
    """A body or an attachment over its limit."""


class Busy(Refused):
    """Too much at once; `retry_s` is in how many seconds there is room."""

    def __init__(self, detail: str, retry_s: int) -> None:
        super().__init__(detail)
        self.retry_s = retry_s


class NotReady(Refused):
    """An export whose file does not exist yet, or never will."""
