"""Prints the status of the warehouse: a verdict, what needs attention, and lines of tables."""

from collections.abc import Sequence

from pipelines.cli.tables import OUT, grid, listed, print_fitting, say, utc_cell
from pipelines.ingest.status import TableStatus, WarehouseStatus
from pipelines.ingest.status_attention import attention, lateness, verdict
from pipelines.ingest.status_groups import by_group
from pipelines.times import span

# The columns of every table, the most important first: a narrow terminal shows as many as fit.
_TABLES = (
    *("table", "rows", "behind", "at most", "gaps", "newest row"),
    *("last good run", "read from", "read to", "deleted"),
)
_GROUPS = ("group", "tables", "rows", "deleted", "behind", "newest row")
_NUMERIC = ("tables", "rows", "behind", "at most", "gaps", "deleted")


def print_status(status: WarehouseStatus, *, max_lag_s: int | None, every_table: bool) -> None:
    """Print the verdict, what needs attention, and a line for each group of tables or for each table."""
    say(verdict(status, max_lag_s))
    if found := attention(status, max_lag_s):
        OUT.print("\nNeeds attention:")
        listed(found)
    else:
        OUT.print("Nothing needs attention.")
    OUT.print()
    if every_table:
        print_fitting(_TABLES, [_cells(row) for row in status.tables], numeric=_NUMERIC)
    else:
        _print_groups(status.tables)
        if sentence := lateness(status):
            say(sentence)
        say("`cio-elt status --all` shows every table.")


def _print_groups(tables: Sequence[TableStatus]) -> None:
    table = grid(_GROUPS, numeric=_NUMERIC)
    for group in by_group(tables):
        sums = (len(group.tables), group.rows, group.deleted)
        behind = "never read" if group.lag_s is None else span(group.lag_s)
        table.add_row(group.name, *(f"{number:,}" for number in sums), behind, utc_cell(group.newest))
    OUT.print(table)


def _cells(row: TableStatus) -> tuple[str, ...]:
    covered = row.covered
    return (
        row.table,
        f"{row.rows:,}",
        "" if row.lag_s is None else span(row.lag_s),
        span(row.target_s),
        str(len(row.gaps)) if covered else "",
        utc_cell(row.newest),
        utc_cell(row.last_success),
        utc_cell(covered.start) if covered else "",
        utc_cell(covered.end) if covered else "",
        f"{row.deleted:,}",
    )
