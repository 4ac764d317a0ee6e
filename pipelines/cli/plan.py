"""`cio-elt plan`: prints what a sync or a backfill would cost."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.command import DONE, MOMENT, command, print_json
from pipelines.cli.tables import OUT, grid, say

if TYPE_CHECKING:
    from pipelines.ingest.forecast.forecast import Forecast

_NUMBERS = ("requests", "rows", "KB", "a day")
_UNKNOWN = "?"


@click.command()
@click.argument("resources", nargs=-1)
@click.option("--from", "start", type=MOMENT, default=None, help="Plan a backfill from that day on.")
@click.option("--to", "end", type=MOMENT, default=None, help="End of the backfill; default: now.")
@command
def plan(*, resources: tuple[str, ...], start: int | None, end: int | None, as_json: bool) -> int:
    """Predict the cost of a sync, or of a backfill; write nothing.

    Of all RESOURCES or those named: requests, minutes at the configured rate, rows and bytes. With --from, of
    a backfill of messages or of those named.
    """
    from pipelines.ingest.forecast.backfill import forecast_backfill
    from pipelines.ingest.forecast.forecast import forecast
    from pipelines.settings import read_settings

    settings = read_settings()
    if start is None and end is None:
        found = [forecast(settings, resources)]
    else:
        found = [forecast_backfill(settings, name, start, end) for name in resources or ("messages",)]
    if as_json:
        documents = [_document(each) for each in found]
        print_json(documents[0] if start is None and end is None else {"backfills": documents})
    else:
        for each in found:
            _print(each)
    return DONE


def _document(found: "Forecast") -> dict[str, Any]:
    totals = ("requests", "minutes", "rows", "bytes", "requests_a_day", "rows_unknown", "bytes_unknown")
    return {**asdict(found), **{name: getattr(found, name) for name in totals}, "notes": found.sentences}


def _print(found: "Forecast") -> None:
    table = grid(("resource", "path", *_NUMBERS, ""), numeric=_NUMBERS)
    for line in found.tables:
        kilobytes = None if line.bytes is None else -(-line.bytes // 1000)
        numbers = (line.requests, line.rows, kilobytes, line.requests_a_day)
        cells = (_UNKNOWN if number is None else f"{number:,}" for number in numbers)
        table.add_row(line.resource, line.path, *cells, line.note)
    OUT.print(table)
    least = "at least " if found.rows_unknown else ""
    say(
        f"A {found.run}: {found.requests:,} requests, {found.minutes:,.1f} minutes at "
        f"{found.requests_a_second:g} requests a second; {least}{found.rows:,} rows, "
        f"{'at least ' if found.bytes_unknown else ''}{found.bytes / 1e6:,.1f} MB of JSON."
    )
    if found.rows_unknown:
        say(f"Not known: the rows of {len(found.rows_unknown)} resource(s), marked ? above.")
    for sentence in found.sentences:
        say(sentence)
    say(f"This plan took {found.requests_of_plan:,} requests, and wrote nothing.")
