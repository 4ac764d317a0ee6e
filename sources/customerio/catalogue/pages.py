"""The reference pages, written from the catalogue: `python -m sources.customerio.catalogue.pages`."""

from pathlib import Path

from sources.customerio.catalogue import OPERATIONS, RESOURCES, Operation, Resource, operation

FOLDER = Path(__file__).parents[1]


def tables_page() -> str:
    """TABLES.md: every table, its key, and where its rows come from."""
    lines = [
        "# Tables",
        "",
        "Written from `RESOURCES`; do not edit. The column in italics is the time that orders the rows.",
        "",
        "| table | key | read from | columns known beforehand |",
        "|---|---|---|---|",
        *map(_table, RESOURCES),
    ]
    return "\n".join(lines) + "\n"


def operations_page() -> str:
    """OPERATIONS.md: every call, with its page in Customer.io's documentation."""
    lines = [
        "# Operations",
        "",
        f"Written from `OPERATIONS`; do not edit. All {len(OPERATIONS)} calls of Customer.io's App and Track APIs.",
        "",
        "| operation | call | effect | limit | paging |",
        "|---|---|---|---|---|",
        *map(_operation, OPERATIONS),
    ]
    return "\n".join(lines) + "\n"


PAGES = {"TABLES.md": tables_page, "OPERATIONS.md": operations_page}


def _table(row: Resource) -> str:
    columns = ", ".join(f"_{name}_" if name == row.cursor else name for name in row.columns)
    call = operation(row.operation)
    return (
        f"| `{row.table}` | {', '.join(row.key)} | [`{call.method} {call.path}`]({call.docs}) | {columns} |"
    )


def _operation(row: Operation) -> str:
    paging = row.paging if row.page_max is None else f"{row.paging}, up to {row.page_max:,}"
    return (
        f"| [`{row.id}`]({row.docs}) | `{row.method} {row.path}` | {row.effect} | {row.bucket} | {paging} |"
    )


if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())
