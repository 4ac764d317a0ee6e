"""`cio-elt`: parses arguments and prints results; the work is done in other packages."""

from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.api import api
from pipelines.cli.command import (
    BANDS,
    DONE,
    FAILED,
    LENGTH,
    MOMENT,
    PARTLY,
    PLAN,
    WAIT,
    Group,
    command,
    note,
    print_json,
    recorded_command,
)
from pipelines.cli.config import config, init
from pipelines.cli.doctor import doctor
from pipelines.cli.erase import erase
from pipelines.cli.export import export
from pipelines.cli.plan import plan
from pipelines.cli.privacy import privacy
from pipelines.cli.push import push
from pipelines.cli.reconcile import publish, reconcile
from pipelines.cli.report import report
from pipelines.cli.search import search
from pipelines.cli.transform import transform
from pipelines.cli.ui import ui

if TYPE_CHECKING:
    from pipelines.settings import Settings

_SCALE = click.Choice(["tiny", "demo", "large"])


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="customerio-elt", prog_name="cio-elt")
def main() -> None:
    """Sync a Customer.io workspace into a warehouse, and push changes back.

    Settings come from the environment or from .env; only CUSTOMERIO_APP_API_KEY is required.
    """


@main.command()
@command
def check(*, as_json: bool) -> int:
    """Test credentials, region and each resource, and predict the cost of the first sync; write nothing."""
    from pipelines.cli import output, plan_output
    from pipelines.cli.tables import warn
    from pipelines.errors import CustomerioError
    from pipelines.ingest.check import check as run
    from pipelines.ingest.check import first_sync
    from pipelines.settings import read_settings

    settings = read_settings()
    result = run(settings)
    if not as_json:
        output.check(result)
    planned = None
    if result.complete:
        try:
            planned = first_sync(settings)
        except CustomerioError as error:
            warn(f"What the first sync costs is not known: {error}")
    if as_json:
        state = {"complete": result.complete, "verdict": result.verdict}
        cost = plan_output.totals(planned) if planned else None
        print_json({**asdict(result), "workspace": result.workspace.document, **state, "first_sync": cost})
    else:
        output.verdict(result, planned)
    return DONE if result.complete else PARTLY


@main.command()
@click.argument("resources", nargs=-1)
@click.option("--full", is_flag=True, help="Read everything again; only changes are written.")
@click.option(
    "--accept-deletions",
    multiple=True,
    metavar="TABLE",
    help="Mark the missing rows of TABLE as deleted, however many they are; default: none.",
)
@click.option(
    "--new-workspace",
    is_flag=True,
    help="Refuse to go into a data folder that has a warehouse: each workspace has a folder of its own.",
)
@BANDS
@PLAN
@WAIT
@recorded_command
def sync(
    *,
    resources: tuple[str, ...],
    new_workspace: bool,
    bands: str | None,
    plans: bool,
    wait_s: float,
    as_json: bool,
    **how: Any,
) -> int:
    """Bring the warehouse up to date: all RESOURCES, or those named.

    Of all tables, what cannot have changed is not read; tables that are named are read whole. The requests
    that were predicted are printed beside those that it took: by a plan, or by earlier syncs.
    """
    from pipelines.settings import read_settings

    # Settings are checked first, so that an error in one is shown at once: importing dlt takes a second.
    settings = read_settings(customerio_bands=bands)
    if new_workspace:
        from pipelines.workspace import check_empty

        check_empty(settings)
    from pipelines.cli import output
    from pipelines.cli.progress import progress
    from pipelines.ingest.sync import sync as run
    from sources.customerio.extract import RunSummary

    summary = RunSummary()
    if plans:
        how["predicted"] = _planned(settings, resources, full=how["full"])
    with progress(summary):
        result = run(settings, resources, **how, wait_s=wait_s, summary=summary, notify=note)
    if as_json:
        print_json(output.sync_document(result))
    else:
        output.sync(result)
    return _sync_code(result)


def _planned(settings: "Settings", resources: tuple[str, ...], *, full: bool) -> dict[str, int]:
    """The requests that a plan predicts, by table."""
    from pipelines.ingest.forecast.forecast import CHECK, forecast

    found = forecast(settings, resources, full=full)
    return {table.resource: table.requests for table in found.tables if table.resource != CHECK}


