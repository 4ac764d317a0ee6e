"""Both APIs of Customer.io over HTTP: keys, regions, limits, repeats, pages and errors.

    Client ── call ─┬─ calls      checks the parameters against the catalogue
                    ├─ patience   decides about repeats
                    └─ wire ─┬─ limits, slots         takes a slot
                             ├─ hosts, quiet          sends the request
                             └─ failures, refusals    says what went wrong (errors, envelopes)

It knows the catalogue and nothing of what becomes of the answers.
"""

from sources.customerio.client.answers import Answer
from sources.customerio.client.client import Client
from sources.customerio.client.errors import (
    BadAnswer,
    BadRequest,
    ConfigError,
    CustomerioError,
    EndlessPages,
    Forbidden,
    LinkExpired,
    NotFound,
    RateLimited,
    RetryLater,
    Unauthorized,
    Unavailable,
    Unreachable,
    WrongCall,
)
from sources.customerio.client.limits import QUOTAS, Quota, RateLimits
from sources.customerio.client.pages import Page
from sources.customerio.client.wire import Request

__all__ = [
    "QUOTAS",
    "Answer",
    "BadAnswer",
    "BadRequest",
    "Client",
    "ConfigError",
    "CustomerioError",
    "EndlessPages",
    "Forbidden",
    "LinkExpired",
    "NotFound",
    "Page",
    "Quota",
    "RateLimited",
    "RateLimits",
    "Request",
    "RetryLater",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "WrongCall",
]
