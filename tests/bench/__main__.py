"""`make bench`: runs the parts that are named, all of them for none, and prints what they measured."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import (
    audit,
    cadence,
    export,
    flows,
    limits,
    load,
    memory,
    people,
    push,
    search,
    start,
    sync,
    transform,
)

Rows = list[dict[str, Any]]

PARTS: dict[str, tuple[str, Callable[[], Rows]]] = {
    "start": ("Answering --help", start.run),
    "load": ("Loading deliveries into DuckDB from pages in memory", load.run),
    "memory": ("The memory of a first sync, and of many new fields", memory.run),
    "export": ("Exporting deliveries from the sandbox to tables that can be queried", export.run),
    "people": ("Exporting everybody in a workspace", people.run),
    "audit": ("Auditing pushes to 100,000 people, 500 rows of which were edited by hand", audit.run),
    "flows": ("What Prefect adds to a sync that finds nothing new", flows.run),
    "push": ("Pushing people: finding, packing, a first load", push.run),
    "limits": ("Reaching 10 requests a second, never more; 200 ms an answer", limits.run),
    "search": ("Searching 1,000,000 deliveries", search.run),
    "transform": ("Building and testing the marts of 1,000,000 deliveries", transform.run),
    "cadence": ("60 days of hourly syncs: requests for deliveries, recall of late metrics", cadence.run),
    "sync": ("A whole sync against strict limits; 200 ms an answer", sync.run),
}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    measured = {name: PARTS[name][1]() for name in options.parts or PARTS}
    if options.json:
        sys.stdout.write(json.dumps(measured) + "\n")
        return
    for name, rows in measured.items():
        Console(width=120).print(_table(PARTS[name][0], rows))


def _table(title: str, rows: Rows) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    for column in rows[0]:
        table.add_column(
            column.replace("_", " "), justify="left" if column == next(iter(rows[0])) else "right"
        )
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    return table


def _cell(name: str, value: object) -> str:
    if name == "share" and isinstance(value, float):
        return f"{value:.1%}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
