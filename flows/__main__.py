"""`python -m flows` serves all deployments, with a server if none runs; `setup` prepares the server."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from filelock import FileLock, Timeout
from prefect import get_client
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.settings import get_current_settings

from flows import automations, blocks, deployments, reaper, server, timetable
from flows.runs import WRITER
from pipelines.errors import Busy, ConfigError, EltError
from pipelines.settings import read_settings
from pipelines.warehouse.data_folder import prepare
from sources.permissions import make_process_private

LIMIT = 4
"""Runs at once. A run that waits for the warehouse takes a place too, so one place is too few."""


GRACE_S = 20.0
"""Seconds that a run has to end when the service is stopped."""


class _Runner(Runner):
    """Prefect's runner of these deployments; it says which runs it ends when it is stopped.

    It handles SIGTERM like Ctrl-C: Prefect's own handler ends no active run.
    """

    def __init__(self, served: list[RunnerDeployment], limit: int) -> None:
        # Schedules stay active, so that they work again after a restart; missed runs are cancelled then.
        super().__init__(name="customerio", limit=limit, pause_on_shutdown=False)
        self._names = [str(each.name) for each in served]
        for each in served:
            self.add_deployment(each)

    def handle_sigterm(self, *_args: Any, **_kwargs: Any) -> None:
        """Raise SIGINT, so that asyncio cancels all tasks in order."""
        _interrupt()

    async def __aexit__(self, *exc_info: Any) -> None:
        """Say which runs are under way, and let each of them end; Prefect would kill them at once."""
        under_way = reaper.under_way(self._names)
        names = (
            f"ending {len(under_way)} run(s): {'; '.join(under_way)}" if under_way else "no run is under way"
        )
        _say(f"Stopping: {names}.")
        ending = [self._process_manager.kill(each, GRACE_S) for each in self._process_manager.flow_run_ids()]
        await asyncio.gather(*ending)
        await super().__aexit__(*exc_info)


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
@click.option("--yes", is_flag=True, help="Start a Prefect server without a question if none answers.")
def setup(notify: str | None, yes: bool) -> None:
    """Save the environment's secrets as blocks; create the writer's limit and the automations. Repeatable."""
    _exit_on_error(lambda: _set_up(notify, (lambda _question: True) if yes else _asked))


def _serve(limit: int) -> None:
    # A shell starts background processes with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    prepare(read_settings().cio_elt_data)
    with suppress(KeyboardInterrupt), _serving_lock(), server.running(_say) as url:
        served = deployments.served(_say)
        names = [str(each.name) for each in served]
        _tell(reaper.reap(names))
        _tell(deployments.keep_paused(served))
        runner = _Runner(served, limit)
        _tell([f"Serving {len(served)} deployments:", *timetable.lines(served, datetime.now(UTC))])
        _say(f"Their pages are at {server.pages(url)}/deployments. {limit} runs at once. Ctrl-C ends it.")
        _say("`cio-elt ui` serves pages about tables, coverage, costs and pushes beside them.")
        with suppress(KeyboardInterrupt):
            asyncio.run(runner.start())
        _tell(reaper.reap(names, reaper.NOT_IN_TIME))
    _say("Stopped. Schedules stay as they are; the next start takes up what is due.")


def _interrupt(*_args: Any) -> None:
    signal.raise_signal(signal.SIGINT)


def _set_up(notify: str | None, may_start: Callable[[str], bool]) -> None:
    with server.running(_say, may_start=may_start) as url, get_client(sync_client=True) as client:
        for block in blocks.save(read_settings()):
            _say(f"Saved the Secret block {block}.")
        client.upsert_global_concurrency_limit_by_name(WRITER, 1)
        _say(f"The limit {WRITER} lets one run write the warehouse at a time.")
        for name in automations.save(_block(notify) if notify else None):
            _say(f"Saved the automation {name!r}.")
        _say(f"The Prefect server at {server.pages(url)} is set up.")


def _asked(question: str) -> bool:
    """The answer to a question at a terminal; no one is there to answer in a pipe."""
    return sys.stdin.isatty() and click.confirm(question, default=True, err=True)


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


def _tell(sentences: list[str]) -> None:
    for sentence in sentences:
        _say(sentence)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)


if __name__ == "__main__":
    main()
