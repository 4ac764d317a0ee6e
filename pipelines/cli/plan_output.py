"""Prints a forecast: a line for each resource, the sums, and the figures that are not known."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipelines.cli.tables import OUT, grid, say

if TYPE_CHECKING:
    from pipelines.ingest.forecast.forecast import Forecast

_NUMBERS = ("requests", "rows", "KB", "a day", "note")
_UNKNOWN = "?"


def forecast(found: "Forecast") -> None:
    """Print the forecast of a sync or of one backfill."""
    table = grid(("resource", "path", *_NUMBERS), numeric=_NUMBERS)
    # Many resources have the same note, which is longer than the rest of the line.
    notes = list(dict.fromkeys(line.note for line in found.tables if line.note))
    for line in found.tables:
        kilobytes = None if line.bytes is None else -(-line.bytes // 1000)
        numbers = (line.requests, line.rows, kilobytes, line.requests_a_day)
        cells = (_UNKNOWN if number is None else f"{number:,}" for number in numbers)
        note = str(notes.index(line.note) + 1) if line.note else ""
        table.add_row(line.resource, line.path, *cells, note)
    OUT.print(table)
    for number, note in enumerate(notes, start=1):
        say(f"Note {number}: {note}.")
    summary(found)
    if found.rows_unknown:
        say(f"Not known: the rows of {len(found.rows_unknown)} resource(s), marked ? above.")
    for sentence in found.sentences:
        say(sentence)
    say(f"This plan took {found.requests_of_plan:,} requests, and wrote nothing.")


def summary(found: "Forecast") -> None:
    """Print the sums of a forecast."""
    least = "at least " if found.rows_unknown else ""
    say(
        f"A {found.run}: {found.requests:,} requests, {found.minutes:,.1f} minutes at "
        f"{found.requests_a_second:,.1f} requests a second; {least}{found.rows:,} rows, "
        f"{'at least ' if found.bytes_unknown else ''}{found.bytes / 1e6:,.1f} MB of JSON."
    )


def forecast_document(found: "Forecast") -> dict[str, Any]:
    """The forecast as JSON."""
    return {**asdict(found), **totals(found), "notes": found.sentences}


def totals(found: "Forecast") -> dict[str, Any]:
    """The sums of a forecast as JSON."""
    names = ("requests", "minutes", "rows", "bytes", "requests_a_day", "rows_unknown", "bytes_unknown")
    return {name: getattr(found, name) for name in names}
