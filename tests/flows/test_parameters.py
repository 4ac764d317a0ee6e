"""Parameters that a run rejects before it starts, because of the calendar or of two fields together."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect.flows import load_flow_from_entrypoint

from flows.backfills import backfill
from flows.deployments import served
from flows.exports import export_deliveries, export_people
from flows.parameters import checked, midnight
from pipelines.errors import ConfigError
from tests.flows.stage import Stage

TODAY = datetime.now(UTC).date()
RIGHT = {"resource": "messages", "from_day": TODAY - timedelta(days=9), "to_day": TODAY}


def test_right_days_are_days_inside() -> None:
    """The form's text is a date in the flow, and a second of UTC in the pipeline."""
    given = checked(backfill.fn, {"resource": "messages", "from_day": "2026-01-01", "to_day": "2026-02-01"})

    assert 1767225600 == midnight(given["from_day"])
    assert 31 * 86_400 == midnight(given["to_day"]) - midnight(given["from_day"])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"to_day": RIGHT["from_day"]}, "choose a later day"),
        ({"from_day": TODAY + timedelta(days=1)}, "choose a day up to today"),
        ({"to_day": TODAY + timedelta(days=2)}, "to read up to now, choose tomorrow"),
        ({"resource": "activities", "from_day": TODAY - timedelta(days=31)}, "keeps activities for 30 days"),
        ({"resource": "campaigns"}, "cannot be backfilled"),
        ({"resource": "mesages"}, "Did you mean messages"),
        ({"chunk_days": 0}, "greater than or equal to 1"),
        ({"from_day": None}, "Only time that is missing: it is off and there is no first day"),
        ({"via": "exports", "gaps_only": True}, "choose pages for anything else"),
        ({"via": "exports", "resource": "activities"}, "choose pages for anything else"),
    ],
    ids=str,
)
def test_wrong_days_are_refused_with_the_reason(wrong: dict[str, Any], reason: str) -> None:
    """The message of a rejected range names the right choice."""
    with pytest.raises(ConfigError, match=reason):
        checked(backfill.fn, {**RIGHT, **wrong})


@pytest.mark.parametrize(
    "edge",
    [
        {"from_day": TODAY, "to_day": TODAY + timedelta(days=1)},
        {"resource": "activities", "from_day": TODAY - timedelta(days=30)},
        {"to_day": None},
        {"from_day": None, "to_day": None, "gaps_only": True},
        {"from_day": None, "gaps_only": True},
    ],
    ids=str,
)
def test_the_outermost_right_days_are_taken(edge: dict[str, Any]) -> None:
    """The present is the last end of a window, the retention of activities bounds its start."""
    assert checked(backfill.fn, {**RIGHT, **edge})


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"parent": "segment"}, "'campaign', 'newsletter', 'transactional_message' or 'action'"),
        ({"parent_id": 0}, "greater than or equal to 1"),
        ({"from_day": "2026-01-01"}, "choose both, or none"),
        ({"to_day": "2026-01-01"}, "choose both, or none"),
        ({"from_day": "2026-02-01", "to_day": "2026-02-01"}, "choose a later day"),
        ({"from_day": "2024-01-01", "to_day": "2026-01-01"}, "12 months at most"),
        ({"to_day": TODAY + timedelta(days=2), "from_day": TODAY}, "choose tomorrow"),
        ({"metric": "read"}, "There is no metric 'read'"),
    ],
    ids=str,
)
def test_a_wrong_deliveries_export_is_refused_with_the_reason(wrong: dict[str, Any], reason: str) -> None:
    """Nothing is ordered, because an order takes a place in Customer.io's queue of exports."""
    with pytest.raises(ConfigError, match=reason):
        checked(export_deliveries.fn, {"parent": "campaign", "parent_id": 1, **wrong})


def test_a_filter_that_is_none_is_refused() -> None:
    """The filter's grammar is checked before the run starts."""
    with pytest.raises(ConfigError, match="exactly one key"):
        checked(export_people.fn, {"filters": {"segment": {"id": 1}, "and": []}})


@pytest.mark.parametrize("made", served(), ids=lambda made: made.name)
def test_prefect_leaves_the_check_of_a_form_to_the_run(made: Any) -> None:
    """Prefect's own check would put its words in front of the reason, and leave the run without its name."""
    assert not load_flow_from_entrypoint(made.entrypoint).should_validate_parameters


def test_a_refused_form_names_its_run_and_says_why_first(stage: Stage) -> None:
    """The run has the name that it would have had; state and log begin with the reason."""
    run_id = stage.start("backfill", from_day="2026-09-02", to_day="2026-09-01")
    run = stage.ended(run_id)
    reason = (
        "The form was refused. Day after the last one: 2026-09-01 is not after the first day, 2026-09-02; "
        "choose a later day. Start the run again with other values."
    )
    assert ("FAILED", "Refused") == (run["state"]["type"], run["state"]["name"])
    assert reason == run["state"]["message"]
    assert "backfill messages 2026-09-02..2026-09-01" == run["name"]
    lines = [line for line in stage.logs(run_id).splitlines() if "Beginning" not in line]
    assert reason == lines[0]
    assert "Traceback" not in "".join(lines)
