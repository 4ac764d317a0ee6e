"""`warehouse/models/semantic/*.yml`: dbt's semantic models and metrics, written from the marts' definitions.

    python -m pipelines.transform.semantic_models

`MARTS` has a row for each mart that metrics or their dimensions are read from. Counts and rates come from
the macros that render the marts' own SQL, descriptions from `marts.yml` and `descriptions.sql`: a count or
rate that is added there is a metric after `make docs`. A metric has the name of the marts' column.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipelines.transform.dbt import PROJECT
from pipelines.transform.macro_values import macro_value, rendered, variables

FOLDER = PROJECT / "models" / "semantic"
"""The folder of the files."""
HEADER = "# Written by `python -m pipelines.transform.semantic_models`; do not edit."

REVENUE = ("revenue", "amounts", "without_amount")
"""The columns of `revenue_daily` that can be added."""

_DESCRIBED = ("marts/marts.yml", "intermediate/intermediate.yml")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A sum over the rows of a mart, which is a metric of the same name; `expr` is a number of a row, in SQL.

    `agg` is dbt's: `sum`, or `count_distinct` of the values of `expr`.
    """

    name: str
    says: str
    expr: str
    agg: str = "sum"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A metric that is one measure by another; null if the denominator is below `least`."""

    name: str
    says: str
    numerator: str
    denominator: str
    least: int = 1


@dataclass(frozen=True, kw_only=True)
class Mart:
    """A mart as a semantic model.

    `day` is the name of its time dimension, and its column: a day, or a time that ends in `_at`. `entities`
    have dbt's type and their column by name; `row` names the row of a mart whose key has several columns.
    `dimensions` are columns.
    """

    table: str
    day: tuple[str, str] | None = None
    entities: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    row: str | None = None
    dimensions: Callable[[], tuple[str, ...]]
    measures: Callable[[], Iterator[Measure]] = lambda: iter(())
    rates: Callable[[], Iterator[Rate]] = lambda: iter(())


@cache
def counted() -> list[tuple[str, str, str]]:
    """The rows of the macro `counted`: name, condition and description of each count of deliveries."""
    found: list[tuple[str, str, str]] = macro_value("rates", "counted")
    return found


@cache
def rates() -> list[dict[str, Any]]:
    """The rows of the macro `rates`: name, conditions and description of each rate of deliveries."""
    found: list[dict[str, Any]] = macro_value("rates", "rates")
    return found


def _delivery_measures() -> Iterator[Measure]:
    for name, condition, says in counted():
        known = macro_value("rates", "knows", name) if name.startswith("human_") else None
        yield Measure(name=name, says=says, expr=_ones(condition, known))
    says = _described("campaign_performance", "people")
    yield Measure(name="people", says=says, agg="count_distinct", expr="cio_id")
    for rate in rates():
        name, of = rate["name"], rate["of"]
        for part, condition in (("numerator", f"({of}) and {rate['reached']}"), ("denominator", of)):
            says = _described("fct_delivery", f"{name}_{part}")
            yield Measure(name=f"{name}_{part}", says=says, expr=_ones(condition))


def _ones(condition: str, known: str | None = None) -> str:
    """The SQL of 1 where the condition holds, else 0; of null where `known` is not true."""
    ones = f"case when {condition} then 1 else 0 end"
    return f"case when {known} then {ones} end" if known else ones


def _delivery_rates() -> Iterator[Rate]:
    for rate in rates():
        says = f"{rate['says']}; null without any."
        if matures := rate.get("matures"):
            days = variables()["mature_after_days"][matures]
            says += f" Compare days that are at least {days} days old: few more events will come."
        yield Rate(
            name=rate["name"],
            says=says,
            numerator=f"{rate['name']}_numerator",
            denominator=f"{rate['name']}_denominator",
            least=rate.get("least", 1),
        )


def _sums(table: str, *columns: str) -> Iterator[Measure]:
    for column in columns:
        # One name is one metric: journeys convert as deliveries do.
        name = f"journeys_{column}" if column in {name for name, *_ in counted()} else column
        yield Measure(name=name, says=_described(table, column), expr=column)


def _journey_measures() -> Iterator[Measure]:
    return _sums("journey_funnel_daily", *macro_value("journeys", "journey_counts"))


def _journey_rates() -> Iterator[Rate]:
    named = {measure.expr: measure.name for measure in _journey_measures()}
    for name, numerator, denominator in macro_value("journeys", "journey_shares"):
        yield Rate(
            name=name,
            says=_described("journey_funnel_daily", name),
            numerator=named[numerator],
            denominator=named[denominator],
        )


def _person_measures() -> Iterator[Measure]:
    says = "People that Customer.io has: deleted ones are left out."
    yield Measure(name="people_known", says=says, expr=_ones("not is_deleted"))
    for column in ("can_email", "can_sms", "can_push"):
        condition = _described("person_360", column)
        says = f"People with {column}: {condition[0].lower()}{condition[1:]}"
        yield Measure(name=column, says=says, expr=_ones(column))


MARTS = (
    Mart(
        table="fct_delivery",
        day=("created_on", "created_on"),
        entities={
            "delivery": ("primary", "delivery_id"),
            "message": ("foreign", "message_key"),
            "person": ("foreign", "cio_id"),
        },
        dimensions=lambda: ("channel", "source_type", "parent_id", "recipient_domain"),
        measures=_delivery_measures,
        rates=_delivery_rates,
    ),
    Mart(
        table="dim_message",
        entities={"message": ("primary", "message_key")},
        dimensions=lambda: (
            "parent_name", "parent_type", "parent_state", "name", "subject", "language", "topic",
            "test_group", "sender", "sending_domain",
        ),
    ),
    Mart(
        table="event_daily",
        day=("happened_on", "happened_on"),
        row="event_day",
        dimensions=lambda: ("channel", "source_type", "metric"),
        measures=lambda: _sums("event_daily", "events", "happened"),
    ),
    Mart(
        table="journey_funnel_daily",
        day=("began_on", "day"),
        row="journey_day",
        dimensions=lambda: ("campaign_id", "campaign_name"),
        measures=_journey_measures,
        rates=_journey_rates,
    ),
    Mart(
        table="revenue_daily",
        day=("revenue_on", "day"),
        row="revenue_day",
        dimensions=lambda: ("event_name",),
        measures=lambda: _sums("revenue_daily", *REVENUE),
    ),
    Mart(
        table="person_360",
        day=("created_on", "created_at"),
        entities={"person": ("primary", "cio_id")},
        dimensions=lambda: ("lifecycle_stage", "engagement_tier", *variables()["person_attributes"]),
        measures=_person_measures,
    ),
)  # fmt: skip
"""The marts, a semantic model each."""


def document(mart: Mart) -> dict[str, Any]:
    """The content of a mart's file, in dbt's format."""
    measures = list(mart.measures())
    model = {
        "name": mart.table,
        "description": _tables()[mart.table]["description"].strip(),
        "model": f"ref('{mart.table}')",
        **({"defaults": {"agg_time_dimension": mart.day[0]}} if mart.day and measures else {}),
        **({"primary_entity": mart.row} if mart.row else {}),
        "entities": [
            {"name": name, "type": kind, "expr": column} for name, (kind, column) in mart.entities.items()
        ],
        "dimensions": [
            *([_day(mart, *mart.day)] if mart.day else []),
            *(
                {"name": name, "description": _described(mart.table, name), "type": "categorical"}
                for name in mart.dimensions()
            ),
        ],
        "measures": [
            {
                "name": one.name,
                "description": one.says,
                "agg": one.agg,
                "expr": one.expr,
                "create_metric": True,
            }
            for one in measures
        ],
    }
    found = {"semantic_models": [{name: part for name, part in model.items() if part != []}]}
    metrics = [_metric(rate) for rate in mart.rates()]
    return {**found, **({"metrics": metrics} if metrics else {})}


def files() -> dict[str, str]:
    """The text of each file, by its name."""
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    # No folded lines: they would end in a space.
    yaml.width = 10_000
    found = {}
    for mart in MARTS:
        text = StringIO()
        yaml.dump(document(mart), text)
        found[f"{mart.table}.yml"] = f"{HEADER}\n{text.getvalue()}"
    return found


def write(folder: Path = FOLDER) -> None:
    """Write the files into `folder`, one for each mart."""
    for file, text in files().items():
        (folder / file).write_text(text, "utf-8")


def _metric(rate: Rate) -> dict[str, Any]:
    common = {"name": rate.name, "label": rate.name, "description": rate.says}
    parts: dict[str, Any] = {"numerator": rate.numerator, "denominator": rate.denominator}
    if rate.least == 1:
        return {**common, "type": "ratio", "type_params": parts}
    expr = "case when {denominator} >= {least} then 1.0e0 * {numerator} / {denominator} end"
    shown = {"expr": expr.format(**parts, least=rate.least), "metrics": list(parts.values())}
    return {**common, "type": "derived", "type_params": shown}


def _day(mart: Mart, name: str, column: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": _described(mart.table, column),
        "type": "time",
        "expr": macro_value("expressions", "day_of", column) if column.endswith("_at") else column,
        "type_params": {"time_granularity": "day"},
    }


def _described(table: str, column: str) -> str:
    """The description of a mart's column: that of the yml file beside the mart, or else the shared one."""
    own = {one["name"]: one["description"] for one in _tables()[table].get("columns", ())}
    return rendered(own.get(column) or _shared()[column]).strip()


@cache
def _tables() -> dict[str, dict[str, Any]]:
    return {
        table["name"]: table
        for file in _DESCRIBED
        for table in YAML(typ="safe").load(PROJECT / "models" / file)["models"]
    }


@cache
def _shared() -> dict[str, str]:
    found: dict[str, str] = macro_value("descriptions", "shared_descriptions", counted=counted, rates=rates)
    return found


if __name__ == "__main__":
    write()
