"""The deployments of `prefect.yaml`, ready to be served from this process."""

from pathlib import Path
from typing import Any, Final

from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType
from ruamel.yaml import YAML

from pipelines.errors import ConfigError
from pipelines.push import load_specs
from pipelines.settings import read_settings

FILE: Final = Path(__file__).parents[1] / "prefect.yaml"


def declared() -> list[dict[str, Any]]:
    """The deployments as `prefect.yaml` has them.

    Raises:
        ConfigError: there is no such file, since this is an installed package and no clone.
    """
    if not FILE.exists():
        msg = f"Deployments are declared in {FILE.name}, beside `flows/` in a clone: serve them from there."
        raise ConfigError(msg)
    rows: list[dict[str, Any]] = YAML(typ="safe").load(FILE)["deployments"]
    return rows


def served() -> list[RunnerDeployment]:
    """The same, for a process that runs them itself: a work pool has no part in it.

    Pushes name their own schedule in their specs.

    Raises:
        ConfigError: the spec of a push cannot be used, or there is none of the deployments.
    """
    return [_served(row, _push_schedules() if row["name"] == "push" else []) for row in declared()]


def _push_schedules() -> list[Schedule]:
    folder = read_settings().cio_elt_push
    specs = load_specs(folder) if any(folder.glob("*.yml")) else []
    return [
        Cron(spec.schedule, timezone="Etc/UTC", slug=spec.sync, parameters={"syncs": [spec.sync]})
        for spec in specs
        if spec.schedule is not None
    ]


def _served(row: dict[str, Any], more: list[Schedule]) -> RunnerDeployment:
    flow: Flow[..., Any] = load_flow_from_entrypoint(row["entrypoint"])
    # By module, so that the flows are found wherever the process runs, and their folder, whose files have
    # plain names, does not get in front of the packages of those names.
    return RunnerDeployment.from_flow(
        flow,
        name=row["name"],
        description=row["description"],
        tags=row["tags"],
        parameters=row.get("parameters", {}),
        schedules=[*(_schedule(each) for each in row["schedules"]), *more],
        concurrency_limit=ConcurrencyLimitConfig(**row["concurrency_limit"]),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def _schedule(row: dict[str, Any]) -> Schedule:
    return Cron(row["cron"], timezone=row["timezone"], slug=row["slug"])
