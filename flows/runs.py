"""What every run has in common: its settings, its turn at the warehouse, and how it ends.

done | Skipped (somebody else writes) | Waiting (looked at again later) | Stopped (a brake) | Partly |
failed, in a sentence
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Final, NoReturn, ParamSpec

from prefect import get_client, get_run_logger
from prefect.client.schemas.objects import State, TaskRun
from prefect.concurrency.sync import concurrency
from prefect.exceptions import FailedRun, ParameterTypeError, Pause, TerminationSignal
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, Scheduled
from prefect.tasks import Task

from flows.liveness import living
from pipelines.cli.signals import deliver_signals
from pipelines.errors import Busy
from pipelines.settings import Settings
from pipelines.warehouse.failures import elt_error, interrupted
from sources.customerio.client import RetryLater
from sources.customerio.extract import ResourceSummary

SKIPPED: Final = "Skipped"
PARTLY: Final = "Partly"
WAITING: Final = "Waiting"
STOPPED: Final = "Stopped"

WRITER: Final = "customerio-warehouse"
"""The concurrency limit that is the writer's lock where the warehouse is a server, not a file."""

# After being told to end, a run has this long to let go of files and locks.
_LETTING_GO_S = 5.0

P = ParamSpec("P")


def concluding(function: Callable[P, State[Any]]) -> Callable[P, State[Any]]:
    """A flow that ends in a state with a sentence where it cannot do its work; a bug is raised as it is."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> State[Any]:
        deliver_signals()
        try:
            with living(str(flow_run.id)):
                return function(*args, **kwargs)
        except TerminationSignal:
            _end_soon()
            raise
        except Exception as error:
            if _stopped(error):
                _end_soon()
                raise TerminationSignal(signal.SIGTERM) from None
            failure = elt_error(error)
            if failure is None:
                raise
            if isinstance(failure, Busy):
                return Completed(name=SKIPPED, message=str(failure))
            return Failed(message=str(failure))

    return run


def look_again(seconds: float, message: str) -> NoReturn:
    """Put this very run back on the schedule and end its process: no worker is held while nothing happens.

    The run keeps its id and its parameters, so that whichever worker takes it up goes on with the same
    thing. Prefect has no function for it that needs nobody to resume the run (`suspend_flow_run` does).
    """
    state: State[Any] = Scheduled(
        name=WAITING, message=message, scheduled_time=datetime.now(UTC) + timedelta(seconds=seconds)
    )
    get_run_logger().info("%s Looked at again in %.0f s.", message, seconds)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run.id, state)
    raise Pause(message, state=state)


def outcome(failed: list[ResourceSummary], total: int, done: str) -> State[Any]:
    """How a run ends that went through: with `done`, or with what some resources lack."""
    if not failed:
        return Completed(message=done)
    reasons = dict.fromkeys(str(tally.error) for tally in failed)
    names = ", ".join(tally.resource for tally in failed)
    message = f"Not complete: {names}. {' '.join(reasons)}"
    return Failed(name=PARTLY, message=message) if len(failed) < total else Failed(message=message)


def worth_repeating(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a task's failure may be gone in a minute; Prefect asks it before it repeats a task."""
    try:
        state.result()
    except Exception as error:
        return isinstance(elt_error(error), RetryLater)
    return False


@contextmanager
def turn(settings: Settings, wait_s: float) -> Iterator[None]:
    """This run's turn to write. A file's lock is all that a file needs; a server needs the limit besides.

    Raises:
        Busy: another run wrote for longer than `wait_s`.
    """
    if settings.publishes:
        yield
        return
    try:
        with concurrency(WRITER, timeout_seconds=wait_s):
            yield
    except TimeoutError:
        msg = f"Another run is writing the warehouse and did not end within {wait_s:,.0f} s. Wait for it."
        raise Busy(msg) from None


def _stopped(error: BaseException) -> bool:
    """Whether the system's or an operator's wish to end is behind an error; dlt wraps it in its own."""
    link: BaseException | None = error
    while link is not None and not isinstance(link, TerminationSignal):
        link = link.__cause__ or link.__context__
    return link is not None or interrupted(error)


def _end_soon() -> None:
    """End this process shortly, even if threads wait to repeat a request, some for minutes."""
    ending = threading.Timer(_LETTING_GO_S, os._exit, (128 + signal.SIGTERM,))
    ending.daemon = True
    ending.start()


class _Sentences(logging.Filter):
    """In the log of a run too, a failure that has a sentence is that sentence and no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, with its sentence; leave out Prefect's echo of a state that says it already."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, FailedRun):
            return False
        if isinstance(error, ParameterTypeError):
            record.msg, record.args, record.exc_info = str(error), (), None
        failure = elt_error(error) if isinstance(error, Exception) else None
        if failure is not None:
            record.msg, record.args, record.exc_info = str(failure), (), None
        return True


for _name in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_name).addFilter(_Sentences())
