"""Both APIs of Customer.io over HTTP: keys, regions, limits, repeats, pages and errors.

    app, track ── api: every operation as a method, its body checked (bodies, schema_errors)
        │
    Client ── call ─┬─ calls         checks the parameters against the catalogue
                    ├─ retry         repeats a failed call while that is safe
                    ├─ bounds        how long and how large anything may be: bounded_network keeps time and
                    │                bytes of an exchange, reading a list's; answer_body and inflate unpack,
                    │                large_answers lets one large answer in at a time
                    └─ transport ─┬─ limits                          takes a slot (rolling_window, *_bucket)
                                  ├─ hosts, log_filter               sends the request
                                  └─ transport_errors, status_errors raise an error (errors, error_bodies)

The package knows the catalogue and nothing of the tables that the answers fill. The names that import httpx,
which takes a tenth of a second, are loaded on first use.
"""

from typing import TYPE_CHECKING, Any

from sources.customerio.client.api import Method
from sources.customerio.client.bounds import (
    HELD_LIST,
    LONGEST_LINE,
    MB,
    UNPACKED,
    Bounds,
    OutOfBounds,
    Oversized,
)
from sources.customerio.client.clock import FARTHEST_S
from sources.customerio.client.error_bodies import redacted
from sources.customerio.client.errors import (
    NOT_FOR_THIS_KEY,
    BadAnswer,
    BadRequest,
    CustomerioError,
    EndlessPages,
    Forbidden,
    LinkExpired,
    NotFound,
    NotServed,
    RateLimited,
    RetryLater,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unreachable,
    WrongCall,
    WrongClock,
    WrongHost,
)
from sources.customerio.client.hosts import is_loopback
from sources.customerio.client.inflate import inflated
from sources.customerio.client.json_text import loads
from sources.customerio.client.limits import QUOTAS, Quota, RateLimits
from sources.customerio.client.methods import App, Track
from sources.customerio.client.pages import Page, records_of
from sources.customerio.client.response import (
    Answer,
    field_of,
    has_error,
    list_of,
    reading_answers,
    unexpected,
)
from sources.errors import ConfigError

if TYPE_CHECKING:
    from sources.customerio.client.client import Client
    from sources.customerio.client.transport import Request

__all__ = [
    "FARTHEST_S",
    "HELD_LIST",
    "LONGEST_LINE",
    "MB",
    "NOT_FOR_THIS_KEY",
    "QUOTAS",
    "UNPACKED",
    "Answer",
    "App",
    "BadAnswer",
    "BadRequest",
    "Bounds",
    "Client",
    "ConfigError",
    "CustomerioError",
    "EndlessPages",
    "Forbidden",
    "LinkExpired",
    "Method",
    "NotFound",
    "NotServed",
    "OutOfBounds",
    "Oversized",
    "Page",
    "Quota",
    "RateLimited",
    "RateLimits",
    "Request",
    "RetryLater",
    "TooLarge",
    "Track",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "WrongCall",
    "WrongClock",
    "WrongHost",
    "field_of",
    "has_error",
    "inflated",
    "is_loopback",
    "list_of",
    "loads",
    "reading_answers",
    "records_of",
    "redacted",
    "unexpected",
]


def __getattr__(name: str) -> Any:
    """Load a name that imports httpx."""
    if name == "Client":
        from sources.customerio.client import client

        return client.Client
    if name == "Request":
        from sources.customerio.client import transport

        return transport.Request
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
