"""Pushes as flow runs: rows arrive, a brake stops a run, and an operator approves its plan."""

import re
from typing import Any

import pytest

from flows.parameters import checked
from flows.pushes import push
from pipelines.errors import ConfigError
from tests.flows.stage import Stage


def test_an_operator_pushes_a_sync_and_approves_what_a_brake_stopped(stage: Stage) -> None:
    """Rows are sent and read back; too many new people stop a run, whose first line names the next step."""
    stage.control("faults", {"clear": True})
    stage.ended(stage.start("sync", resources=["people"]))
    run = stage.ended(run_id := stage.start("push", syncs=["users"]))
    assert ("COMPLETED", "5 rows sent.") == (run["state"]["type"], run["state"]["message"])
    assert "push users" == run["name"]
    assert "| 100.0% |" in stage.artifact(run_id)["data"]
    assert "users: 5 rows accepted, 0 rejected, 0 dropped" in stage.logs(run_id)

    stage.declare("users", "SELECT 'pushed' || i AS user_id, 'gold' AS plan FROM range(500) AS t(i)")
    stopped = stage.ended(stage.start("push", syncs=["users"]))
    assert ("FAILED", "Stopped") == (stopped["state"]["type"], stopped["state"]["name"])
    plan = re.search("with the plan ([0-9a-f]{12}) and `approve`", stopped["state"]["message"])
    assert plan, stopped["state"]["message"]
    approved = stage.ended(stage.start("push", syncs=["users"], plan=plan[1], approve=True))
    assert ("COMPLETED", "495 rows sent.") == (approved["state"]["type"], approved["state"]["message"])

    nothing = stage.ended(stage.start("push"))
    assert ("COMPLETED", "0 rows sent.") == (nothing["state"]["type"], nothing["state"]["message"])


def test_a_sync_is_pushed_when_it_says_so(stage: Stage) -> None:
    """A spec's schedule is one of the deployment's, for that push; unknown pushes are refused."""
    (schedule,) = stage.deployment("push")["schedules"]
    assert ("0 4 * * *", {"syncs": ["users"]}) == (schedule["schedule"]["cron"], schedule["parameters"])
    assert 409 == stage.ask("push", syncs=["nobody"]).status_code


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"plan": "1a2b3c4d5e6f"}, "choose that one"),
        ({"syncs": ["users"], "approve": True}, "name it"),
        ({"syncs": ["users"], "plan": "all"}, "match pattern"),
    ],
    ids=str,
)
def test_what_cannot_be_pushed_is_refused(wrong: dict[str, Any], reason: str) -> None:
    """A plan needs one push, only a plan can be approved, and its id has a format."""
    with pytest.raises(ConfigError, match=reason):
        checked(push.fn, wrong)
