"""`cio-elt push`: send changed rows of SQL models to Customer.io, and confirm that they arrived."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipelines.cli.command import (
    DONE,
    FAILED,
    MISUSED,
    PARTLY,
    STOPPED_BY_BRAKE,
    Group,
    command,
    note,
    print_json,
    recorded_command,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pipelines.errors import EltError
    from pipelines.push import By, Declared, PushOptions, PushResult, PushSpec
    from pipelines.settings import Settings

T = TypeVar("T")

_FOLDER = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="The folder of the specs; default: CIO_ELT_PUSH.",
)
_NAMES = click.argument("names", nargs=-1, metavar="[SYNC]...")
_FULL = click.option(
    "--full", is_flag=True, help="All rows of one push, as if nothing were known of those sent before."
)
_SHOW = click.option("--show-values", is_flag=True, help="Show people's data as it is.")


@click.group(cls=Group)
def push() -> None:
    """Send changed rows of SQL models to Customer.io."""


@push.command("list")
@_FOLDER
@command
def list_(*, folder: Path | None, as_json: bool) -> int:
    """List the pushes in the order in which they run."""
    from pipelines.cli import push_output
    from pipelines.push import read_specs

    found = read_specs(_settings(folder).cio_elt_push)
    if as_json:
        syncs = [spec.model_dump(mode="json") for spec in found.specs]
        print_json({"syncs": syncs, "errors": _messages(found.errors)})
    else:
        push_output.print_specs(found.specs)
    return _named(found.errors)


@push.command()
@_NAMES
@_FOLDER
@command
def validate(*, names: tuple[str, ...], folder: Path | None, as_json: bool) -> int:
    """Check specs, and their models against the warehouse; send nothing."""
    from pipelines.push import read_specs
    from pipelines.push import validate as check

    settings = _settings(folder)
    found = read_specs(settings.cio_elt_push, names)

    def _checked(spec: "PushSpec") -> dict[str, str]:
        columns = check(settings, spec, settings.cio_elt_push)
        if not as_json:
            click.echo(f"{spec.sync}: valid; {len(columns)} columns.")
        return columns

    columns, errors = _each(found, _checked)
    if as_json:
        syncs = [{"sync": name, "columns": each} for name, each in columns.items()]
        print_json({"syncs": syncs, "errors": _messages(errors)})
    return _named(errors)


@push.command()
@_NAMES
@_FOLDER
@_SHOW
@_FULL
@command
def plan(*, names: tuple[str, ...], folder: Path | None, show_values: bool, full: bool, as_json: bool) -> int:
    """Show the rows that a push would send, and the brakes that would stop it; send nothing."""
    from pipelines.cli import output, push_output
    from pipelines.push import plan_push, read_specs
    from pipelines.workspace import read_record

    _check_one("--full", names, given=full)
    settings = _settings(folder)
    found = read_specs(settings.cio_elt_push, names)
    plans, errors = _each(
        found,
        lambda spec: plan_push(
            settings, spec, folder=settings.cio_elt_push, show_values=show_values, full=full
        ),
    )
    if as_json:
        documents = [each.document for each in plans.values()]
        print_json({"plans": documents, "errors": _messages(errors)})
    elif plans:
        output.workspace(read_record(settings))
        for each in plans.values():
            push_output.print_plan(each)
    stopped = any(each.stopped_by for each in plans.values())
    return _named(errors) or (STOPPED_BY_BRAKE if stopped else DONE)


@push.command()
@_NAMES
@_FOLDER
@click.option("--plan", "plan_id", help="Send exactly that plan, or nothing; default: plan anew.")
@click.option("--approve", is_flag=True, help="Send that plan although a brake stops it.")
@_FULL
@recorded_command
def run(
    *,
    names: tuple[str, ...],
    folder: Path | None,
    plan_id: str | None,
    approve: bool,
    full: bool,
    as_json: bool,
) -> int:
    """Send changed rows: of all pushes, or of those named.

    Ends with 3 if a brake stopped it, with 4 if rows were rejected or dropped.
    """
    from pipelines.cli import push_output
    from pipelines.errors import PlanChanged
    from pipelines.push import PushOptions, push_all, read_specs

    _check_one("--plan", names, given=plan_id is not None)
    _check_one("--full", names, given=full)
    settings = _settings(folder)
    options = PushOptions(plan_id=plan_id, approve=approve, full=full, notify=note)
    try:
        outcomes = push_all(
            settings,
            read_specs(settings.cio_elt_push, names),
            folder=settings.cio_elt_push,
            options=options,
            on_outcome=lambda outcome: None if as_json else push_output.print_outcome(outcome),
            push_one=_push_with_progress,
        )
    except PlanChanged as changed:
        return _stopped(changed, as_json=as_json)
    if as_json:
        print_json({"syncs": [outcome.document for outcome in outcomes]})
    return _code(outcomes)


@push.command()
@click.argument("name", metavar="SYNC")
@_FOLDER
@click.option(
    "--repair", is_flag=True, help="Plan and send the rows that differ, with the brakes of any run."
)
@click.option("--plan", "plan_id", help="Repair by exactly that plan, or send nothing; default: plan anew.")
@click.option("--approve", is_flag=True, help="Send that plan although a brake stops it.")
@click.option(
    "--by",
    type=click.Choice(("auto", "export", "reads")),
    default="auto",
    show_default=True,
    help="How Customer.io is read; auto takes the way with fewer requests.",
)
@_SHOW
@recorded_command
def audit(
    *,
    name: str,
    folder: Path | None,
    repair: bool,
    plan_id: str | None,
    approve: bool,
    by: "By",
    show_values: bool,
    as_json: bool,
) -> int:
    """Compare what Customer.io has now with what the model wants.

    Ends with 4 if there is drift, or if a repair left some of it; with 3 if a brake stopped the repair.
    """
    from pipelines.cli import push_output
    from pipelines.errors import PlanChanged
    from pipelines.push import AuditOptions, PushOptions, audit_push, load_specs

    if plan_id is not None and not repair:
        msg = "--plan is of a repair: add --repair."
        raise click.UsageError(msg)
    settings = _settings(folder)
    (spec,) = load_specs(settings.cio_elt_push, [name])
    sending = PushOptions(plan_id=plan_id, approve=approve, notify=note)
    options = AuditOptions(repair=repair, by=by, show_values=show_values, push=sending)
    try:
        result = audit_push(settings, spec, folder=settings.cio_elt_push, options=options)
    except PlanChanged as changed:
        return _stopped(changed, as_json=as_json)
    if as_json:
        print_json(result.document)
    else:
        push_output.print_audit(result)
    if result.push is not None and result.push.brakes:
        return STOPPED_BY_BRAKE
    return DONE if result.complete else PARTLY


@push.command()
@command
def status(*, as_json: bool) -> int:
    """Show the last run of each push, its rejected rows and its dead letters."""
    from pipelines.cli import output, push_output
    from pipelines.push import read_status
    from pipelines.settings import read_settings
    from pipelines.workspace import read_record

    settings = read_settings()
    rows = read_status(settings)
    if as_json:
        print_json({"syncs": [asdict(row) for row in rows]})
    elif not rows:
        push_output.print_no_status(settings)
    else:
        output.workspace(read_record(settings))
        push_output.print_status(rows)
    return DONE


@push.command()
@click.argument("name", metavar="SYNC")
@_FOLDER
@click.option(
    "--key", "keys", multiple=True, help="Only this row; repeat for more; default: all dead letters."
)
@click.option(
    "--reason", default="", help="Only rows whose rejection reason contains this text; default: any."
)
@command
def retry(*, name: str, folder: Path | None, keys: tuple[str, ...], reason: str, as_json: bool) -> int:
    """Let the next run retry dead letters: rows that were rejected or dropped too often."""
    from pipelines.push import load_specs, retry_dead_letters

    settings = _settings(folder)
    (spec,) = load_specs(settings.cio_elt_push, [name])
    retried = retry_dead_letters(settings, spec, keys=keys, reason=reason)
    if as_json:
        print_json({"sync": name, "revived": retried})
    else:
        click.echo(f"{name}: {retried:,} rows are retried by the next run.")
    return DONE


@push.command()
@click.argument("run_id", metavar="RUN")
@_FOLDER
@click.option("--plan", "plan_id", help="Undo it, exactly as that plan says; default: show the plan.")
@recorded_command
def undo(*, run_id: str, folder: Path | None, plan_id: str | None, as_json: bool) -> int:
    """Undo a run: show the plan, and with --plan send it."""
    from pipelines.cli import push_output
    from pipelines.errors import PlanChanged
    from pipelines.push import load_specs, plan_undo, push_of, undo_run

    settings = _settings(folder)
    (spec,) = load_specs(settings.cio_elt_push, [push_of(settings, run_id)])
    if plan_id is None:
        undo_plan, result = plan_undo(settings, spec, run_id), None
    else:
        try:
            undo_plan, result = undo_run(settings, spec, run_id, plan_id, notify=note)
        except PlanChanged as changed:
            return _stopped(changed, as_json=as_json)
    if as_json:
        print_json({"plan": undo_plan.document, "run": None if result is None else result.document})
    else:
        push_output.print_undo(undo_plan)
        if result is not None:
            push_output.print_run(result)
    return DONE if result is None or result.complete else PARTLY


@push.command()
@click.argument("name", metavar="SYNC")
@_FOLDER
@click.option("--without-sending", is_flag=True, required=True, help="Confirm that nothing is to be sent.")
@recorded_command
def reset(*, name: str, folder: Path | None, as_json: bool, **_sends_nothing: bool) -> int:
    """Mark the present rows of the model as sent; later changes are sent."""
    from pipelines.push import load_specs, mark_as_sent

    settings = _settings(folder)
    (spec,) = load_specs(settings.cio_elt_push, [name])
    rows = mark_as_sent(settings, spec, folder=settings.cio_elt_push)
    if as_json:
        print_json({"sync": name, "rows": rows})
    else:
        click.echo(f"{name}: {rows:,} rows count as sent from now on.")
    return DONE


def _each(found: "Declared", work: "Callable[[PushSpec], T]") -> "tuple[dict[str, T], dict[str, EltError]]":
    """Work on each push: the results and the errors by name; the error of a single push is raised."""
    from pipelines.errors import EltError

    results: dict[str, T] = {}
    errors: dict[str, EltError] = {**found.errors}
    for spec in found.specs:
        try:
            results[spec.sync] = work(spec)
        except EltError as error:
            if len(found.specs) + len(found.errors) == 1:
                raise
            errors[spec.sync] = error
    return results, errors


def _named(errors: "Mapping[str, EltError]") -> int:
    """Print the errors of single pushes, each once; returns the exit code, that of the worst."""
    for message in dict.fromkeys(map(str, errors.values())):
        note(f"cio-elt: {message}")
    return _worst(errors.values()) if errors else DONE


def _worst(errors: "Iterable[EltError | None]") -> int:
    """The exit code of one error or several: that of a user's mistake if all are one."""
    from pipelines.errors import ConfigError

    return MISUSED if all(isinstance(error, ConfigError) for error in errors) else FAILED


