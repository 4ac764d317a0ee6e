"""The raw tables as dbt sources: `warehouse/models/staging/sources.yml`, written from the catalogue.

    python -m pipelines.transform.raw_tables

dbt takes the columns and their types from this file, so that models build before a sync has made a table or
a column.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipelines.transform.dbt import PROJECT
from sources.customerio import RESOURCES
from sources.customerio.extract.own_columns import columns_of

FILE = PROJECT / "models" / "staging" / "sources.yml"

_TYPES = {"text": "varchar", "bigint": "bigint", "double": "double", "bool": "boolean", "json": "json"}
_DATE = "date"

# The project's own tables beside those of the catalogue: runs, coverage, reconciliation and schema changes.
_OWN: Mapping[str, Mapping[str, str]] = {
    "sync_runs": {
        "run_id": "text", "trace_id": "text", "workspace_id": "bigint", "workspace_name": "text",
        "resource": "text", "finished_at": "bigint", "noted_at": "bigint", "full": "bool",
        "backfill": "text", "requests": "bigint", "requests_predicted": "bigint", "rows_read": "bigint",
        "rows_new": "bigint", "rows_changed": "bigint", "rows_deleted": "bigint", "rows_rejected": "bigint",
        "seconds": "double", "error": "text",
    },
    "coverage": {
        "resource": "text", "start_at": "bigint", "end_at": "bigint", "read_at": "bigint", "backfill": "text",
    },
    "reconciliation": {
        "cell": "text", "checked_at": "bigint", "subject": "text", "parent_id": "bigint", "name": "text",
        "cohort_day": _DATE, "metric": "text", "ours": "bigint", "theirs": "bigint", "verdict": "text",
        "reason": "text",
    },
    "schema_changes": {
        "noted_at": "bigint", "change": "text", "table_name": "text", "name": "text", "before": "text",
        "after": "text",
    },
    "_dlt_loads": {"load_id": "text", "status": "bigint"},
}  # fmt: skip


# Tables that are not written by a dlt load: their rows have no load id.
_WITHOUT_LOAD = {"schema_changes", "_dlt_loads"}


def columns() -> dict[str, dict[str, str]]:
    """The columns of each raw table and their DuckDB types, by table and column."""
    of_catalogue = {row.table: dict(columns_of(row)) for row in RESOURCES}
    named: dict[str, Mapping[str, str]] = {**of_catalogue, **_OWN}
    return {
        table: {
            **{name: _TYPES.get(kind, kind) for name, kind in known.items()},
            **({} if table in _WITHOUT_LOAD else {"_dlt_load_id": "varchar"}),
        }
        for table, known in named.items()
    }


def document() -> dict[str, Any]:
    """The content of `sources.yml`, in dbt's format."""
    descriptions = {row.table: row.description for row in RESOURCES}
    tables = [
        {
            "name": table,
            **({"description": descriptions[table]} if table in descriptions else {}),
            "columns": [{"name": name, "data_type": kind} for name, kind in known.items()],
        }
        for table, known in columns().items()
    ]
    description = "The raw rows, as Customer.io sent them; sources/customerio/TABLES.md lists the tables."
    return {"sources": [{"name": "customerio_raw", "description": description, "tables": tables}]}


def write(file: Path = FILE) -> None:
    """Write `sources.yml`."""
    yaml = YAML()
    yaml.width = 110
    with file.open("w", encoding="utf-8") as out:
        out.write("# Written from the catalogue by `python -m pipelines.transform.raw_tables`.\n")
        yaml.dump(document(), out)


if __name__ == "__main__":
    write()
