"""The README fits the code, and the command line returns its exit codes."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.pipelines.conftest import Shell
from tests.pipelines.push.conftest import Pushing

_ROOT = Path(__file__).parents[3]


@pytest.mark.proof
def test_the_command_line(shell: Shell, pushing: Pushing) -> None:
    """The commands list, validate, plan, run, status, retry, undo and reset have their exit codes."""
    rows = [{"user_id": f"c{number}", "plan": "secret"} for number in range(60)]
    pushing.declare(
        "users",
        rows,
        object="person",
        mode="upsert",
        person={"id": "user_id"},
        fields={"plan": "text"},
        brakes={},
    )
    folder = ("--folder", str(pushing.folder))
    assert "users" in shell.run("push", "list", *folder).out
    assert 0 == shell.run("push", "validate", *folder).code
    plan = shell.run("push", "plan", "users", *folder)
    assert 3 == plan.code
    assert "brake max_creates_percent" in plan.out
    assert "secret" not in plan.out
    assert "secret" in shell.run("push", "plan", "users", *folder, "--show-values").out
    stopped = shell.run("push", "run", "users", *folder, "--json")
    assert 3 == stopped.code
    plan_id = stopped.document["syncs"][0]["plan"]["plan_id"]
    assert 0 == pushing.requests()
    shell.refused(shell.run("push", "run", "users", *folder, "--approve"), 2, "name it")
    assert 3 == shell.run("push", "run", "users", *folder, "--plan", "000000000000", "--approve").code
    pushing.sandbox.knobs.drop_every = 30
    done = shell.run("push", "run", "users", *folder, "--plan", plan_id, "--approve", "--json")
    assert (4, 2) == (done.code, done.document["syncs"][0]["run"]["confirmed"]["dropped"])
    status = shell.run("push", "status", "--json").document["syncs"]
    assert (58, 2, 2) == (status[0]["held"], status[0]["rejected"], status[0]["dropped"])
    assert 0 == shell.run("push", "retry", "users", *folder).code
    run_id = done.document["syncs"][0]["run"]["run_id"]
    undone = shell.run("push", "undo", run_id, *folder, "--json").document["plan"]
    assert {"people that were added cannot be undone": 58} == undone["left_alone"]
    assert "60 rows count as sent" in shell.run("push", "reset", "users", *folder, "--without-sending").out
    assert 0 == shell.run("push", "run", "users", *folder).code
    shell.refused(shell.run("push", "plan", "nobody", *folder), 2, "There is no push 'nobody'", "users")
    keyless = {"CUSTOMERIO_TRACK_SITE_ID": None, "CUSTOMERIO_TRACK_API_KEY": None}
    shell.refused(shell.run("push", "run", "users", *folder, **keyless), 2, "CUSTOMERIO_TRACK_SITE_ID")


def test_the_readme_fits_the_code(pushing: Pushing) -> None:
    """The README's example is a spec, its tables are the published ones, its commands exist."""
    from pipelines.cli.push import push as commands
    from pipelines.push import PushSpec

    page = (_ROOT / "warehouse" / "push" / "README.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert "plans" == PushSpec.model_validate(YAML(typ="safe").load(example)).sync
    assert set(re.findall(r"bin/cio-elt push ([a-z]+)", page)) <= set(commands.commands)
    pushing.push(
        pushing.declare("one", "SELECT 'a' AS u", object="person", mode="upsert", person={"id": "u"})
    )
    found = pushing.warehouse.query(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'customerio_push'"
    )
    assert {name for (name,) in found} == set(re.findall(r"^\| `([a-z]+)` \|", page, flags=re.MULTILINE))
