"""Prints the result of `cio-elt erase`: counts by place, never an identifier."""

from pipelines.cli.tables import OUT, grid, listed, say, warn
from pipelines.erase import EraseResult


def print_erased(result: EraseResult) -> None:
    """Print what each place had of the people, and where something of them is left."""
    done = "Erased" if result.done else "To be erased"
    say(f"{done}: {result.people:,} people with {result.identifiers:,} identifiers.")
    if result.there:
        say(f"  {result.there:,} people were ended in Customer.io first.")
    if result.places:
        table = grid(("place", "deleted", "replaced"), numeric=("deleted", "replaced"))
        for found in result.places:
            table.add_row(found.place, f"{found.gone:,}", f"{found.cells:,}")
        OUT.print(table)
    else:
        say("  Nothing of them is in the warehouse or the data folder.")
    if result.unsearchable:
        warn(
            f"{result.unsearchable:,} identifiers are too common to be looked for in texts: they were "
            "compared in the columns that identify a person alone."
        )
    if result.traces:
        warn("Something of these people is left in these files of the data folder, or tables; see to them:")
        listed(result.traces)
    elif result.done:
        say(f"No trace is left in the data folder ({result.seconds:.1f} s).")
    for note in result.notes:
        warn(note)
