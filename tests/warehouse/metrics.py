"""MetricFlow on the published file of a warehouse: asks the metrics of the semantic models.

MetricFlow reads the manifest that the transform's dbt has written and makes the SQL; DuckDB runs it.
"""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import duckdb
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlClient, SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import SemanticManifestValidator
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from pipelines.settings import Settings
from pipelines.transform.semantic_models import counted, rates

Rows = dict[tuple[Any, ...], dict[str, Any]]
"""Rows by the values of their key."""

COUNTS = tuple(name for name, *_ in counted())
RATES = tuple(rate["name"] for rate in rates())
OF_DELIVERIES = (
    *COUNTS,
    *RATES,
    *(f"{rate}_{part}" for rate in RATES for part in ("numerator", "denominator")),
)
"""The counts and rates of deliveries, which are columns of the marts."""


class _Dialect:
    """The part of MetricFlow's client that says how to write SQL."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


@dataclass(frozen=True)
class Metrics:
    """MetricFlow on the published file of a warehouse."""

    engine: MetricFlowEngine
    connection: duckdb.DuckDBPyConnection
    names: frozenset[str]

    def ask(
        self,
        metrics: Sequence[str],
        by: Sequence[str] = (),
        days: tuple[dt.date, dt.date] | None = None,
        where: Sequence[str] = (),
    ) -> Rows:
        """The values of metrics by dimensions, of all days or from the first to the last of two."""
        first, last = (dt.datetime.combine(day, dt.time()) for day in days) if days else (None, None)
        request = MetricFlowQueryRequest.create(
            metric_names=metrics,
            group_by_names=by or None,
            time_constraint_start=first,
            time_constraint_end=last,
            where_constraints=where or None,
        )
        return self.rows(self.engine.explain(request).sql_statement.sql, by)

    def rows(self, sql: str, by: Sequence[str] = ()) -> Rows:
        """The rows of a query by the values of these columns; a time of a day is its day."""
        found = self.connection.execute(sql)
        columns = [column[0] for column in found.description]
        rows = [dict(zip(columns, map(_plain, row), strict=True)) for row in found.fetchall()]
        keyed = {tuple(row[name] for name in by): row for row in rows}
        assert len(keyed) == len(rows), "a key is there twice"
        return keyed


def _plain(cell: Any) -> Any:
    return cell.date() if isinstance(cell, dt.datetime) and cell.time() == dt.time() else cell


@contextmanager
def asking(settings: Settings) -> Iterator[Metrics]:
    """The metrics of the published file, whose manifest must be valid; the file stays as it is."""
    text = (settings.cio_elt_data / "dbt" / "target" / "semantic_manifest.json").read_text()
    manifest = parse_manifest_from_dbt_generated_manifest(text)
    issues = SemanticManifestValidator[Any]().validate_semantic_manifest(manifest).all_issues
    assert [] == [str(issue) for issue in issues]
    engine = MetricFlowEngine(SemanticManifestLookup(manifest), cast(SqlClient, _Dialect()))
    with duckdb.connect() as connection:
        # The tables' names in the manifest are those of the file in which dbt built them.
        connection.execute(f"ATTACH '{settings.published_file}' AS transform (READ_ONLY)")
        connection.execute("SET TimeZone = 'UTC'; USE transform")
        yield Metrics(engine, connection, frozenset(metric.name for metric in manifest.metrics))


def compare(
    found: Rows,
    expected: Rows,
    named: dict[str, str],
) -> None:
    """Each metric equals its column in each row, and no row is missing; `named` has metrics by column."""
    assert found.keys() == expected.keys()
    differing = [
        (key, metric, found[key][metric], row[column])
        for key, row in expected.items()
        for column, metric in named.items()
        if not _equal(found[key][metric], row[column])
    ]
    assert [] == differing


def _equal(cell: Any, value: Any) -> bool:
    if cell is None or value is None:
        return cell is value
    return math.isclose(cell, value, rel_tol=1e-12)
