"""`python -m flows` serves all deployments, with a server if none runs; `setup` prepares the server."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from filelock import FileLock, Timeout
from prefect import get_client
from prefect.runner import Runner
from prefect.settings import get_current_settings

from flows import automations, blocks, deployments, reaper, server
from flows.runs import WRITER
from pipelines.errors import Busy, ConfigError, EltError
from pipelines.settings import read_settings
from pipelines.warehouse.data_folder import prepare
from sources.permissions import make_process_private

LIMIT = 4
"""Runs at once. A run that waits for the warehouse takes a place too, so one place is too few."""


class _Runner(Runner):
    """Prefect's runner with SIGTERM handled like Ctrl-C: Prefect's own handler ends no active run."""

    def handle_sigterm(self, *_args: Any, **_kwargs: Any) -> None:
        """Raise SIGINT, so that asyncio cancels all tasks in order."""
        signal.raise_signal(signal.SIGINT)


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="Runs at once.")
@click.pass_context
def main(context: click.Context, limit: int) -> None:
    """Serve all deployments of prefect.yaml until interrupted; start a Prefect server if none answers."""
    make_process_private()
    if context.invoked_subcommand is None:
        _exit_on_error(lambda: _serve(limit))


@main.command()
@click.option("--notify", metavar="TYPE/NAME", help="Notification block, such as slack-webhook/ops.")
def setup(notify: str | None) -> None:
    """Save the environment's secrets as blocks; create the writer's limit and the automations. Repeatable."""
    _exit_on_error(lambda: _set_up(notify))


def _serve(limit: int) -> None:
    # A shell starts background processes with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    prepare(read_settings().cio_elt_data)
    with _serving_lock(), server.running(_say):
        served = deployments.served(_say)
        names = [each.name for each in served]
        _reap(names)
        for sentence in deployments.keep_paused(served):
            _say(sentence)
        _say(f"Serving {', '.join(names)}; {limit} runs at once. Ctrl-C ends it.")
        # Schedules stay active, so that they work again after a restart; missed runs are cancelled then.
        runner = _Runner(name="customerio", limit=limit, pause_on_shutdown=False)
        for each in served:
            runner.add_deployment(each)
        with suppress(KeyboardInterrupt):
            asyncio.run(runner.start())
        # The processes of active runs ended with this one.
        _reap(names)


def _reap(names: list[str]) -> None:
    for sentence in reaper.reap(names):
        _say(sentence)


def _set_up(notify: str | None) -> None:
    with server.running(_say), get_client(sync_client=True) as client:
        for block in blocks.save(read_settings()):
            _say(f"Saved the Secret block {block}.")
        client.upsert_global_concurrency_limit_by_name(WRITER, 1)
        _say(f"The limit {WRITER} lets one run write the warehouse at a time.")
        for name in automations.save(_block(notify) if notify else None):
            _say(f"Saved the automation {name!r}.")


def _block(name: str) -> UUID:
    kind, _, own = name.partition("/")
    with get_client(sync_client=True) as client:
        for found in client.read_block_documents_by_type(kind):
            if found.name == own:
                return found.id
    msg = f"There is no block {name!r}. Create it in the UI under Blocks, and name it as TYPE/NAME."
    raise ConfigError(msg)


def _serving_lock() -> FileLock:
    """Take the lock of the one process that may serve with this PREFECT_HOME."""
    home = Path(get_current_settings().home)
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "serving.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        msg = f"Another process serves from {home} already. End it, or use another folder in PREFECT_HOME."
        raise Busy(msg) from None
    return lock


def _exit_on_error(work: Callable[[], None]) -> None:
    try:
        work()
    except EltError as error:
        click.echo(f"flows: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


if __name__ == "__main__":
    main()
