"""Writes the answers in `warehouse/README.md`: the rows of each query, as a table below it.

    python -m tests.warehouse.readme

builds the demo's workspace and marts, asks every query, and writes its answer into the page.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.transform import transform
from pipelines.warehouse.queries import frames
from sources.customerio.sandbox import Sandbox
from tests.conftest import Warehouse, following, share_parsed

README = Path(__file__).parents[2] / "warehouse" / "README.md"
BLOCK = re.compile(r"```sql\n(?P<query>.*?)```\n\n(?P<answer>(?:\|[^\n]*\n)*\n?)", re.DOTALL)


@contextmanager
def demo(folder: Path, parsed: Warehouse | None = None) -> Iterator[Warehouse]:
    """The demo's workspace on its first day, synced and transformed; `parsed` saves parsing the models."""
    with following(Sandbox(scale="demo"), folder) as warehouse:
        warehouse.sync()
        if parsed is not None:
            share_parsed(parsed, folder / "dbt")
        transform(warehouse.settings)
        yield warehouse


def answered(page: str, ask: Callable[[str], pd.DataFrame]) -> str:
    """The page with the answer to every query below it."""
    return BLOCK.sub(lambda found: f"```sql\n{found['query']}```\n\n{_table(ask(found['query']))}\n", page)


def _table(rows: pd.DataFrame) -> str:
    numeric = [
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in rows.dtypes
    ]
    lines = [
        list(rows.columns),
        ["--:" if right else "---" for right in numeric],
        *([_cell(value) for value in row] for row in rows.itertuples(index=False, name=None)),
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if pd.api.types.is_bool(value):
        return str(value).lower()
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Write the page."""
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as warehouse,
        frames(warehouse.settings) as ask,
    ):
        README.write_text(answered(README.read_text("utf-8"), ask), "utf-8")
    sys.stdout.write(f"Wrote {README}.\n")


if __name__ == "__main__":
    main()
