"""Creates an export, at most once: an equal request that is under way is resumed, in any state.

    unfinished export? ─ yes, with its id ─────────────> that one
                       ├ yes, but its id is unknown ───> search for it in the list of exports, adopt it
                       └ no ─> note the intent -> create -> note the id

Creating is not repeatable. A process that dies between the request and the note leaves an intent, and the
next start finds the export that came of it: of that type, created at that time, newer than every export known
before, and of no other intent.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from filelock import FileLock, Timeout

from pipelines.connect import given_client
from pipelines.errors import Busy, EltError
from pipelines.export.parent import check_parent
from pipelines.export.poll import own_record
from pipelines.export.registry import RegisteredExport, Registry, folder, open_registry
from pipelines.export.requests import ExportRequest
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.trace import step
from pipelines.workspace import check_workspace
from sources.customerio.client import BadAnswer, Client, NotFound, reading_answers

_LOCK = "ordering.lock"
# Another process that creates an export waits for slots of the rate limit and for an answer, no longer.
_WAIT_S = 900.0
# A call queues for a slot, is repeated while that is safe, and then waits for its answer.
_LATEST_S = 900
_CLOCK_S = 2


def create(
    settings: Settings,
    request: ExportRequest,
    *,
    notify: Notify = silent,
    client: Client | None = None,
    fresh: bool = False,
    stale_after_s: float = math.inf,
    look_up: bool = False,
    listed: Sequence[Any] | None = None,
) -> RegisteredExport:
    """The export of an equal request that is under way, or a new one; with `fresh` always a new one.

    One whose file has been ready, and that was created more than `stale_after_s` seconds ago, is not used.

    With a `client`, its workspace was checked before, and it makes the requests. With `look_up`, the parent
    of a new export is looked up before. `listed` are the records of all exports if they were read just now.

    Raises:
        ConfigError: the key is not accepted, its scope lacks exports, it is of another workspace than the
            warehouse, or the parent does not exist.
        Busy: another process was creating an export for a quarter of an hour.
        CustomerioError: Customer.io cannot be reached, or refuses the request. If it may have created the
            export all the same, the next call searches for it.
    """
    if client is None:
        check_workspace(settings)
    step("create the export")
    with open_registry(settings) as registry:
        lock = FileLock(folder(settings) / _LOCK)
        try:
            lock.acquire(timeout=_WAIT_S)
        except Timeout:
            msg = (
                f"Another process has been creating an export for {_WAIT_S:,.0f} s. Wait for it, then run "
                "this again."
            )
            raise Busy(msg) from None
        try:
            with given_client(settings, client) as calls:
                if fresh or _is_stale(calls, registry, request, stale_after_s):
                    _set_aside(registry, request)
                return _resumed_or_new(calls, registry, request, notify, look_up=look_up, listed=listed)
        finally:
            lock.release()


def _resumed_or_new(
    client: Client,
    registry: Registry,
    request: ExportRequest,
    notify: Notify,
    *,
    look_up: bool,
    listed: Sequence[Any] | None,
) -> RegisteredExport:
    export = registry.unfinished(request)
    if export is not None and export.export_id is not None:
        notify(f"Resuming export {export.export_id}, which was created before and is not loaded yet.")
        return export
    if listed is None:
        listed = client.call("listExports").records("exports")
    with reading_answers("`listExports`"):
        known_id = max((int(record["id"]) for record in listed), default=0)
        came = [record for record in listed if export and _came_of(export, record, registry.ids())]
    if export is not None:
        if len(came) == 1:
            notify(f"Export {came[0]['id']} came of a run that ended before it could note it; it is used.")
            return _with_id(registry, export, came[0])
        # None: it was never created. Several: other exports were created too, and ours is not to be told.
        registry.delete_intent(export)
    if look_up:
        check_parent(client, request)
    export = registry.add_intent(request, known_id=known_id, intended_at=client.now())
    created = _with_id(registry, export, _create(client, registry, export))
    notify(f"Export {created.export_id} was created.")
    return created


def _set_aside(registry: Registry, request: ExportRequest) -> None:
    """Note that an equal export which is under way is used by no later run."""
    earlier = registry.unfinished(request)
    if earlier is not None and earlier.export_id is not None:
        registry.set_read(earlier)
    elif earlier is not None:
        registry.delete_intent(earlier)


def _is_stale(client: Client, registry: Registry, request: ExportRequest, after_s: float) -> bool:
    """True if the export that is under way is older than that, and Customer.io has made its file."""
    export = registry.unfinished(request)
    if export is None or export.export_id is None or after_s == math.inf:
        return False
    try:
        with reading_answers("`getExport`"):
            is_made = bool(own_record(client, export)["status"] == "done")
    except (NotFound, BadAnswer):
        # The step that waits for the file says so.
        return False
    return is_made and client.now() - (export.created_at or 0) > after_s


def _create(client: Client, registry: Registry, export: RegisteredExport) -> Mapping[str, Any]:
    try:
        answer = client.call(export.request.operation, body=export.request.body)
    except EltError as error:
        if not error.ambiguous:
            registry.delete_intent(export)
        raise
    record: Mapping[str, Any] = answer.field("export")
    return record


def _with_id(registry: Registry, export: RegisteredExport, record: Mapping[str, Any]) -> RegisteredExport:
    with reading_answers(f"`{export.request.operation}`"):
        export_id, created_at = int(record["id"]), int(record["created_at"])
    return registry.set_created(export, export_id=export_id, created_at=created_at)


def _came_of(export: RegisteredExport, record: Mapping[str, Any], registered: set[int]) -> bool:
    """Checks if Customer.io's record may be of the export that this intent created."""
    created_at = int(record["created_at"])
    return (
        record["type"] == export.request.type
        and int(record["id"]) > export.known_id
        and int(record["id"]) not in registered
        and export.intended_at - _CLOCK_S <= created_at <= export.intended_at + _LATEST_S
    )
