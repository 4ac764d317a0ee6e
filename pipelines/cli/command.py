"""The parts that all commands share: exit codes, `--json`, and the message of a command that failed.

Commands import their work when they run, so that `--help` answers at once. Results go to stdout, as one JSON
document with `--json`; progress, notes and errors go to stderr.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pipelines.cli.signals import deliver_signals
from pipelines.times import length, moment
from sources.permissions import make_process_private

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.trace.ledger import State

DONE, FAILED, MISUSED, STOPPED_BY_BRAKE, PARTLY = 0, 1, 2, 3, 4
INTERRUPTED, UNREAD = 130, 141

# Characters of a command's first sentence at most.
_WHOLE = 1_000

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
_LOG_JSON = click.option(
    "--log-json", is_flag=True, help="Write notes and steps on stderr as JSON documents, one a line."
)
WAIT = click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait while another run writes the warehouse.",
)

BANDS = click.option(
    "--bands",
    metavar="AGES",
    default=None,
    help="Ages of deliveries to read again, each with its interval; default: CUSTOMERIO_BANDS.",
)
PLAN = click.option(
    "--plan",
    "plans",
    is_flag=True,
    help="Plan first: a few requests, for a prediction that does not need earlier runs.",
)


class Group(click.Group):
    """A group whose help has the whole first sentence of each command, on as many lines as it takes."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their first sentences; click's own cuts them to one line."""
        rows = [(name, self.commands[name].get_short_help_str(_WHOLE)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class _Parsed(click.ParamType[int]):
    """A parameter type whose number is parsed by a function of `times`."""

    def __init__(self, name: str, parse: Callable[[str], int]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; a text that cannot be parsed ends with click's usage error."""
        if isinstance(value, int):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


MOMENT, LENGTH = _Parsed("moment", moment), _Parsed("length", length)


_STATES: dict[int, "State"] = {
    DONE: "done",
    FAILED: "failed",
    MISUSED: "refused",
    STOPPED_BY_BRAKE: "stopped",
    PARTLY: "partly",
}
"""The state of a run by the exit code of its command."""


def command(function: Callable[..., int]) -> Callable[..., None]:
    """Make a command of a function that returns an exit code; an error ends with a message and its code."""
    return _command(function, recorded=False)


def recorded_command(function: Callable[..., int]) -> Callable[..., None]:
    """The same for a command that changes the warehouse or Customer.io: the run ledger has its runs."""
    return _command(function, recorded=True)


def looking_command(function: Callable[..., int]) -> Callable[..., None]:
    """The same for a command that only looks: open files of earlier runs stay as it finds them."""
    return _command(function, recorded=False, closes=False)


def _command(function: Callable[..., int], *, recorded: bool, closes: bool = True) -> Callable[..., None]:
    @wraps(function)
    def run(*, as_json: bool, log_json: bool, **arguments: Any) -> None:
        # SIGTERM is handled as an interrupt, so that files and locks are released in order. SIGINT is set
        # too, since a shell starts background processes with interrupts ignored.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.default_int_handler)
        deliver_signals()
        # Retries are shown in the progress and in the final error.
        logging.getLogger("stamina").setLevel(logging.ERROR)
        try:
            make_process_private()
            settings = _settings()
            if settings is not None:
                _prepare(settings, log_json=log_json, recorded=recorded, closes=closes)
            work = partial(function, as_json=as_json, **arguments)
            sys.exit(_recorded(settings, work) if recorded and settings is not None else work())
        except KeyboardInterrupt:
            _end_interrupted(as_json)
        except BrokenPipeError:
            # The reader has closed the pipe, as `head` does; the interpreter must not write to it at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(UNREAD)
        except Exception as error:
            from pipelines.warehouse.failures import elt_error, interrupted

            if interrupted(error):
                _end_interrupted(as_json)
            failure = elt_error(error)
            if failure is None:
                if as_json:
                    print_json({"error": {"kind": type(error).__name__, "message": "A bug; see stderr."}})
                raise
            _end_failed(failure, as_json)

    return _LOG_JSON(_JSON(run))


def _settings() -> "Settings | None":
    """The settings; None if one is invalid, of which the command itself tells."""
    from pipelines.errors import ConfigError
    from pipelines.settings import read_settings

    with suppress(ConfigError):
        return read_settings()
    return None


def _prepare(settings: "Settings", *, log_json: bool, recorded: bool, closes: bool) -> None:
    """Let this process log, and close files of earlier runs that other users can read."""
    from pipelines.permissions import close_data_folder
    from pipelines.trace import set_up_logs

    closed = close_data_folder(settings) if closes else ""
    set_up_logs(settings, as_json=log_json, to_file=recorded)
    if closed:
        note(closed)


def _recorded(settings: "Settings", work: Callable[[], int]) -> int:
    """Run the command's work as a run of the run ledger, under the command's name."""
    from pipelines.trace import recorded
    from pipelines.warehouse.failures import note_failure

    _, _, name = click.get_current_context().command_path.partition(" ")
    with recorded(settings, name) as trace:
        try:
            code = work()
        except BaseException as error:
            note_failure(trace, error)
            raise
        trace.end(_STATES[code])
        return code


def _end_failed(failure: Any, as_json: bool) -> NoReturn:
    from sources.customerio.client import ConfigError

    _complain(type(failure).__name__, str(failure), as_json)
    sys.exit(MISUSED if isinstance(failure, ConfigError) else FAILED)


def _end_interrupted(as_json: bool) -> NoReturn:
    message = "Stopped. The published file stays as it was; the next run resumes from there."
    _complain("Interrupted", message, as_json)
    sys.stdout.flush()
    sys.stderr.flush()
    # Files and locks are released by now; threads may still wait for minutes to retry a request.
    os._exit(INTERRUPTED)


def _complain(kind: str, message: str, as_json: bool) -> None:
    if as_json:
        print_json({"error": {"kind": kind, "message": message}})
    note(f"cio-elt: {message}", logging.ERROR)


def note(sentence: str, level: int = logging.INFO) -> None:
    """Print a sentence that is not a result, on stderr; a terminal gets lines that break between words."""
    # rich is imported on use, for `--help` needs none of it.
    from pipelines.cli.tables import warn

    warn(sentence, level)


def print_json(document: Any) -> None:
    """Print the one JSON document of a command with `--json`."""
    click.echo(json.dumps(document, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
