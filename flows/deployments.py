"""The deployments of `prefect.yaml`, read and made ready for this process to serve."""

from pathlib import Path
from typing import Any, Final

from prefect import get_client
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType
from ruamel.yaml import YAML

from pipelines.errors import InvalidSpec
from pipelines.notify import Notify, silent
from pipelines.push import read_specs
from pipelines.settings import read_settings

FILE: Final = Path(__file__).parents[1] / "prefect.yaml"


def declared() -> list[dict[str, Any]]:
    """The deployments of `prefect.yaml`, a dictionary each."""
    rows: list[dict[str, Any]] = YAML(typ="safe").load(FILE)["deployments"]
    return rows


def served(notify: Notify = silent) -> list[RunnerDeployment]:
    """The deployments for a process that runs them itself, without a work pool.

    The schedules of pushes come from their declarations; `notify` is told of files that cannot be used.
    """
    return [_served(row, _push_schedules(notify) if row["name"] == "push" else []) for row in declared()]


def keep_paused(served: list[RunnerDeployment]) -> list[str]:
    """Pause what an operator paused on the server: deployments and schedules; returns sentences about them.

    Serving them would activate them again.
    """
    said = []
    with get_client(sync_client=True) as client:
        for each in served:
            try:
                known = client.read_deployment_by_name(f"{each.flow_name}/{each.name}")
            except ObjectNotFound:
                continue
            if known.paused:
                each.paused = True
                said.append(f"The deployment {each.name} stays paused.")
            paused = {schedule.slug for schedule in known.schedules if not schedule.active}
            for schedule in each.schedules or []:
                if schedule.slug in paused:
                    schedule.active = False
                    said.append(f"The schedule {schedule.slug} of {each.name} stays paused.")
    return said


def _push_schedules(notify: Notify) -> list[Schedule]:
    folder = read_settings().cio_elt_push
    if not any(folder.glob("*.yml")):
        return []
    try:
        found = read_specs(folder)
    except InvalidSpec as error:
        notify(f"No push is scheduled. {error}")
        return []
    for name, wrong in found.errors.items():
        notify(f"The push {name} is not scheduled. {wrong}")
    return [
        Cron(spec.schedule, timezone=spec.timezone, slug=spec.sync, parameters={"syncs": [spec.sync]})
        for spec in found.specs
        if spec.schedule is not None
    ]


def _served(row: dict[str, Any], more: list[Schedule]) -> RunnerDeployment:
    flow: Flow[..., Any] = load_flow_from_entrypoint(row["entrypoint"])
    # By module path: the flows are found from any working directory, and `flows/` is not put in front of
    # sys.path, where its modules would hide packages of the same names.
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
