"""What dlt, DuckDB and the system throw, as a sentence that says what to do next.

    told(error) -> the EltError to show, or None: then it is a mistake in this program

dlt wraps what happened in errors of its own, an interrupt included; what counts lies at the chain's end.
"""

from collections.abc import Iterator

import duckdb

from pipelines.errors import ConfigError, EltError, FileHeld, WarehouseError

# The beginning of what DuckDB says when another process has the file open for writing.
_HELD = "Could not set lock on file"


# Characters of others' words that are shown: what follows is mostly SQL.
_LONGEST = 300
_AGAIN = (
    " What was read is kept where it was not loaded yet; put that right and run this again, and it goes on."
)
_DLT_SETTINGS = (
    "It takes them from the environment (as DESTINATION__POSTGRES__CREDENTIALS) or from .dlt/secrets.toml; "
    "see https://dlthub.com/docs/dlt-ecosystem/destinations"
)


def interrupted(error: BaseException) -> bool:
    """Whether a signal is behind the error: Ctrl-C, or the system that ends this process."""
    # It may come at any line, also in one of dlt's that then fails over what it left half done.
    link: BaseException | None = error
    while link is not None and not isinstance(link, KeyboardInterrupt):
        link = link.__cause__ or link.__context__
    return link is not None


def told(error: Exception) -> EltError | None:
    """The error as one of ours, told in a sentence; None if nobody knows what it means."""
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, EltError):
            return link
    # Ours are told without it: importing dlt takes as long as all that led to most of them.
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
                f"dlt cannot work with the settings it was given. {_line(link)} {_DLT_SETTINGS}"
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
    """What DuckDB says about a file, and what to do with that file."""
    said = _line(error)
    if _HELD in said:
        msg = (
            "Another program has the file open for writing, which DuckDB allows to one alone. "
            f"It says: {said} Close that program and run this again; to look at data, open "
            "customerio.duckdb read-only."
        )
        return FileHeld(msg)
    return WarehouseError(f"DuckDB failed: {said}{_AGAIN}")


def _line(error: BaseException) -> str:
    """The first line of what an error says."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, outermost first."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__
