"""`cio-elt erase`: removes people from the warehouse and all else in the data folder, and keeps them out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.command import DONE, FAILED, STOPPED_BY_BRAKE, WAIT, note, print_json, recorded_command

if TYPE_CHECKING:
    from pipelines.erase import EraseResult, There


@click.command()
@click.option(
    "--email", "emails", multiple=True, help="An address of the person; repeat for more; default: none."
)
@click.option("--id", "ids", multiple=True, help="An id of the person; repeat for more; default: none.")
@click.option("--cio-id", "cio_ids", multiple=True, help="A cio_id; repeat for more; default: none.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV file of people, with a header of email, id or cio_id; default: none.",
)
@click.option("--dry-run", is_flag=True, help="Count what would be erased, and change nothing.")
@click.option("--yes", is_flag=True, help="Confirm that the people are erased, which cannot be undone.")
@click.option(
    "--also-in-customerio",
    "deletes",
    is_flag=True,
    help="Delete them in Customer.io first, with the Track API's keys.",
)
@click.option(
    "--suppress",
    "suppresses",
    is_flag=True,
    help="Suppress them in Customer.io first: they are deleted there, and their identifiers are blocked.",
)
@click.option(
    "--lift", is_flag=True, help="Lift the record of an erasure, so that they may come again; erase nothing."
)
@click.option(
    "--resume", "resumes", is_flag=True, help="Finish an erasure that was killed; it needs no identifier."
)
@WAIT
@recorded_command
def erase(
    *,
    emails: Sequence[str],
    ids: Sequence[str],
    cio_ids: Sequence[str],
    file: Path | None,
    dry_run: bool,
    yes: bool,
    deletes: bool,
    suppresses: bool,
    lift: bool,
    resumes: bool,
    wait_s: float,
    as_json: bool,
) -> int:
    """Erase people from the warehouse and all else in the data folder, and keep them out from then on.

    All identifiers that are known of them are erased, former ones too: their rows are deleted, and in rows of
    others the identifiers are replaced. A record without personal data stays: while it stands, no sync,
    export or push takes them up again. Without --yes, what would be erased is only counted, and the command
    ends with 3. It ends with 1 if something of them is left in a file.
    """
    from pipelines.erase import erase as run
    from pipelines.erase import identifiers, read_people
    from pipelines.settings import read_settings

    given = identifiers(
        [
            *(("email", value) for value in emails),
            *(("id", value) for value in ids),
            *(("cio_id", value) for value in cio_ids),
            *(read_people(file) if file else ()),
        ]
    )
    if resumes:
        if given:
            msg = "--resume finishes the erasure that was killed, whose people are known: name none."
            raise click.UsageError(msg)
        return _resume(read_settings(), wait_s, as_json=as_json)
    if not given:
        msg = "Name the people: --email, --id, --cio-id or --file."
        raise click.UsageError(msg)
    settings = read_settings()
    if lift:
        return _lift(settings, given, wait_s, as_json=as_json)
    there: There | None = "suppress" if suppresses else "delete" if deletes else None
    result = run(settings, given, really=yes and not dry_run, there=there, wait_s=wait_s, notify=note)
    _print(result, as_json=as_json)
    if result.done:
        return FAILED if result.traces else DONE
    if dry_run:
        return DONE
    note("Nothing was erased, since that cannot be undone. Add --yes to do it.")
    return STOPPED_BY_BRAKE


def _resume(settings: Any, wait_s: float, *, as_json: bool) -> int:
    from pipelines.erase import resume

    result = resume(settings, wait_s=wait_s, notify=note)
    if result is None:
        note("Every erasure came to its end: there is none to resume.")
        if as_json:
            print_json({"done": False})
        return DONE
    _print(result, as_json=as_json)
    return FAILED if result.traces else DONE


def _print(result: "EraseResult", *, as_json: bool) -> None:
    from pipelines.cli.erase_output import print_erased

    if as_json:
        print_json(result.document)
    else:
        print_erased(result)


def _lift(settings: Any, given: Any, wait_s: float, *, as_json: bool) -> int:
    from pipelines.erase import lift

    lifted = lift(settings, given, wait_s=wait_s, notify=note)
    if as_json:
        print_json({"lifted": lifted})
    else:
        note(f"{lifted:,} record(s) lifted: the next sync takes up what Customer.io has of these people.")
    return DONE
