"""`python -m flows` serves all deployments, with a server if none runs; `setup` prepares that server."""

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
from pipelines.warehouse.publish import prepare

LIMIT = 4
"""Runs at once. Those that wait for the warehouse take a place too, so that one place is too few."""


class _Runner(Runner):
    """Prefect's runner, told to end by the system as by Ctrl-C: its own way ends no run that is under way."""

    def handle_sigterm(self, *_args: Any, **_kwargs: Any) -> None:
        """Let asyncio end everything in order."""
        signal.raise_signal(signal.SIGINT)


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(1), default=LIMIT, show_default=True, help="Runs at once.")
@click.pass_context
def main(context: click.Context, limit: int) -> None:
    """Serve every deployment of prefect.yaml until interrupted, with a Prefect server if none answers."""
    if context.invoked_subcommand is None:
        _told(lambda: _serve(limit))


@main.command()
@click.option(
    "--notify", metavar="TYPE/NAME", help="Block to send notifications through, such as slack-webhook/ops."
)
def setup(notify: str | None) -> None:
    """Keep the environment's secrets in blocks; create the writer's limit and the automations. Repeatable."""
    _told(lambda: _set_up(notify))


def _serve(limit: int) -> None:
    # A shell starts what it runs in the background deaf to interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    prepare(read_settings().cio_elt_data)
    with _alone(), server.running(_say):
        made = deployments.served()
        names = [each.name for each in made]
        _put_right(names)
        _say(f"Serving {', '.join(names)}; {limit} runs at once. Ctrl-C ends it.")
        # Schedules go on when the process is restarted; what was missed is dropped then.
        runner = _Runner(name="customerio", limit=limit, pause_on_shutdown=False)
        for each in made:
            runner.add_deployment(each)
        with suppress(KeyboardInterrupt):
            asyncio.run(runner.start())
        # The processes of runs that were under way were ended with this one.
        _put_right(names)


def _put_right(names: list[str]) -> None:
    for sentence in reaper.put_right(names):
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


def _alone() -> FileLock:
    """The lock of the one process that serves with this PREFECT_HOME."""
    home = Path(get_current_settings().home)
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "serving.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        msg = f"Another process serves from {home} already. End it, or use another folder in PREFECT_HOME."
        raise Busy(msg) from None
    return lock


def _told(work: Callable[[], None]) -> None:
    try:
        work()
    except EltError as error:
        click.echo(f"flows: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


if __name__ == "__main__":
    main()
