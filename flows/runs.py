"""Common parts of all runs: the turn to write the warehouse, waiting without a process, and the final state.

Completed | Skipped (another run writes) | Waiting (runs again later) | Stopped (by a brake) | Partly | Failed
Refused (the form has wrong values)
"""

import atexit
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from inspect import signature
from typing import Any, Final, NoReturn, ParamSpec
from uuid import UUID

from prefect import get_client, get_run_logger
from prefect._internal.concurrency.threads import wait_for_global_loop_exit
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.concurrency.sync import concurrency
from prefect.context import FlowRunContext
from prefect.exceptions import FailedRun, Pause, TerminationSignal
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed, Scheduled
from prefect.tasks import Task

from flows import artifact
from flows.alerts import tell_change
from flows.liveness import alive
from flows.parameters import EMPTY, checked, defaults
from pipelines.cli.signals import deliver_signals
from pipelines.errors import Busy, ConfigError, EltError
from pipelines.permissions import close_data_folder
from pipelines.settings import Settings, read_settings
from pipelines.trace import State as RunState
from pipelines.trace import recorded, set_up_logs
from pipelines.warehouse.failures import causes, elt_error, interrupted, note_failure
from sources.customerio.client import RetryLater
from sources.customerio.extract import ResourceSummary
from sources.permissions import make_process_private

SKIPPED: Final = "Skipped"
PARTLY: Final = "Partly"
WAITING: Final = "Waiting"
STOPPED: Final = "Stopped"
REFUSED: Final = "Refused"

_NO_NEWS: Final = [SKIPPED, REFUSED]
"""Final states that say nothing of the health of the runs of a name."""

WRITER: Final = "customerio-warehouse"
"""The Prefect concurrency limit that serves as the writer's lock of a warehouse that is not a file."""

# After a termination signal, a run has these seconds to release files and locks.
_RELEASE_WITHIN_S = 5.0

_SERVED: Final = "PREFECT__FLOW_RUN_ID"
"""The variable that a process has which Prefect started for a run."""

# Prefect leaves a thread whose calls hold the flow, and so all modules that the flow uses: at the end of the
# interpreter DuckDB would report its types as leaked.
atexit.register(wait_for_global_loop_exit, _RELEASE_WITHIN_S)

P = ParamSpec("P")


def concluding(function: Callable[P, State[Any]]) -> Callable[P, State[Any]]:
    """Decorates a flow: errors of this project become a final state with their message; a bug is raised.

    The values of the form are checked here and not by Prefect, whose message would begin with its own words,
    and which gives such a run no name.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> State[Any]:
        deliver_signals()
        make_process_private()
        if _SERVED in os.environ:
            # A terminal sends Ctrl-C to all processes; the serving one ends its runs by SIGTERM.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            given = checked(function, signature(function).bind(*args, **kwargs).arguments)
        except ConfigError as error:
            get_run_logger().error("%s", error)
            return Failed(name=REFUSED, message=str(error))
        work: Callable[..., State[Any]] = function
        try:
            state = _ended(partial(work, **given))
        except Exception as error:
            words = f"A defect ended it: {type(error).__name__}. Its log has the traceback."
            tell_change(Failed(message=words), without=_NO_NEWS)
            raise
        tell_change(state, without=_NO_NEWS)
        return state

    return run


def _ended(work: Callable[[], State[Any]]) -> State[Any]:
    """Do the work of a run; returns its final state."""
    try:
        with alive(str(flow_run.id)):
            return _recorded(work)
    except TerminationSignal:
        _end_stopped()
    except Exception as error:
        if _stopped(error):
            _end_stopped()
        failure = elt_error(error)
        if failure is None:
            raise
        return _state_of(failure)


def _state_of(failure: EltError) -> State[Any]:
    """The final state of a run that this error ended."""
    if isinstance(failure, Busy):
        return Completed(name=SKIPPED, message=str(failure))
    return Failed(message=str(failure))


def _recorded(work: Callable[[], State[Any]]) -> State[Any]:
    """Run a flow as a run of the ledger, whose id is that of the Prefect run."""
    try:
        settings = read_settings()
    except ConfigError:
        # The flow itself tells of an invalid setting.
        return work()
    closed = close_data_folder(settings)
    set_up_logs(settings, as_json=False, to_file=True)
    if closed:
        get_run_logger().info(closed)
    name = f"flow {flow_run.flow_name}"
    with recorded(settings, name, UUID(str(flow_run.id)).hex) as trace, artifact.of_run(settings) as shown:
        try:
            state = work()
        except Pause as pause:
            if pause.state is not None:
                shown.conclude(pause.state)
            trace.end("waiting")
            raise
        except BaseException as error:
            failure = elt_error(error) if isinstance(error, Exception) else None
            if failure is not None:
                shown.conclude(_state_of(failure))
            if isinstance(failure, Busy):
                trace.end("skipped")
            elif _stopped(error):
                trace.end("interrupted")
            else:
                note_failure(trace, error)
            raise
        shown.conclude(state)
        trace.end(_ENDINGS.get(str(state.name), "done" if state.is_completed() else "failed"))
        return state


_ENDINGS: Final[dict[str, RunState]] = {SKIPPED: "skipped", PARTLY: "partly", STOPPED: "stopped"}
"""The state of a run in the ledger by the name of its final state."""


def named(name_of: Callable[..., str]) -> Callable[[], str]:
    """A function that names a run: `name_of` takes the form's values as they were sent, before any check."""

    def name() -> str:
        context = FlowRunContext.get()
        if context is None or context.flow is None or context.parameters is None:
            msg = "A run is named within its context."
            raise AssertionError(msg)
        sent = {name: value for name, value in context.parameters.items() if value is not EMPTY}
        return name_of(**{**defaults(context.flow.fn), **sent})

    return name


