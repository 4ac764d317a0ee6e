"""Drops dlt's warning that hints of this source's columns differ from Arrow's types: they do so on purpose.

A JSON column is text in Arrow, which has no type for it, and a key's columns may be null there. dlt warns of
that once for each table and run. Its warnings about other sources are still logged.
"""

import logging

import dlt
from dlt.common import logger
from dlt.extract.exceptions import CurrentSourceSchemaNotAvailable

_WARNING = "several column hints were different"
_ours: set[str] = set()


def install() -> None:
    """Drop the warning about the source that is being made; called within its function."""
    _ours.add(dlt.current.source_schema().name)
    logger.LOGGER.addFilter(_is_worth_a_line)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    return _WARNING not in record.getMessage() or _extracted() not in _ours


def _extracted() -> str | None:
    """The name of the source that dlt extracts now, if it does."""
    try:
        return dlt.current.source_schema().name
    except CurrentSourceSchemaNotAvailable:
        return None
