"""Ordering an export: what is asked for is looked up at once, the file appears later."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sources.customerio.sandbox.state.deliveries import Selection
from sources.customerio.sandbox.state.errors import BadRequest
from sources.customerio.sandbox.state.exports import Cells, Export, ExportType
from sources.customerio.sandbox.state.filters import compile_filter
from sources.customerio.sandbox.state.months import CAMPAIGN
from sources.customerio.sandbox.state.people import Record
from sources.customerio.sandbox.state.snapshots import DELIVERY_COLUMNS, delivery_cells, people_cells
from sources.customerio.sandbox.state.workspace import Workspace

_PARENTS = ("newsletter_id", "campaign_id", "transactional_message_id", "action_id")


@dataclass(kw_only=True)
class ExportRules:
    """How files are made: seconds until one is ready, whether it is gzipped, and its deliveries columns."""

    takes_s: int = 30
    gzipped: bool = False
    fails: bool = False
    delivery_columns: Sequence[tuple[str, str]] = DELIVERY_COLUMNS


def order_people(workspace: Workspace, body: Record, rules: ExportRules, description: str) -> Export:
    """Order the people that `filters` matches; BadRequest if there is no such filter."""
    test = compile_filter(body.get("filters"), workspace.segments.is_member)
    attributes = _names(body.get("attributes"))
    header, cells = people_cells([person for person in workspace.people if test(person)], attributes)
    return _order(workspace, "customers", header, cells, rules, description)


def order_deliveries(workspace: Workspace, body: Record, rules: ExportRules, description: str) -> Export:
    """Order the deliveries of exactly one parent; 6 months without bounds, 12 at most [spec25].

    Unlike in the list of messages, `drafts` means drafts and sent ones.
    """
    parents = {name: _integer(body, name) for name in _PARENTS if body.get(name) is not None}
    if len(parents) != 1:
        msg = "exactly one of newsletter_id, campaign_id, transactional_message_id and action_id is needed"
        raise BadRequest(msg)
    start, end = CAMPAIGN.bounds(
        start_ts=_integer(body, "start"), end_ts=_integer(body, "end"), now=workspace.now, first=None
    )
    wanted = Selection(
        start=start,
        end=end,
        drafts=None if body.get("drafts") is True else False,
        metric=None if body.get("metric") in (None, "created") else str(body["metric"]),
        **{name: value for name, value in parents.items() if value is not None},  # type: ignore[arg-type]
    )
    rows = workspace.deliveries.newest(wanted, workspace.now)
    records = workspace.delivery_records.of(rows, workspace.now)
    numbers = workspace.deliveries.columns["person"][rows].tolist()
    people = [workspace.people.get(number) for number in numbers]
    attributes = _names(body.get("attributes")) or []
    header, cells = delivery_cells(zip(records, people, strict=True), rules.delivery_columns, attributes)
    return _order(workspace, "deliveries", header, cells, rules, description)


def _order(
    workspace: Workspace,
    type_: ExportType,
    header: Cells,
    cells: list[Cells],
    rules: ExportRules,
    description: str,
) -> Export:
    export = Export(
        id=workspace.exports.next_id(),
        type=type_,
        description=description,
        created_at=workspace.now,
        ready_at=workspace.now + rules.takes_s,
        header=header,
        cells=cells,
        fails=rules.fails,
        gzipped=rules.gzipped,
    )
    workspace.exports.put(export)
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
