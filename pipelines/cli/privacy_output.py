"""Prints the privacy rules, and what their application changed."""

from pathlib import Path

from pipelines.cli.tables import OUT, grid, say
from pipelines.privacy import Policy
from pipelines.privacy.stored import Applied


def print_policy(file: Path, policy: Policy | None) -> None:
    """Print each rule of the file on a line."""
    if policy is None:
        say(f"There is no {file}: all data are kept as Customer.io has them.")
        return
    say(f"The rules of {file}:")
    table = grid(("where", "name", "action"))
    rules = policy.rules
    for where, part in (("identifiers", rules.identifiers), ("attributes", rules.attributes)):
        for name, action in part.items():
            table.add_row(where, name, action)
    for name, actions in rules.tables.items():
        for column, action in actions.items():
            table.add_row(name, column, action)
    for kind, action in rules.texts.items():
        table.add_row("texts", kind, action)
    for kept, days in policy.retention:
        if days is not None:
            table.add_row("retention", kept, f"{days:,} days")
    OUT.print(table)


def print_applied(applied: Applied) -> None:
    """Print the values that were replaced and the rows that were deleted, by table."""
    if not applied.values and not applied.deleted:
        say("All stored rows have the rules.")
        return
    table = grid(("table", "values", "rows deleted"), numeric=("values", "rows deleted"))
    for name in sorted({*applied.values, *applied.deleted}):
        table.add_row(name, f"{applied.values.get(name, 0):,}", f"{applied.deleted.get(name, 0):,}")
    OUT.print(table)