def look_again(seconds: float, message: str) -> NoReturn:
    """Put this run back on the schedule and end its process, so that no worker is held while it waits.

    The run keeps its id and its parameters, so the worker that takes it next continues the same work. Prefect
    has no function for this: a run that `suspend_flow_run` suspended must be resumed by hand.
    """
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    message = f"{message} The run looks again at {at:%H:%M:%S} UTC."
    state: State[Any] = Scheduled(name=WAITING, message=message, scheduled_time=at)
    get_run_logger().info("%s", message)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run.id, state)
    raise Pause(message, state=state)


def outcome(failed: list[ResourceSummary], total: int, done: str, rejected: int = 0) -> State[Any]:
    """The final state of a run: Completed with the message `done`, Partly, or Failed if all have failed.

    It is Partly too if records were `rejected`.
    """
    if not failed and rejected:
        message = f"{done} {rejected:,} record(s) were set aside; see customerio_raw.rejected_records."
        return Failed(name=PARTLY, message=message)
    if not failed:
        return Completed(message=done)
    reasons = dict.fromkeys(str(tally.error) for tally in failed)
    names = ", ".join(tally.resource for tally in failed)
    message = f"Not complete: {names}. {' '.join(reasons)}"
    return Failed(name=PARTLY, message=message) if len(failed) < total else Failed(message=message)


def worth_repeating(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Checks if a task's error may be gone in a minute: the condition for Prefect to retry the task."""
    try:
        state.result()
    except Exception as error:
        return isinstance(elt_error(error), RetryLater)
    return False


RETRIED: Final[dict[str, Any]] = {
    "retries": 2,
    "retry_delay_seconds": [60, 300],
    "retry_condition_fn": worth_repeating,
    "cache_policy": NO_CACHE,
}
"""The options of a task that Prefect repeats if its error may be gone in a minute."""


@contextmanager
def turn(settings: Settings, wait_s: float) -> Iterator[None]:
    """Wait for this run's turn to write: a server needs the limit, a file has a lock of its own.

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
    """Checks if a termination signal or an interrupt caused the error; dlt wraps it in its own errors."""
    return interrupted(error) or any(isinstance(link, TerminationSignal) for link in causes(error))


def _end_stopped() -> NoReturn:
    """End this process soon, and its run as Cancelled: an operator or the service has stopped it in order.

    Prefect sets it to Crashed if its engine does not know, by the time of the signal, who has sent it. A
    process that is killed without a signal that it can handle is told by the reaper.

    Raises:
        Pause: the run is Cancelled, and the engine has no state to set.
    """
    _end_soon()
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(flow_run.id).state
        message = _CANCELLED if state is not None and state.is_cancelling() else _STOPPED
        cancelled: State[Any] = Cancelled(message=message)
        client.set_flow_run_state(flow_run.id, cancelled, force=True)
    raise Pause(message, state=cancelled)


_CANCELLED: Final = "Cancelled. Completed loads stay; the next run resumes from there."
_STOPPED: Final = (
    "The service that ran it was stopped. Completed loads stay; the next run resumes from there. Start a run "
    "without a schedule again by hand."
)


def _end_soon() -> None:
    """End this process in a few seconds, even if threads wait to retry a request, some for minutes."""
    ending = threading.Timer(_RELEASE_WITHIN_S, os._exit, (128 + signal.SIGTERM,))
    ending.daemon = True
    ending.start()


class _Sentences(logging.Filter):
    """A log filter: an error of this project is logged as its message, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the traceback by the message; drop Prefect's repetition of the final state."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, FailedRun):
            return False
        failure = elt_error(error) if isinstance(error, Exception) else None
        if failure is not None:
            record.msg, record.args, record.exc_info = str(failure), (), None
        return True


for _name in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_name).addFilter(_Sentences())