@main.command()
@click.argument("resource")
@click.option(
    "--from",
    "start",
    type=MOMENT,
    default=None,
    help="Begin of the range, such as 2025-01-31; default with --gaps: the first time that was read.",
)
@click.option("--to", "end", type=MOMENT, default=None, help="End of the range; default: now.")
@click.option("--gaps", is_flag=True, help="Read only time that no run has read yet.")
@click.option(
    "--chunk-days",
    type=click.IntRange(1, 180),
    default=7,
    show_default=True,
    help="Days that are read, loaded and published at a time.",
)
@click.option(
    "--via",
    type=click.Choice(["pages", "exports"]),
    default="pages",
    show_default=True,
    help="Exports, one for each parent, add only deliveries that are missing; `cio-elt plan` compares "
    "the requests of both.",
)
@PLAN
@WAIT
@recorded_command
def backfill(*, via: str, plans: bool, wait_s: float, as_json: bool, **what: Any) -> int:
    """Read RESOURCE again for a time range, in chunks.

    RESOURCE is messages or activities; the rows of other tables have no time to ask for, and a sync reads all
    of them. Customer.io keeps activities for 30 days.

    A backfill that was stopped is resumed by the same command.
    """
    if via == "exports":
        if plans:
            msg = "--plan predicts a backfill by pages; `cio-elt plan --from` predicts one by exports."
            raise click.UsageError(msg)
        return _by_exports(wait_s=wait_s, as_json=as_json, **what)
    from pipelines.cli import output
    from pipelines.cli.progress import progress
    from pipelines.ingest.backfill import fill, plan
    from pipelines.ingest.forecast.backfill import forecast_chunks
    from pipelines.settings import read_settings
    from sources.customerio.extract import RunSummary

    settings = read_settings()
    planned, results = plan(settings, **what), []
    output.planned(planned)
    predicted = forecast_chunks(settings, planned) if plans else {}
    read = partial(fill, settings, planned, wait_s=wait_s, notify=note)
    with output.filled(quiet=as_json) as told:
        for window in planned.chunks:
            summary = RunSummary()
            with progress(summary):
                results.append(read(window, predicted=predicted.get(window), summary=summary))
            told(window, results[-1])
            if results[-1].failed:
                break
    if as_json:
        print_json(output.backfill_document(planned, results))
    if results and results[-1].failed:
        return FAILED
    return PARTLY if any(result.rejected for result in results) else DONE


@main.command()
@click.option("--fail-on-gap", is_flag=True, help="End with 1 if time is missing, or soon lost.")
@click.option(
    "--max-lag",
    type=LENGTH,
    default=None,
    help="End with 1 if a table is further behind, such as 2h or 1d; default: no limit.",
)
@click.option(
    "--fail-on-failure", is_flag=True, help="End with 1 if the last run of any command failed or was killed."
)
@click.option("--all", "every_table", is_flag=True, help="Show every table, not a line for each group.")
@command
def status(
    *, fail_on_gap: bool, fail_on_failure: bool, max_lag: int | None, every_table: bool, as_json: bool
) -> int:
    """Show a verdict, what needs attention, and how fresh the tables are.

    The last runs of commands that failed or were killed come first. Ends with 1 if the last run of all is one
    of them.
    """
    from pipelines.errors import ConfigError
    from pipelines.ingest.status import ended_runs, failed, late, missing, warehouse_status
    from pipelines.settings import read_settings
    from pipelines.trace import failed_last

    settings = read_settings()
    try:
        found = warehouse_status(settings)
    except ConfigError as error:
        # The run that was to make the warehouse may be the one that failed.
        for run in failed_last(ended_runs(settings)):
            error.add_sentence(failed(run))
        raise
    behind, lacking = late(found.tables, max_lag), missing(found.tables)
    if as_json:
        print_json({**found.document, "late": behind, "missing": lacking})
    else:
        from pipelines.cli.status_output import print_status

        print_status(found, max_lag_s=max_lag, every_table=every_table)
    broken = (
        found.last_run_failed
        or (max_lag is not None and behind)
        or (fail_on_gap and lacking)
        or (fail_on_failure and found.failures)
    )
    return FAILED if broken else DONE


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="Port; 0 chooses a free one."
)
@click.option(
    "--allow-remote",
    is_flag=True,
    help="Listen on an address that other machines reach; the control routes need a key then.",
)
@click.option("--scale", type=_SCALE, default="demo", show_default=True, help="Size of the workspace.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same workspace.")
@click.option(
    "--workspaces",
    type=click.IntRange(1, 20),
    default=1,
    show_default=True,
    help="Workspaces of the account, each with keys of its own.",
)
@click.option("--strict-limits", is_flag=True, help="Enforce Customer.io's rate limits exactly.")
@click.option(
    "--latency-ms", type=click.IntRange(0), default=0, show_default=True, help="Delay of each response."
)
@click.option(
    "--knobs", "list_knobs", is_flag=True, help="List the sandbox's knobs and assumptions, and end."
)
@command
def sandbox(*, as_json: bool, list_knobs: bool, **options: Any) -> int:
    """Serve a sandbox of Customer.io until interrupted."""
    from pipelines.cli import output
    from pipelines.sandbox import knobs, serve

    if list_knobs:
        print_json(knobs()) if as_json else output.knobs(**knobs())
        return DONE
    with suppress(KeyboardInterrupt), serve(**options) as served:
        if as_json:
            print_json(served.document)
        else:
            output.sandbox(served)
        served.wait()
    return DONE


