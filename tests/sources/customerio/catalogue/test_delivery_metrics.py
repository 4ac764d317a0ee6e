"""The rows of delivery metrics, and every list of their names in the repository."""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipelines.export.columns import _METRIC_HEADERS
from pipelines.export.requests import METRICS as EXPORTED
from pipelines.reconcile.parents import SERIES
from sources.customerio.catalogue import DELIVERY_METRIC_NAMES, DELIVERY_METRICS, DeliveryMetric
from sources.customerio.sandbox.state.store.deliveries import METRICS as STORED
from sources.customerio.sandbox.state.store.delivery_activities import _CHANNELS as ACTIVITIES
from sources.customerio.sandbox.state.store.delivery_view import _FIRST_FAILURE, _LAST_FAILURE
from sources.customerio.sandbox.state.store.export_file import DELIVERY_COLUMNS
from sources.customerio.sandbox.state.store.metrics import _METRICS as SANDBOX_SERIES
from sources.customerio.sandbox.state.store.track_operation import METRICS as TRACK_V2
from sources.customerio.sandbox.wire.routes.track import _METRICS as TRACK_V1

WAREHOUSE = Path(__file__).parents[4] / "warehouse"
ROWS = {row.name: row for row in DELIVERY_METRICS}
# Columns of the marts: `created` is the delivery's own, a second confirmation has none.
MOMENTS = ROWS.keys() - {"created", "secondary:delivered"}


def _text(path: str) -> str:
    return (WAREHOUSE / path).read_text()


def _names(pattern: str, text: str) -> set[str]:
    """The quoted or suffixed names in the one part of the text that the pattern finds."""
    (part,) = re.findall(pattern, text, flags=re.DOTALL)
    return {name.removesuffix("_at") for name in re.findall(r"[a-z_:]+", part)}


def _staged(stage: str) -> set[str]:
    return {row.name for row in DELIVERY_METRICS if row.stage == stage}


def test_a_part_is_of_a_whole() -> None:
    """A metric with an actor is a part of one without, which both its parts share."""
    assert len(ROWS) == len(DELIVERY_METRICS)
    parts = [row for row in DELIVERY_METRICS if row.actor]
    assert {(row.of, row.actor, row.name) for row in parts} == {
        (of, actor, f"{prefix}_{of}")
        for of in ("opened", "clicked")
        for actor, prefix in (("person", "human"), ("machine", "prefetch"))
    }
    assert all(ROWS[row.of or ""].actor is None for row in parts)
    assert all((row.since is None) == (row.actor is None) == (row.of is None) for row in DELIVERY_METRICS)


def test_terminal_metrics_are_what_sending_can_end_with() -> None:
    """A delivery ends by coming back or by being lost; `created` and reactions end nothing."""
    assert {row.name for row in DELIVERY_METRICS if row.terminal} == {
        "bounced", "dropped", "failed", "suppressed", "undeliverable",
    }  # fmt: skip


def test_series_count_metrics_that_deliveries_have() -> None:
    """Reconciliation knows the series that deliveries add up to; the sandbox shows them and the others."""
    for name, counted in SERIES.items():
        assert ROWS[name].in_series
        assert set(counted) & set(DELIVERY_METRIC_NAMES)
    in_series = {row.name for row in DELIVERY_METRICS if row.in_series}
    assert in_series - SERIES.keys() == {"created", "drafted"}
    assert SANDBOX_SERIES.keys() == in_series - {"created"}


def test_the_sandbox_and_the_export_have_the_names_of_deliveries() -> None:
    """Stored metrics, filters and columns of an export, activities and reports name no other metric."""
    assert STORED == EXPORTED == DELIVERY_METRIC_NAMES
    assert tuple(name for name, _ in _METRIC_HEADERS) == DELIVERY_METRIC_NAMES
    columns = {
        field.removeprefix("metrics.") for _, field in DELIVERY_COLUMNS if field.startswith("metrics.")
    }
    assert columns < set(DELIVERY_METRIC_NAMES)
    assert {*TRACK_V1, *TRACK_V2} < set(DELIVERY_METRIC_NAMES)
    assert ACTIVITIES.keys() == {
        row.name for row in DELIVERY_METRICS if row.in_delivery and not row.actor
    } - {"replied", "secondary:delivered"}
    assert set(STORED[_FIRST_FAILURE:_LAST_FAILURE]) == {
        row.name for row in DELIVERY_METRICS if row.terminal and row.in_delivery
    }


def test_staged_messages_have_a_column_for_each() -> None:
    """`stg_messages` turns every metric into a moment."""
    staged = re.findall(
        r"moment\(\"metrics ->> '(\w+)'\"\) }}(?:, .*)? as (\w+)_at",
        _text("models/staging/stg_messages.sql"),
    )
    assert {(name, name) for name in MOMENTS} == set(staged)


def test_the_marts_count_each() -> None:
    """`counted()` has a count for each moment but drafts; lost and used deliveries are those of a stage."""
    counts = re.findall(r"\('([a-z_]+)', '\1_at is not null'", _text("macros/rates.sql"))
    assert set(counts) == MOMENTS - {"drafted"}
    fct_delivery = _text("models/marts/fct_delivery.sql")
    assert _names(r"coalesce\(([a-z_, ]+)\) is not null as is_lost", fct_delivery) == _staged("lost")
    reactions = {row.name for row in DELIVERY_METRICS if row.stage == "reaction" and not row.actor}
    assert _names(r"or coalesce\(([a-z_, ]+)\)\s+is not null", fct_delivery) == reactions


def test_the_marts_know_since_when_actors_are_told_apart() -> None:
    """The variables of dbt are the rows' days, and moments before them are marked as not reliable."""
    variables: dict[str, Any] = YAML(typ="safe").load(WAREHOUSE / "dbt_project.yml")["vars"]
    event = _text("models/marts/fct_delivery_event.sql")
    for of, noun in (("opened", "opens"), ("clicked", "clicks")):
        parts: list[DeliveryMetric] = [row for row in DELIVERY_METRICS if row.of == of]
        assert {str(row.since) for row in parts} == {variables[f"human_{noun}_since"]}
        listed = rf"moments\.metric in \(([^)]+)\) then moments\.knows_human_{noun}"
        assert _names(listed, event) == {row.name for row in parts}
