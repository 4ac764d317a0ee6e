"""Converts exceptions of dlt, DuckDB and the operating system into this project's errors.

    elt_error(error) -> the EltError to show, or None: then it is a bug of this program

dlt wraps the original exception, an interrupt included, in its own; the chain's last link is the cause.
"""

from collections.abc import Iterator

import duckdb

from pipelines.errors import ConfigError, EltError, FileHeld, WarehouseError
from pipelines.trace import Trace

# The beginning of DuckDB's message when another process has the file open for writing.
_HELD = "Could not set lock on file"
# The longest part of a foreign message that is shown, in characters: the rest is mostly SQL.
_LONGEST = 300
_AGAIN = (
    " Rows that were read and not loaded are kept. Correct this and run the command again; it resumes there."
)
_DLT_SETTINGS = (
    "It takes them from the environment (as DESTINATION__POSTGRES__CREDENTIALS) or from .dlt/secrets.toml; "
    "see https://dlthub.com/docs/dlt-ecosystem/destinations"
)


def interrupted(error: BaseException) -> bool:
    """True if a signal caused the error: Ctrl-C, or the system that ends this process."""
    # A signal may come at any line, also within dlt, which then fails with an error of its own.
    return any(isinstance(link, KeyboardInterrupt) for link in causes(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, outermost first, causes that are not declared too.

    dlt hands over the cause of a failed job as an attribute.
    """
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        seen.append(link)
        yield link
        link = getattr(link, "client_exception", None) or link.__cause__ or link.__context__


def note_failure(trace: Trace, error: BaseException) -> None:
    """Note how the run ends by that error: interrupted, refused for a user's mistake, or failed."""
    if interrupted(error):
        trace.end("interrupted", KeyboardInterrupt())
        return
    failure = elt_error(error) if isinstance(error, Exception) else None
    trace.end("refused" if isinstance(failure, ConfigError) else "failed", failure or error)


def elt_error(error: Exception) -> EltError | None:
    """The EltError that describes the exception; None for an unknown one, which is a bug."""
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, EltError):
            return link
    # Imported only for foreign exceptions: importing dlt takes a second.
    from dlt.common.configuration.exceptions import ConfigurationException
    from dlt.common.destination.exceptions import DestinationException
    from dlt.common.exceptions import MissingDependencyException
    from dlt.load.exceptions import LoadClientJobException

    for link in chain:
        if isinstance(link, MissingDependencyException):
            needed = " ".join(f"'{name}'" for name in link.dependencies)
            return ConfigError(f"{link.caller} needs a package: run `.venv/bin/pip install {needed}`.")
        if isinstance(link, ConfigurationException):
            return ConfigError(
                f"dlt cannot use the settings that it was given. {_line(link)} {_DLT_SETTINGS}"
            )
    root = chain[-1]
    if isinstance(root, duckdb.Error):
        return file_failure(root)
    if isinstance(root, OSError):
        where = f" ({root.filename})" if root.filename else ""
        return WarehouseError(f"The system refused: {root.strerror or _line(root)}{where}.{_AGAIN}")
    if any(isinstance(link, DestinationException | LoadClientJobException) for link in chain):
        return WarehouseError(f"Loading failed: {_line(root)}{_AGAIN}")
    return None


def file_failure(error: duckdb.Error) -> WarehouseError:
    """The error for DuckDB's message about a file, with the next step: a FileHeld if it is locked."""
    reason = _line(error)
    if _HELD in reason:
        msg = (
            "Another program has the file open for writing, which DuckDB allows to one program at a time. "
            f"It says: {reason} Close that program and run this again; to look at data, open "
            "customerio.duckdb read-only."
        )
        return FileHeld(msg)
    return WarehouseError(f"DuckDB failed: {reason}{_AGAIN}")


def _line(error: BaseException) -> str:
    """The first line of the error's message, cut to a readable length."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its declared causes, outermost first: those of which a message tells."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__
