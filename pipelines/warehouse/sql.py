"""Names in the warehouse; and identifiers and string literals, where SQL allows no query parameter."""

DATASET = "customerio_raw"
"""The schema of the raw tables; dlt calls a schema a dataset."""

OWN = "_cio_elt_"
"""The beginning of the names of tables that keep the writers of a server apart; no row is about a person."""

RUNS = "sync_runs"
"""The table of runs, see `pipelines.warehouse.runs`."""


def quoted(name: str) -> str:
    """The name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """The text as an SQL string literal; other objects, such as a path, by their `str`."""
    return "'" + str(text).replace("'", "''") + "'"
