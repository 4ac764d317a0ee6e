"""The log: a file in the data folder whose lines are JSON, and, if it is asked for, lines on stderr.

Every line passes one filter: keys, email addresses, phone numbers and URLs are replaced.
"""

import json
import logging
import logging.handlers
import time
from contextlib import suppress
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path

from pydantic import SecretStr

from pipelines.permissions import make_data_folder
from pipelines.settings import Settings
from sources.customerio.client import redacted
from sources.permissions import make_private_file

LOGGER = "customerio_elt"
"""The name of this product's logger."""
FOLDER, FILE = "logs", "cio-elt.log"
# A program that does not set up logs gets no line on stderr.
logging.getLogger(LOGGER).addHandler(logging.NullHandler())
_BYTES, _FILES = 1_000_000, 5
"""A file is followed by a new one at that size; that many old ones are kept."""
_LONGEST = 2_000
"""Characters of a message that are logged."""


@dataclass
class Fields:
    """The fields of the run that each line has, and the secrets that none shows."""

    of_run: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


FIELDS = Fields()
"""The fields of this process's run."""


def set_up_logs(settings: Settings, *, as_json: bool, to_file: bool) -> None:
    """Let this process log.

    Args:
        settings: name the data folder, the secrets to hide, and by `CIO_ELT_LOG` the lines on stderr.
        as_json: lines on stderr are JSON documents.
        to_file: the file in the data folder gets lines too.
    """
    values = (getattr(settings, name) for name in Settings.model_fields)
    FIELDS.secrets = tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))
    logger, level = logging.getLogger(LOGGER), settings.cio_elt_log
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    for handler in [one for one in logger.handlers if not isinstance(one, logging.NullHandler)]:
        logger.removeHandler(handler)
        handler.close()
    if as_json or level is not None:
        lines = logging.StreamHandler()
        lines.setFormatter(_Json() if as_json or level == "json" else _Text())
        lines.setLevel(logging.INFO if level in (None, "json") else str(level).upper())
        logger.addHandler(lines)
    if to_file:
        with suppress(OSError):
            # A run does its work also where its log cannot be written.
            logger.addHandler(_file(settings.cio_elt_data))


def log_note(sentence: str, level: int = logging.INFO) -> bool:
    """Log a sentence for the user; True if stderr has it now, as a line of the log."""
    logger = logging.getLogger(LOGGER)
    logger.log(level, sentence)
    return any(type(handler) is logging.StreamHandler for handler in logger.handlers)


def hide(text: str) -> str:
    """The text without keys, email addresses, phone numbers and URLs."""
    return redacted(text, FIELDS.secrets, longest=_LONGEST)


class _Private(logging.handlers.RotatingFileHandler):
    """A rotating file that only its owner can read, whatever the umask is."""

    def _open(self) -> TextIOWrapper:
        make_private_file(Path(self.baseFilename))
        return super()._open()


def _file(data: Path) -> logging.Handler:
    make_data_folder(data)
    make_data_folder(data / FOLDER)
    handler = _Private(data / FOLDER / FILE, maxBytes=_BYTES, backupCount=_FILES, encoding="utf-8")
    handler.setFormatter(_Json())
    handler.setLevel(logging.INFO)
    return handler


class _Json(logging.Formatter):
    """A JSON document a line: time, level, trace id, command, message."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields = {
            "time": f"{moment}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            **FIELDS.of_run,
            "message": hide(record.getMessage()),
        }
        return json.dumps(fields, ensure_ascii=False)


class _Text(logging.Formatter):
    """A line of text: time, level, trace id, message."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        moment = time.strftime("%H:%M:%S", time.gmtime(record.created))
        name = FIELDS.of_run.get("trace_id", "")[:8]
        return f"{moment} {record.levelname.lower()} {name} {hide(record.getMessage())}"
