"""What all commands have in common: exit codes, `--json`, and how a command ends that cannot do its work.

What a command does is imported when it runs, so that `--help` answers at once. Results go to stdout, as
one JSON document with `--json`; progress, notes and errors go to stderr.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, NoReturn

import click

from pipelines.cli.signals import hear
from pipelines.times import length, moment

DONE, FAILED, MISUSED, STOPPED_BY_BRAKE, PARTLY = 0, 1, 2, 3, 4
INTERRUPTED, UNREAD = 130, 141

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
WAIT = click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another run that writes the same warehouse.",
)


class _Parsed(click.ParamType[int]):
    """A text that one of our own functions makes a number of, or says what would be right."""

    def __init__(self, name: str, parse: Callable[[str], int]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; click's own error if there is none."""
        if isinstance(value, int):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


MOMENT, LENGTH = _Parsed("moment", moment), _Parsed("length", length)


def command(function: Callable[..., int]) -> Callable[..., None]:
    """A command that ends with its exit code, and with a sentence where it cannot do its work."""

    @wraps(function)
    def run(*, as_json: bool, **arguments: Any) -> None:
        # Being told to end is an interrupt too, so that files and locks are let go in order; and a shell
        # starts what it runs in the background deaf to interrupts.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.default_int_handler)
        hear()
        # Repeats are told of in progress and in the last error.
        logging.getLogger("stamina").setLevel(logging.ERROR)
        try:
            sys.exit(function(as_json=as_json, **arguments))
        except KeyboardInterrupt:
            _end_interrupted(as_json)
        except BrokenPipeError:
            # Whoever reads has enough, as `head` does, and hears no more, from the interpreter's end neither.
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

    return _JSON(run)


def _end_failed(failure: Any, as_json: bool) -> NoReturn:
    from sources.customerio.client import ConfigError

    _complain(type(failure).__name__, str(failure), as_json)
    sys.exit(MISUSED if isinstance(failure, ConfigError) else FAILED)


def _end_interrupted(as_json: bool) -> NoReturn:
    _complain(
        "Interrupted", "Stopped. What is published stays as it was; the next run goes on from there.", as_json
    )
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is let go of by now but threads that wait to repeat a request, some for minutes.
    os._exit(INTERRUPTED)


def _complain(kind: str, message: str, as_json: bool) -> None:
    if as_json:
        print_json({"error": {"kind": kind, "message": message}})
    click.echo(f"cio-elt: {message}", err=True)


def note(sentence: str) -> None:
    """Tell a user something that is no result."""
    click.echo(sentence, err=True)


def print_json(document: Any) -> None:
    """Print the one document that a program asked for."""
    click.echo(json.dumps(document, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
