"""Why the workspace refuses, grouped by what the API answers.

Refused
├── NotFound     404: the thing, or its parent, is not there (any more)
├── BadRequest   400: the question itself is wrong
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


class NotReady(Refused):
    """An export whose file does not exist yet, or never will."""
