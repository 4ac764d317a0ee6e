"""Creating exports: the rows are selected at once, the file is ready later.

body -> snapshot (the rows as of now) -> file (written while the export is pending) -> export
"""

from typing import Any

from sources.customerio.sandbox.state.store.deliveries import DeliveryFilter
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.export_file import (
    DeliveriesSnapshot,
    ExportFile,
    ExportOptions,
    PeopleSnapshot,
    Snapshot,
)
from sources.customerio.sandbox.state.store.exports import Export, ExportType
from sources.customerio.sandbox.state.store.filters import compile_filter
from sources.customerio.sandbox.state.store.lookback import CAMPAIGN
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

# Reports of imports are exports too, and are not ordered.
_QUEUED = ("customers", "deliveries")
_PARENTS = ("newsletter_id", "campaign_id", "transactional_message_id", "action_id")


def check_queue(workspace: Workspace, most: int) -> None:
    """Check that one more export may be created; BadRequest if `most` of them are pending already.

    The detail is Customer.io's [fivetran]; its status is unverified.
    """
    pending = sum(
        export.type in _QUEUED and export.status(workspace.now) == "pending" for export in workspace.exports
    )
    if pending >= most:
        msg = f"Cannot have more than {most} exports queued"
        raise BadRequest(msg)


def create_people_export(
    workspace: Workspace, body: Record, options: ExportOptions, description: str
) -> Export:
    """Create an export of the people that `filters` matches; BadRequest if it is malformed."""
    test = compile_filter(body.get("filters"), workspace.segments.is_member)
    attributes = _names(body.get("attributes"))
    snapshot = PeopleSnapshot((person for person in workspace.people if test(person)), attributes)
    return create_export(workspace, "customers", snapshot, options, description)


def create_deliveries_export(
    workspace: Workspace, body: Record, options: ExportOptions, description: str
) -> Export:
    """Create an export of the deliveries of one parent: 6 months by default, 12 at most [spec25].

    Unlike in the list of messages, `drafts` means drafts and sent ones.

    Raises:
        BadRequest: not exactly one parent is given, or a field has a wrong type.
    """
    parents = {name: _integer(body, name) for name in _PARENTS if body.get(name) is not None}
    if len(parents) != 1:
        msg = "exactly one of newsletter_id, campaign_id, transactional_message_id and action_id is needed"
        raise BadRequest(msg)
    start, end = CAMPAIGN.bounds(
        start_ts=_integer(body, "start"), end_ts=_integer(body, "end"), now=workspace.now, first=None
    )
    filter_ = DeliveryFilter(
        start=start,
        end=end,
        drafts=None if body.get("drafts") is True else False,
        metric=None if body.get("metric") in (None, "created") else str(body["metric"]),
        **{name: value for name, value in parents.items() if value is not None},  # type: ignore[arg-type]
    )
    rows = workspace.deliveries.newest(filter_, workspace.now)
    snapshot = DeliveriesSnapshot(
        workspace.deliveries,
        workspace.people,
        workspace.ids,
        rows=rows,
        now=workspace.now,
        columns=options.delivery_columns,
        attributes=_names(body.get("attributes")) or [],
    )
    return create_export(workspace, "deliveries", snapshot, options, description)


def create_export(
    workspace: Workspace, type_: ExportType, snapshot: Snapshot, options: ExportOptions, description: str
) -> Export:
    """Create an export of a snapshot."""
    export_id = workspace.exports.next_id()
    target = workspace.exports.folder / f"{export_id}.csv"
    export = Export(
        id=export_id,
        type=type_,
        description=description,
        created_at=workspace.now,
        ready_at=workspace.now + options.takes_s,
        file=ExportFile(snapshot, target, gzipped=options.gzipped, keeps=options.keeps),
        total=len(snapshot) + options.miscounts,
        fails=options.fails,
    )
    workspace.exports.add(export)
    return export


def _names(given: Any) -> list[str] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        msg = "attributes must be a list of attribute names"
        raise BadRequest(msg)
    return given


def _integer(body: Record, name: str) -> int | None:
    value = body.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    msg = f"{name} must be an integer"
    raise BadRequest(msg)
