"""`prefect.yaml` is complete, and the served deployments equal it."""

import re
from pathlib import Path
from typing import Any

import pytest
from prefect.cli.deploy._models import PrefectYamlModel

from flows.deployments import FILE, declared, served
from tests.flows.stage import Stage

README = (Path(FILE).parent / "flows" / "README.md").read_text()
SERVED = {each.name: each for each in served()}


@pytest.mark.parametrize("row", declared(), ids=lambda row: row["name"])
def test_a_deployment_is_served_as_it_is_declared(row: dict[str, Any]) -> None:
    """Flow, parameters, schedule with its time zone, and limit equal those of the file."""
    made = SERVED[row["name"]]

    assert row["entrypoint"] == made.entrypoint
    assert row.get("parameters", {}) == made.parameters
    assert [(each["cron"], each["timezone"]) for each in row["schedules"]] == [
        (getattr(each.schedule, "cron", None), getattr(each.schedule, "timezone", None))
        for each in made.schedules or []
    ]
    assert 1 == made.concurrency_limit
    assert made.enforce_parameter_schema


@pytest.mark.parametrize("row", declared(), ids=lambda row: row["name"])
def test_a_form_says_what_each_field_is_for(row: dict[str, Any]) -> None:
    """Every parameter has a title of words and a description, and every preset one is a parameter.

    Of a type that may be null Prefect makes two tabs, and a default that is null is refused as it is sent.
    """
    fields = SERVED[row["name"]]._parameter_openapi_schema.properties

    assert [] == [name for name, field in fields.items() if not field.get("description")]
    assert [] == [
        name for name, field in fields.items() if not re.match("[A-Z][a-z]+( |s$|$)", field["title"])
    ]
    assert [] == [name for name, field in fields.items() if "anyOf" in field]
    assert [] == [name for name, field in fields.items() if field.get("default", "") is None]
    assert len(fields) == len({field["title"] for field in fields.values()})
    assert set(row.get("parameters", {})) <= set(fields)


def test_the_command_line_of_prefect_reads_the_file() -> None:
    """`prefect deploy --all` accepts the file: it fits Prefect's own model of it."""
    from ruamel.yaml import YAML

    model = PrefectYamlModel.model_validate(YAML(typ="safe").load(FILE))

    assert [row["name"] for row in declared()] == [each.name for each in model.deployments]


def test_the_readme_names_every_deployment_and_parameter() -> None:
    """The README has the deployments of the file, and the fields of their forms."""
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|[^|]*\| ([^|]*) \|", README, flags=re.MULTILINE))

    assert set(SERVED) == set(rows)
    for name, fields in rows.items():
        assert set(SERVED[name]._parameter_openapi_schema.properties) == set(
            re.findall("`([a-z_]+)`", fields)
        )


def test_a_wrong_declaration_of_a_push_schedules_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Serving names the file, and the other pushes have their schedules, in their time zones."""
    spec = "object: person\nmode: upsert\nmodel: {sql: select 1}\nperson: {id: u}\ntimezone: Europe/Vienna\n"
    (tmp_path / "good.yml").write_text(f"sync: good\n{spec}schedule: '@daily'\n")
    (tmp_path / "wrong.yml").write_text(f"sync: wrong\n{spec}schedule: 99 * * * *\n")
    monkeypatch.setenv("CIO_ELT_PUSH", str(tmp_path))
    said: list[str] = []
    (push,) = (each for each in served(said.append) if each.name == "push")
    assert [("@daily", "Europe/Vienna")] == [
        (getattr(each.schedule, "cron", None), getattr(each.schedule, "timezone", None))
        for each in push.schedules or []
    ]
    assert ["The push wrong is not scheduled. wrong.yml, line 7"] == [text[:50] for text in said]


def test_what_an_operator_paused_stays_paused_after_a_restart(stage: Stage) -> None:
    """A schedule and a deployment that were paused in the UI are not activated by the next service."""
    sync, freshness = stage.deployment("sync"), stage.deployment("freshness")
    (schedule,) = sync["schedules"]
    path = f"/deployments/{sync['id']}/schedules/{schedule['id']}"
    stage.call("PATCH", path, {"active": False}).raise_for_status()
    stage.call("POST", f"/deployments/{freshness['id']}/pause_deployment").raise_for_status()

    stage.stop("serving")
    said = stage.serve()

    (kept,) = stage.deployment("sync")["schedules"]
    assert (False, True) == (kept["active"], stage.deployment("freshness")["paused"])
    assert [True] == [each["active"] for each in stage.deployment("transform")["schedules"]]
    assert "The schedule hourly of sync stays paused." in said
    path = f"/deployments/{sync['id']}/schedules/{kept['id']}"
    stage.call("PATCH", path, {"active": True}).raise_for_status()
    stage.call("POST", f"/deployments/{freshness['id']}/resume_deployment").raise_for_status()
