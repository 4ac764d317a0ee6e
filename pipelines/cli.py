"""`cio-elt`: parses and prints, and holds no logic.

What a command does is imported when it runs, so that `--help` answers at once. Results go to stdout, as
one JSON document with `--json`; progress, notes and errors go to stderr.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import wraps
from typing import Any, NoReturn

import click

from pipelines.times import length, moment

DONE, FAILED, MISUSED, STOPPED_BY_BRAKE, PARTLY = 0, 1, 2, 3, 4
INTERRUPTED = 130

_SCALE = click.Choice(["tiny", "demo", "large"])
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
_WAIT = click.option(
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


_MOMENT, _LENGTH = _Parsed("moment", moment), _Parsed("length", length)


def _command(function: Callable[..., int]) -> Callable[..., None]:
    """A command that ends with its exit code, and with a sentence where it cannot do its work."""

    @wraps(function)
    def run(*, as_json: bool, **arguments: Any) -> None:
        # Being told to end is an interrupt too, so that files and locks are let go in order.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        # Repeats are told of in progress and in the last error.
        logging.getLogger("stamina").setLevel(logging.ERROR)
        try:
            sys.exit(function(as_json=as_json, **arguments))
        except KeyboardInterrupt:
            _end_interrupted(as_json)
        except Exception as error:
            from pipelines.failures import interrupted, told

            if interrupted(error):
                _end_interrupted(as_json)
            failure = told(error)
            if failure is None:
                if as_json:
                    _print_json({"error": {"kind": type(error).__name__, "message": "A bug; see stderr."}})
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
        _print_json({"error": {"kind": kind, "message": message}})
    click.echo(f"cio-elt: {message}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="customerio-elt", prog_name="cio-elt")
def main() -> None:
    """Keep a warehouse and a Customer.io workspace in step.

    Settings come from the environment or from .env; CUSTOMERIO_APP_API_KEY is the one that is needed.
    """


@main.command()
@_command
def check(*, as_json: bool) -> int:
    """Try the credentials, the region and each resource; write nothing."""
    from pipelines import show
    from pipelines.check import check as run
    from pipelines.settings import read_settings

    result = run(read_settings())
    if as_json:
        _print_json({**asdict(result), "complete": result.complete})
    else:
        show.check(result)
    return DONE if result.complete else PARTLY


@main.command()
@click.argument("resources", nargs=-1)
@click.option("--full", is_flag=True, help="Read everything again; only changes are written.")
@_WAIT
@_command
def sync(*, resources: tuple[str, ...], full: bool, wait_s: float, as_json: bool) -> int:
    """Bring the warehouse up to date: all RESOURCES, or those named."""
    from pipelines import show
    from pipelines.settings import read_settings
    from pipelines.sync import sync as run
    from sources.customerio.extract import Report

    settings, report = read_settings(), Report()
    with show.progress(report):
        result = run(settings, resources, full=full, wait_s=wait_s, report=report, say=_note)
    if as_json:
        _print_json(show.sync_document(result))
    else:
        show.sync(result)
    return _sync_code(result)


@main.command()
@click.argument("resource")
@click.option("--from", "start", type=_MOMENT, default=None, help="Read from here, such as 2025-01-31.")
@click.option("--to", "end", type=_MOMENT, default=None, help="Read up to here; default: now.")
@click.option("--gaps", is_flag=True, help="Only what no run has read yet.")
@click.option(
    "--chunk-days",
    type=click.IntRange(1, 180),
    default=7,
    show_default=True,
    help="How much is read, loaded and published at a time.",
)
@_WAIT
@_command
def backfill(*, wait_s: float, as_json: bool, **what: Any) -> int:
    """Read RESOURCE of some time again, in chunks; stopped, it goes on where it was."""
    from pipelines import show
    from pipelines.backfill import fill, plan
    from pipelines.settings import read_settings
    from sources.customerio.extract import Report

    settings = read_settings()
    planned, results = plan(settings, **what), []
    show.planned(planned)
    for window in planned.chunks:
        report = Report()
        with show.progress(report):
            results.append(fill(settings, planned, window, wait_s=wait_s, report=report, say=_note))
        if not as_json:
            show.filled(window, results[-1])
        if results[-1].failed:
            break
    if as_json:
        _print_json(show.backfill_document(planned, results))
    return FAILED if results and results[-1].failed else DONE


@main.command()
@click.option("--fail-on-gap", is_flag=True, help="End with 1 if time is missing or about to be lost.")
@click.option("--max-lag", type=_LENGTH, default=None, help="End with 1 if a table is later: 2h, 1d.")
@_command
def status(*, fail_on_gap: bool, max_lag: int | None, as_json: bool) -> int:
    """Show what the warehouse holds, how fresh it is, and what time is missing."""
    from pipelines import show
    from pipelines.settings import read_settings
    from pipelines.status import late, missing
    from pipelines.status import status as run

    tables = run(read_settings())
    behind, lacking = late(tables, max_lag), missing(tables)
    if as_json:
        _print_json({"tables": [asdict(table) for table in tables], "late": behind, "missing": lacking})
    else:
        show.status(tables, [*behind, *lacking])
    broken = (max_lag is not None and behind) or (fail_on_gap and lacking)
    return FAILED if broken else DONE


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--scale", type=_SCALE, default="demo", show_default=True, help="Size of the workspace.")
@click.option("--seed", default=1, show_default=True, help="Which workspace: the same seed, the same one.")
@click.option("--strict-limits", is_flag=True, help="Enforce Customer.io's rate limits exactly.")
@click.option(
    "--latency-ms", type=click.IntRange(0), default=0, show_default=True, help="Delay of every answer."
)
@_command
def sandbox(*, as_json: bool, **options: Any) -> int:
    """Serve a Customer.io of one's own until interrupted."""
    from pipelines import show
    from pipelines.sandbox import serve, until_interrupted

    with until_interrupted(), serve(**options) as served:
        if as_json:
            _print_json(served.document)
        else:
            show.sandbox(served)
        served.wait()
    return DONE


@main.command()
@click.option(
    "--advance-days",
    type=click.IntRange(0),
    default=None,
    help="Days that pass in the workspace before this run; default: none on the first run, then one.",
)
@click.option("--scale", type=_SCALE, default=None, help="Size of the workspace; default: demo.")
@click.option("--reset", is_flag=True, help="Forget earlier demo runs first.")
@_command
def demo(*, as_json: bool, **options: Any) -> int:
    """Replicate a sandbox workspace, then show what arrived; again, and see only what changed."""
    from pipelines import show
    from pipelines.demo import demo as run
    from pipelines.settings import read_settings
    from sources.customerio.extract import Report

    report = Report()
    with show.progress(report):
        result = run(read_settings(), **options, report=report, say=_note)
    if as_json:
        _print_json(show.demo_document(result))
    else:
        show.demo(result)
    return _sync_code(result.sync)


def _sync_code(result: Any) -> int:
    if not result.failed:
        return DONE
    return PARTLY if len(result.failed) < len(result.report.tallies) else FAILED


def _note(sentence: str) -> None:
    click.echo(sentence, err=True)


def _print_json(document: Any) -> None:
    click.echo(json.dumps(document, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
