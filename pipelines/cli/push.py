"""`cio-elt push`: what SQL models say, sent to Customer.io; only what changed, and with proof."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.command import DONE, FAILED, PARTLY, STOPPED_BY_BRAKE, command, note, print_json

if TYPE_CHECKING:
    from pipelines.push import PushResult, PushSpec
    from pipelines.settings import Settings

_FOLDER = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Where the declarations are; default: CIO_ELT_PUSH.",
)
_NAMES = click.argument("names", nargs=-1, metavar="[SYNC]...")
_SHOW = click.option("--show-values", is_flag=True, help="Show people's data as it is.")


@click.group()
def push() -> None:
    """Send changed rows of SQL models to Customer.io."""


@push.command("list")
@_FOLDER
@command
def list_(*, folder: Path | None, as_json: bool) -> int:
    """List the syncs in the order in which they are pushed."""
    from pipelines.cli import push_output
    from pipelines.push import declared

    syncs = declared(_settings(folder).cio_elt_push)
    if as_json:
        print_json({"syncs": [sync.model_dump(mode="json") for sync in syncs]})
    else:
        push_output.declared(syncs)
    return DONE


@push.command()
@_NAMES
@_FOLDER
@command
def validate(*, names: tuple[str, ...], folder: Path | None, as_json: bool) -> int:
    """Check declarations, and their models against the warehouse; send nothing."""
    from pipelines.push import declared
    from pipelines.push.validating import validate as check

    settings, columns = _settings(folder), {}
    for sync in declared(settings.cio_elt_push, names):
        columns[sync.sync] = check(settings, sync, settings.cio_elt_push)
        if not as_json:
            click.echo(f"{sync.sync}: right; {len(columns[sync.sync])} columns.")
    if as_json:
        print_json({"syncs": [{"sync": name, "columns": found} for name, found in columns.items()]})
    return DONE


@push.command()
@_NAMES
@_FOLDER
@_SHOW
@command
def plan(*, names: tuple[str, ...], folder: Path | None, show_values: bool, as_json: bool) -> int:
    """Say what a push would send, and which brakes would stop it; send nothing."""
    from pipelines.cli import push_output
    from pipelines.push import declared
    from pipelines.push import plan as make

    settings, plans = _settings(folder), []
    for sync in declared(settings.cio_elt_push, names):
        plans.append(make(settings, sync, folder=settings.cio_elt_push, show_values=show_values))
        if not as_json:
            push_output.plan(plans[-1])
    if as_json:
        print_json({"plans": [made.document for made in plans]})
    return STOPPED_BY_BRAKE if any(made.gripping for made in plans) else DONE


@push.command()
@_NAMES
@_FOLDER
@click.option("--plan", "plan_id", help="Send exactly that plan, or nothing.")
@click.option("--approve", is_flag=True, help="Send that plan although a brake grips.")
@command
def run(
    *, names: tuple[str, ...], folder: Path | None, plan_id: str | None, approve: bool, as_json: bool
) -> int:
    """Send what changed: all syncs, or those named.

    Ends with 3 if a brake stopped it, with 4 if rows were refused or dropped.
    """
    from pipelines.cli import push_output
    from pipelines.errors import PlanChanged
    from pipelines.push import How, declared, push_all
    from pipelines.push import push as send

    def shown(settings: "Settings", declaration: "PushSpec", *, folder: Path, how: How) -> "PushResult":
        with push_output.sending(declaration.sync) as told:
            return send(settings, declaration, folder=folder, how=how.telling(told))

    if plan_id is not None and len(names) != 1:
        msg = "--plan is of one sync: name that one."
        raise click.UsageError(msg)
    settings, how = _settings(folder), How(plan_id=plan_id, approve=approve, notify=note)
    try:
        outcomes = push_all(
            settings,
            declared(settings.cio_elt_push, names),
            folder=settings.cio_elt_push,
            how=how,
            told=lambda outcome: None if as_json else push_output.outcome(outcome),
            push_one=shown,
        )
    except PlanChanged as changed:
        return _stopped(changed, as_json=as_json)
    if as_json:
        print_json({"syncs": [outcome.document for outcome in outcomes]})
    return _code(outcomes)


@push.command()
@command
def status(*, as_json: bool) -> int:
    """Show each sync's last run, what waits, and what was given up."""
    from pipelines.cli import push_output
    from pipelines.push import status as look
    from pipelines.settings import read_settings

    rows = look(read_settings())
    if as_json:
        print_json({"syncs": [asdict(row) for row in rows]})
    else:
        push_output.status(rows)
    return DONE


