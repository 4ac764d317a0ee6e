"""The reference pages and the seed, written from the catalogue: `python -m sources.customerio.pages`."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from sources.customerio.catalogue import (
    DELIVERY_METRICS,
    OPERATIONS,
    RESOURCES,
    Operation,
    Resource,
    operation,
)
from sources.customerio.catalogue.resource import DAY
from sources.customerio.client.api import method_name
from sources.customerio.extract import BANDS, Band
from sources.customerio.fidelity import fidelity_page
from sources.customerio.sandbox.wire.routes import HANDLERS

FOLDER = Path(__file__).parent
"""The folder of the reference pages."""
SEED = FOLDER.parents[1] / "warehouse" / "seeds" / "delivery_metrics.csv"
"""The seed of the warehouse with the delivery metrics."""


def tables_page() -> str:
    """TABLES.md: every table, its key, and where its rows come from."""
    lines = [
        "# Tables",
        "",
        "Written from `RESOURCES`; do not edit. The column in italics is the time that orders the rows.",
        "A table marked with * is read only when it is named: it costs a request a row, or a quota of a day.",
        "",
        "A sync of all tables leaves out parents whose rows cannot have changed. The column *read* says what",
        "makes it read a parent, and the most days until it does so without. A table that is named, and any",
        "table of a full sync, is read whole.",
        "",
        "| table | a row is | key | read from | read | columns known beforehand |",
        "|---|---|---|---|---|---|",
        *map(_table, RESOURCES),
    ]
    return "\n".join(lines) + "\n"


def operations_page() -> str:
    """OPERATIONS.md: every call, its method of the client, the sandbox's support, the tables it fills."""
    answered = sum(row.id in HANDLERS for row in OPERATIONS)
    stable = [row for row in OPERATIONS if row.stability == "stable"]
    filled: dict[str, list[str]] = defaultdict(list)
    for row in RESOURCES:
        filled[row.operation].append(f"[`{row.table}`](TABLES.md)")
    lines = [
        "# Operations",
        "",
        f"Written from `OPERATIONS`; do not edit. All {len(stable)} calls of Customer.io's App and Track",
        f"APIs: the client makes each of them, and the sandbox answers {answered}.",
        "",
        *_HEAD,
        *(_operation(row, ", ".join(filled[row.id])) for row in stable),
        "",
        "## Doubtful",
        "",
        "These calls stand in a document alone or were inferred, and may not exist. The client can make",
        "them; `cio-elt api list` has them with `--all`, and the sandbox answers 501.",
        "",
        *_HEAD,
        *(_operation(row, "") for row in OPERATIONS if row.stability == "doubtful"),
    ]
    return "\n".join(lines) + "\n"


def delivery_metrics_seed() -> str:
    """delivery_metrics.csv: every metric of deliveries, its label, and if it is a machine's reaction."""
    rows = [f"{row.name},{row.label},{str(row.actor == 'machine').lower()}" for row in DELIVERY_METRICS]
    return "\n".join(["metric,label,is_machine", *rows]) + "\n"


FILES: Mapping[Path, Callable[[], str]] = {
    FOLDER / "TABLES.md": tables_page,
    FOLDER / "OPERATIONS.md": operations_page,
    FOLDER / "sandbox" / "FIDELITY.md": fidelity_page,
    SEED: delivery_metrics_seed,
}
"""Every file that is written from the catalogue, and its text."""


_HEAD = (
    "| operation | call | client | sandbox | table | effect | limit | paging |",
    "|---|---|---|---|---|---|---|---|",
)


def _table(row: Resource) -> str:
    columns = ", ".join(f"_{name}_" if name == row.cursor else name for name in row.columns)
    call, star = operation(row.operation), " *" if row.optional else ""
    cells = (
        f"`{row.table}`{star}",
        row.description,
        ", ".join(row.key),
        f"[`{call.method} {call.path}`]({call.docs})",
        _read(row),
        columns,
    )
    return f"| {' | '.join(cells)} |"


def _read(row: Resource) -> str:
    rule = row.changes_with
    if row.reader == "windows":
        return "; ".join(map(_age, BANDS)) + "; older ones of which an activity tells, at once"
    if rule is None:
        return "each sync"
    told = [
        *(["its own row changed"] if rule.parent_row else []),
        *([f"a row of `{rule.rows_of}` changed"] if rule.rows_of and not rule.metric else []),
        *([f"a row of `{rule.rows_of}` with `{rule.metric}` changed"] if rule.metric else []),
    ]
    return "; ".join([*told, f"{'at the latest ' if told else ''}within {rule.sweep_s / DAY:g} d"])


def _age(band: Band) -> str:
    """The age of deliveries that are read again, and how often."""
    often = f"every {band.every_s / DAY:g} d" if band.every_s else "each sync"
    return f"up to {band.max_age_s / DAY:g} d old {often}"


def _operation(row: Operation, tables: str) -> str:
    paging = row.paging if row.page_max is None else f"{row.paging}, up to {row.page_max:,}"
    cells = (
        f"[`{row.id}`]({row.docs})",
        f"`{row.method} {row.path}`",
        f"`{row.api}.{method_name(row)}`",
        "yes" if row.id in HANDLERS else "",
        tables,
        row.effect,
        row.bucket,
        paging,
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for path, text in FILES.items():
        path.write_text(text())
