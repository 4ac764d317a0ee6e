"""The run of this process: recorded in the ledger, with the step that it is at.

The ledger and the log are a service to the reader of a failed run: where they cannot be written, the run goes
on without them.
"""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from pipelines.errors import EltError
from pipelines.settings import Settings
from pipelines.trace.ledger import RunLedger, State
from pipelines.trace.logs import FIELDS, LOGGER, hide
from pipelines.trace.spans import Spans, begin_spans

_log = logging.getLogger(LOGGER)


@dataclass
class Trace:
    """The run of this process, and how it ended so far."""

    trace_id: str
    command: str
    _ledger: RunLedger
    _spans: Spans | None = None
    _step: str | None = None
    _ending: tuple[State, str | None, str | None] = field(default=("done", None, None))
    _ended: bool = False

    def end(self, state: State, error: BaseException | None = None) -> None:
        """Note how the run ends; of an error, the class, and the message if it is one for users."""
        message = hide(str(error)) if isinstance(error, EltError) else None
        self._ending = (state, type(error).__name__ if error is not None else None, message)
        self._ended = True

    def step(self, name: str) -> None:
        """Note the step that begins."""
        if name == self._step:
            return
        self._step = name
        _log.info("Step: %s.", name)
        if self._spans is not None:
            self._spans.step(name)
        with suppress(OSError, sqlite3.Error):
            self._ledger.step(self.trace_id, name)

    def loads(self, load_ids: Sequence[str]) -> None:
        """Note the packages that are about to be loaded."""
        _log.info("Packages to load: %s.", ", ".join(load_ids) or "none")
        with suppress(OSError, sqlite3.Error):
            self._ledger.loads(self.trace_id, load_ids)


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def recorded(settings: Settings, command: str, trace_id: str | None = None) -> Iterator[Trace]:
    """Record the block as a run of that command; it ends as the block notes, or failed if it raises.

    Args:
        settings: name the data folder.
        command: the name of the command or flow.
        trace_id: the id of the run, 32 hex digits; None makes a new one.
    """
    trace = Trace(trace_id or uuid4().hex, command, RunLedger(settings.cio_elt_data))
    lock = _begun(trace)
    trace._spans = begin_spans(command, trace.trace_id)
    token = _current.set(trace)
    FIELDS.of_run = {"trace_id": trace.trace_id, "command": command}
    _log.info("Run of `%s` begins.", command)
    try:
        yield trace
    except BaseException as error:
        if not trace._ended:
            trace.end("failed", error)
        raise
    finally:
        state, error_name, message = trace._ending
        _log.log(
            logging.INFO if error_name is None else logging.ERROR,
            "Run of `%s` ends: %s.%s",
            command,
            state,
            f" {error_name}: {message or 'see stderr'}" if error_name else "",
        )
        _current.reset(token)
        if trace._spans is not None:
            trace._spans.end(state, error_name)
        FIELDS.of_run = {}
        with suppress(OSError, sqlite3.Error):
            trace._ledger.end(trace.trace_id, state, error_name, message)
        if lock is not None:
            Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()


def current_id() -> str | None:
    """The id of the run of this process; None outside of one, as in a library."""
    trace = _current.get()
    return trace.trace_id if trace else None


def step(name: str) -> None:
    """Note the step at which the run of this process is; outside of a run, nothing is noted."""
    if trace := _current.get():
        trace.step(name)


def note_loads(load_ids: Sequence[str]) -> None:
    """Note the packages that the run of this process is about to load."""
    if trace := _current.get():
        trace.loads(load_ids)


def product_version() -> str:
    """The version of this product; empty if it is not installed."""
    try:
        return version("customerio-elt")
    except PackageNotFoundError:
        return ""


def _begun(trace: Trace) -> FileLock | None:
    try:
        return trace._ledger.begin(trace.trace_id, trace.command, product_version())
    except (OSError, sqlite3.Error, Timeout) as error:
        _log.warning("The ledger of runs cannot be written: %s.", type(error).__name__)
        return None
