"""`cio-elt export`: creates an export of people or deliveries, waits for its file and loads it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from pipelines.cli.command import (
    DONE,
    LENGTH,
    MOMENT,
    PARTLY,
    WAIT,
    Group,
    note,
    print_json,
    recorded_command,
)

_attributes = partial(click.option, "--attribute", "attributes", multiple=True, metavar="NAME")
_DEADLINE = click.option(
    "--deadline",
    "deadline_s",
    type=LENGTH,
    default="6h",
    show_default=True,
    help="How long to wait for Customer.io to make the file.",
)


@click.group(cls=Group)
def export() -> None:
    """Load people or deliveries from an export file.

    An export costs a handful of requests at any size. A command that was stopped is resumed by the
    same command, with the same export: it creates none while one is under way.
    """


@export.command()
@click.option(
    "--filter",
    "filter_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file with a filter, as searches take it; default: all people.",
)
@_attributes(help="An attribute to export; repeat for more; default: all.")
@_DEADLINE
@WAIT
@recorded_command
def people(*, filter_file: Path | None, attributes: tuple[str, ...], as_json: bool, **waiting: float) -> int:
    """Load people, all or those of a filter.

    Without --filter, a person who is not in the file gets a tombstone.
    """
    from pipelines.export import PeopleRequest

    chosen = {} if filter_file is None else {"filters": _filter(filter_file)}
    return _export(lambda: PeopleRequest(**chosen, attributes=attributes or None), waiting, as_json)


@export.command()
@click.option(
    "--campaign",
    "campaign_id",
    type=int,
    help="Deliveries of this campaign or broadcast; default: none.",
)
@click.option("--newsletter", "newsletter_id", type=int, help="Deliveries of this newsletter; default: none.")
@click.option(
    "--transactional-message",
    "transactional_message_id",
    type=int,
    help="Deliveries of this transactional message; default: none.",
)
@click.option(
    "--action", "action_id", type=int, help="Deliveries of this action of a campaign; default: none."
)
@click.option(
    "--from",
    "start",
    type=MOMENT,
    default=None,
    help="Created from here on, such as 2025-01-31; default: 6 months ago.",
)
@click.option(
    "--to",
    "end",
    type=MOMENT,
    default=None,
    help="Created before here, 12 months later at most; default: now.",
)
@click.option(
    "--metric",
    default=None,
    help="Only deliveries that reached it, such as delivered; default: all that were sent.",
)
@click.option("--drafts", is_flag=True, help="Drafts as well.")
@_attributes(help="A further column to export; repeat for more; default: none.")
@_DEADLINE
@WAIT
@recorded_command
def deliveries(
    *,
    end: int | None,
    attributes: tuple[str, ...],
    deadline_s: float,
    wait_s: float,
    as_json: bool,
    **parent: Any,
) -> int:
    """Load the deliveries of one parent that were created within a range.

    The parent is a campaign, a newsletter, a transactional message or an action of a campaign: give one of
    them. Give both ends of the range, or neither.
    """
    from pipelines.export import DeliveriesRequest

    last = None if end is None else end - 1
    return _export(
        lambda: DeliveriesRequest(**parent, end=last, attributes=attributes or None),
        {"deadline_s": deadline_s, "wait_s": wait_s},
        as_json,
    )


def _filter(file: Path) -> Any:
    from sources.customerio.client import ConfigError

    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        msg = f"{file} is not JSON: {error}. Write a filter as Customer.io's search of people takes it."
        raise ConfigError(msg) from None


def _export(request: Callable[[], Any], waiting: dict[str, Any], as_json: bool) -> int:
    from pipelines.cli import output
    from pipelines.export import export as run
    from pipelines.settings import read_settings

    result = run(read_settings(), request(), **waiting, notify=note)
    if as_json:
        print_json(asdict(result))
    else:
        output.exported(result)
    return PARTLY if result.held else DONE
