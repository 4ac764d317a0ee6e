"""The parents that changed rows name, for each table that such rows tell of."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sources.customerio.catalogue import RESOURCES, Resource, operation
from sources.customerio.catalogue.senders import delivery_column
from sources.customerio.extract.due import Path


def told_paths(teller: Resource, changed: pa.Table) -> Iterator[tuple[str, set[Path]]]:
    """The parents that new, changed or deleted rows of `teller` name, with the table below them."""
    rules = [
        (row, row.changes_with)
        for row in RESOURCES
        if row.changes_with and row.changes_with.rows_of == teller.table
    ]
    if not rules or not len(changed):
        return
    few = changed.select(sorted({column for row, _ in rules for column in columns_told(row)}))
    for metric in sorted({rule.metric for _, rule in rules if rule.metric}):
        few = few.append_column(metric, pc.match_substring(changed["metrics"], f'"{metric}"'))
    few = few.group_by(few.column_names).aggregate([])
    for row, rule in rules:
        named = few.filter(few[rule.metric]) if rule.metric else few
        yield row.table, _paths(named, columns_told(row))


def columns_told(resource: Resource) -> list[str]:
    """The columns, of the table that tells, that name a parent's ids in the order of the call's path."""
    return [delivery_column(parameter.name) for parameter in operation(resource.operation).path_parameters]


def _paths(named: pa.Table, columns: list[str]) -> set[Path]:
    found = named.select(columns).drop_null()
    return set(zip(*(found[column].to_pylist() for column in columns), strict=True))