@push.command()
@click.argument("name", metavar="SYNC")
@_FOLDER
@click.option("--key", "keys", multiple=True, help="Only this row; repeat for more.")
@click.option("--reason", default="", help="Only rows whose reason has these words.")
@command
def retry(*, name: str, folder: Path | None, keys: tuple[str, ...], reason: str, as_json: bool) -> int:
    """Let rows that were given up be tried again by the next run."""
    from pipelines.push import declared, revive

    settings = _settings(folder)
    (sync,) = declared(settings.cio_elt_push, [name])
    revived = revive(settings, sync, keys=keys, reason=reason)
    if as_json:
        print_json({"sync": name, "revived": revived})
    else:
        click.echo(f"{name}: {revived:,} rows are tried again by the next run.")
    return DONE


@push.command()
@click.argument("run_id", metavar="RUN")
@_FOLDER
@click.option("--plan", "plan_id", help="Take it back, exactly as that undo plan says.")
@command
def undo(*, run_id: str, folder: Path | None, plan_id: str | None, as_json: bool) -> int:
    """Take back a run: say how, and with --plan do it."""
    from pipelines.cli import push_output
    from pipelines.errors import PlanChanged
    from pipelines.push import declared, plan_undo, sync_of_run
    from pipelines.push import undo as take_back

    settings = _settings(folder)
    (sync,) = declared(settings.cio_elt_push, [sync_of_run(settings, run_id)])
    if plan_id is None:
        made, carried = plan_undo(settings, sync, run_id), None
    else:
        try:
            made, carried = take_back(settings, sync, run_id, plan_id, notify=note)
        except PlanChanged as changed:
            return _stopped(changed, as_json=as_json)
    if as_json:
        print_json({"plan": made.document, "run": None if carried is None else carried.document})
    else:
        push_output.undone(made)
        if carried is not None:
            push_output.carried(carried)
    return DONE if carried is None or carried.whole else PARTLY


@push.command()
@click.argument("name", metavar="SYNC")
@_FOLDER
@click.option(
    "--without-sending", is_flag=True, required=True, help="Say that you know that nothing is sent."
)
@command
def reset(*, name: str, folder: Path | None, as_json: bool, **_sends_nothing: bool) -> int:
    """Take what the model says now for what Customer.io has; later changes are sent."""
    from pipelines.push import declared, take_for_sent

    settings = _settings(folder)
    (sync,) = declared(settings.cio_elt_push, [name])
    rows = take_for_sent(settings, sync, folder=settings.cio_elt_push)
    if as_json:
        print_json({"sync": name, "rows": rows})
    else:
        click.echo(f"{name}: {rows:,} rows count as sent from now on.")
    return DONE


def _settings(folder: Path | None) -> Any:
    """The settings of this process, with another folder of declarations if one is named."""
    from pipelines.settings import read_settings

    return read_settings(**({} if folder is None else {"cio_elt_push": folder}))


def _stopped(error: Exception, *, as_json: bool) -> int:
    if as_json:
        print_json({"error": {"kind": type(error).__name__, "message": str(error)}})
    note(f"cio-elt: {error}")
    return STOPPED_BY_BRAKE


def _code(outcomes: list[Any]) -> int:
    """The worst first: a brake asks for a person, a failure for another run."""
    if any(outcome.stopped for outcome in outcomes):
        return STOPPED_BY_BRAKE
    if outcomes and all(outcome.error for outcome in outcomes):
        return FAILED
    return DONE if all(outcome.well for outcome in outcomes) else PARTLY
