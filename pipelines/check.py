"""Whether a sync would work, found out with a handful of requests and without writing anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipelines.connect import brief_client, greet, track_region, wrong_region
from pipelines.settings import Settings
from sources.customerio import RESOURCES
from sources.customerio.catalogue import Operation, Resource, operation, resource
from sources.customerio.client import Client, CustomerioError, Forbidden, NotFound
from sources.customerio.extract.people import EVERYBODY

Verdict = Literal["reachable", "forbidden", "failed", "untried"]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What the key can do with one resource; `reason` says why not, or why it was not tried."""

    resource: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The region that the settings name, the one Customer.io names where it was asked, and the reach."""

    region: str
    track_region: str | None
    reaches: tuple[Reach, ...]

    @property
    def complete(self) -> bool:
        """Whether a sync would reach every resource."""
        return all(reach.verdict in ("reachable", "untried") for reach in self.reaches)


def check(settings: Settings) -> CheckResult:
    """Ask once for each resource, and the Track API for the region where its keys are set.

    Raises:
        ConfigError: the key is missing or not accepted, or the region is another one.
        Unreachable: nobody answers at the host.
    """
    greet(settings)
    region = track_region(settings)
    if region is not None and region != settings.customerio_region:
        raise wrong_region(settings, region)
    with brief_client(settings) as client:
        return CheckResult(
            region=settings.customerio_region,
            track_region=region,
            reaches=tuple(_reaches(client)),
        )


def _reaches(client: Client) -> Iterator[Reach]:
    parents: dict[str, int | None] = {}
    for row in RESOURCES:
        try:
            yield _reach(client, row, parents)
        except Forbidden as error:
            yield Reach(resource=row.table, verdict="forbidden", reason=str(error))
        except CustomerioError as error:
            yield Reach(resource=row.table, verdict="failed", reason=str(error))


def _reach(client: Client, row: Resource, parents: dict[str, int | None]) -> Reach:
    if row.parent_type is not None:
        return Reach(resource=row.table, verdict="untried", reason="it needs a finished export to fetch")
    if row.parent is None:
        first = _first(client, row)
        parents[row.table] = first
        return Reach(resource=row.table, verdict="reachable")
    if row.parent not in parents:
        parents[row.parent] = _first(client, resource(row.parent))
    parent = parents[row.parent]
    if parent is None:
        return Reach(resource=row.table, verdict="untried", reason=f"there are no {row.parent} to ask below")
    call = operation(row.operation)
    try:
        client.call(row.operation, path={call.path_parameters[0].name: parent}, query=_least(call))
    except NotFound:
        return Reach(resource=row.table, verdict="untried", reason=f"one of the {row.parent} vanished")
    return Reach(resource=row.table, verdict="reachable")


def _first(client: Client, row: Resource) -> int | None:
    """The id of the first row, if it has a numeric one."""
    call = operation(row.operation)
    body = EVERYBODY if call.body == "json" else None
    records = client.call(row.operation, query=_least(call), body=body).json()[str(call.records)] or []
    return next((int(record["id"]) for record in records if isinstance(record.get("id"), int)), None)


def _least(call: Operation) -> dict[str, int] | None:
    """Ask for one row where the call can be asked for few."""
    return {"limit": 1} if any(parameter.name == "limit" for parameter in call.query) else None
