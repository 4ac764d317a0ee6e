"""Drops httpx's log lines about the client's requests: they show query strings and signed links."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
_ours: ContextVar[bool] = ContextVar("customerio_request", default=False)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return not _ours.get()


def install() -> None:
    """Install the filter; requests that other code makes through httpx are still logged."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_not_ours)


@contextmanager
def hide_request_logs() -> Iterator[None]:
    """Drop the log lines of httpx and httpcore about requests made inside the block."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)