def _messages(errors: "Mapping[str, EltError]") -> dict[str, str]:
    return {name: str(error) for name, error in errors.items()}


def _check_one(option: str, names: tuple[str, ...], *, given: bool) -> None:
    if given and len(names) != 1:
        msg = f"{option} is of one push: name that one."
        raise click.UsageError(msg)


def _settings(folder: Path | None) -> Any:
    """The settings of this process, with another folder of specs if one is named."""
    from pipelines.settings import read_settings

    return read_settings(cio_elt_push=folder)


def _push_with_progress(
    settings: "Settings", spec: "PushSpec", *, folder: Path, options: "PushOptions"
) -> "PushResult":
    """Run one push, with a progress bar on a terminal."""
    from pipelines.cli import push_output
    from pipelines.push import push as run_push

    with push_output.progress(spec.sync) as on_progress:
        return run_push(settings, spec, folder=folder, options=options.with_progress(on_progress))


def _stopped(error: Exception, *, as_json: bool) -> int:
    if as_json:
        print_json({"error": {"kind": type(error).__name__, "message": str(error)}})
    note(f"cio-elt: {error}")
    return STOPPED_BY_BRAKE


def _code(outcomes: list[Any]) -> int:
    """The exit code of several pushes: the first of stopped, failed, partly done and done that applies."""
    if any(outcome.stopped for outcome in outcomes):
        return STOPPED_BY_BRAKE
    if outcomes and all(outcome.error for outcome in outcomes):
        return _worst(outcome.error for outcome in outcomes)
    return DONE if all(outcome.complete for outcome in outcomes) else PARTLY