@main.command()
@click.option(
    "--advance-days",
    type=click.IntRange(0),
    default=None,
    help="Days that pass in the workspace before this run; default: 0 on the first run, then 1.",
)
@click.option("--scale", type=_SCALE, default=None, help="Size of the workspace; default: demo.")
@click.option("--reset", is_flag=True, help="Delete earlier demo runs first.")
@command
def demo(*, as_json: bool, **options: Any) -> int:
    """Sync a sandbox workspace, and show the result.

    On each further run a day has passed in the workspace, and only its changes are written.
    """
    from pipelines.cli import demo_output
    from pipelines.cli.progress import progress
    from pipelines.demo import demo as run
    from pipelines.settings import read_settings
    from sources.customerio.extract import RunSummary

    summary = RunSummary()
    with progress(summary):
        result = run(read_settings(), **options, summary=summary, notify=note)
    if as_json:
        print_json(demo_output.demo_document(result))
    else:
        demo_output.print_demo(result)
    return _sync_code(result.sync)


main.add_command(api)
main.add_command(config)
main.add_command(doctor)
main.add_command(init)
main.add_command(erase)
main.add_command(privacy)
main.add_command(export)
main.add_command(plan)
main.add_command(push)
main.add_command(search)
main.add_command(transform)
main.add_command(reconcile)
main.add_command(publish)
main.add_command(report)
main.add_command(ui)


def _by_exports(
    *, resource: str, start: int | None, end: int | None, gaps: bool, wait_s: float, as_json: bool, **_: Any
) -> int:
    from pipelines.cli import output
    from pipelines.cli.progress import history_progress
    from pipelines.export import HistoryProgress, history, prepare_history
    from pipelines.settings import read_settings

    if resource != "messages" or gaps or start is None:
        msg = "--via exports reads messages alone, needs --from, and cannot be used with --gaps."
        raise click.UsageError(msg)
    settings, progress, results = read_settings(), HistoryProgress(), []
    found = prepare_history(settings, start, end)
    output.history_planned(found)
    try:
        with history_progress(progress):
            for result in history(settings, found, wait_s=wait_s, notify=note, progress=progress):
                results.append(result)
    finally:
        if not as_json:
            output.history(progress, results)
    if as_json:
        print_json(output.history_document(found, progress, results))
    if progress.failed:
        return PARTLY if results else FAILED
    return DONE


def _sync_code(result: Any) -> int:
    if not result.failed:
        return PARTLY if result.rejected else DONE
    # Where deletions are held back alone, what was read is loaded.
    unread = [tally for tally in result.failed if tally.held is None]
    return PARTLY if len(unread) < len(result.summary.resources) else FAILED
