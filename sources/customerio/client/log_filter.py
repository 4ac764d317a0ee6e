"""Keeps httpx's log lines about our requests out of the logs: they show query strings and signed links."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
_ours: ContextVar[bool] = ContextVar("customerio_request", default=False)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return not _ours.get()


def install() -> None:
    """Put the filter in place; requests that others make through httpx are logged as before."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_not_ours)


@contextmanager
def quiet() -> Iterator[None]:
    """What happens inside is ours."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)
