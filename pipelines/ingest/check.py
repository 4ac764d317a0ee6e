"""Checks if a sync would work, with a handful of requests and without writing anything."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pipelines.connect import brief_client, track_region, wrong_region
from pipelines.errors import EltError
from pipelines.ingest.forecast.forecast import Forecast, forecast
from pipelines.settings import Settings
from pipelines.times import DAY
from pipelines.warehouse.queries import querying, tables
from pipelines.warehouse.runs import TABLE as RUNS
from pipelines.workspace import WorkspaceRecord, check_workspace, identify, read_record
from sources.customerio import RESOURCES
from sources.customerio.catalogue import Operation, Resource, operation, resource
from sources.customerio.client import NOT_FOR_THIS_KEY, Client, Forbidden, NotFound, NotServed
from sources.customerio.extract.parents import everything_of
from sources.customerio.extract.people import ALL_PEOPLE_BODY

# The ids of a row's parents and its own, outermost first.
Ids = tuple[object, ...]

_BODIES: Mapping[str, Callable[..., object]] = {
    "getPeopleFilter": lambda: ALL_PEOPLE_BODY,
    "getObjectsFilter": everything_of,
}

Verdict = Literal["reachable", "forbidden", "failed", "skipped", "untried"]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """If the key can read one resource; `reason` says why not, or why it was not tried."""

    resource: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The region of the settings, the Track API's (None if not requested), and the reach of each resource.

    `workspace` is the recorded one of the data folder. `workspaces` are the names of those of the key's
    account by id; they are empty if the key may not list them. `track_workspace` is the id of that of the
    Track API's keys, None if they are not set.
    """

    region: str
    track_region: str | None
    workspace: WorkspaceRecord
    workspaces: Mapping[int, str]
    track_workspace: int | None
    reaches: tuple[Reach, ...]

    @property
    def complete(self) -> bool:
        """Checks if a sync would reach every resource, but for those that it would skip."""
        return not self._with("forbidden", "failed")

    @property
    def verdict(self) -> str:
        """The result in a sentence, with the next step."""
        unread, skipped = self._with("forbidden", "failed"), self._with("skipped")
        if unread:
            return (
                f"Not ready: the key cannot read {len(unread)} of {len(self.reaches)} tables "
                f"({', '.join(unread)}), for the reasons above. A sync would load the others and end with 4."
            )
        left_out = f"; it would skip {', '.join(skipped)}" if skipped else ""
        return (
            f"Ready: a sync can read all {len(self._with('reachable'))} tables that were tried{left_out}. "
            "Run `cio-elt sync`."
        )

    def _with(self, *verdicts: Verdict) -> list[str]:
        return [reach.resource for reach in self.reaches if reach.verdict in verdicts]


def check(settings: Settings) -> CheckResult:
    """Send a request for each resource, and one to the Track API for the region if its keys are set.

    The warehouse is opened first.

    Raises:
        ConfigError: the key is missing or not accepted, the region is another one, or the server of the
            warehouse cannot be used.
        WarehouseError: the published file cannot be read.
        WrongWorkspace: the keys are of two workspaces, or of another one than the data folder.
        Unreachable: the host does not answer.
    """
    with querying(settings, may_lack=True) as query:
        tables(query)
    app = check_workspace(settings, note=False)
    region = track_region(settings)
    if region is not None and region != settings.customerio_region:
        raise wrong_region(settings, region)
    identity = None if region is None else identify(settings, app)
    with brief_client(settings) as client:
        return CheckResult(
            region=settings.customerio_region,
            track_region=region,
            workspace=read_record(settings),
            workspaces=app.access.workspaces,
            track_workspace=None if identity is None else identity.id,
            reaches=tuple(_reaches(client)),
        )


def first_sync(settings: Settings) -> Forecast | None:
    """The forecast of the first sync; None once a sync has filled the warehouse.

    Raises:
        CustomerioError: as `forecast`.
    """
    with querying(settings, may_lack=True) as query:
        if RUNS in tables(query):
            return None
    return forecast(settings)


def _reaches(client: Client) -> Iterator[Reach]:
    found: dict[str, Ids | None] = {}
    for row in RESOURCES:
        try:
            yield _reach(client, row, found)
        except NOT_FOR_THIS_KEY as error:
            yield Reach(resource=row.table, verdict=_verdict(row, error), reason=str(error))
        except EltError as error:
            yield Reach(resource=row.table, verdict="failed", reason=str(error))


def _verdict(row: Resource, error: Forbidden | NotServed) -> Verdict:
    if row.may_be_missing:
        return "skipped"
    return "forbidden" if isinstance(error, Forbidden) else "failed"


def _reach(client: Client, row: Resource, found: dict[str, Ids | None]) -> Reach:
    if row.optional:
        return Reach(resource=row.table, verdict="untried", reason="it is read only when it is named")
    if row.parent_type is not None:
        return Reach(resource=row.table, verdict="untried", reason="it needs a finished export to fetch")
    above = _above(client, row, found)
    if above is None:
        return Reach(resource=row.table, verdict="untried", reason=f"there are no {row.parent} to ask below")
    try:
        found[row.table] = _asked(client, row, above)
    except NotFound:
        return Reach(resource=row.table, verdict="untried", reason=f"one of the {row.parent} vanished")
    return Reach(resource=row.table, verdict="reachable")


def _above(client: Client, row: Resource, found: dict[str, Ids | None]) -> Ids | None:
    """The ids of the parents, outermost first; None if there are none."""
    if row.parent is None:
        return ()
    if row.parent not in found:
        parent = resource(row.parent)
        above = _above(client, parent, found)
        found[row.parent] = None if above is None else _asked(client, parent, above)
    return found[row.parent]


def _asked(client: Client, row: Resource, above: Ids) -> Ids | None:
    """Send the smallest request; returns the ids of the first row, if there is one."""
    call = operation(row.operation)
    names = [parameter.name for parameter in call.path_parameters]
    given = {**_least(call, client.now()), **row.asked[0]}
    path = {
        **dict(zip(names, above, strict=False)),
        **{name: given.pop(name) for name in names if name in given},
    }
    body = _BODIES[call.id](*above) if call.id in _BODIES else None
    document = client.call(row.operation, path=path, query=given, body=body).json()
    records = (document.get(call.records) if call.records else None) or ()
    ids = (record.get(row.key[-1]) for record in records if isinstance(record, dict))
    first = next(filter(None, ids), None)
    return None if first is None else (*above, first)


def _least(call: Operation, now: int) -> dict[str, object]:
    """The smallest page that the call has, and its required parameters."""
    least = {"limit": 1, "version": 2, "res": "days", "start": now - DAY, "end": now}
    wanted = (parameter for parameter in call.query if parameter.required or parameter.name == "limit")
    return {parameter.name: least[parameter.name] for parameter in wanted}
