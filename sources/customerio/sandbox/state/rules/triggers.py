"""Triggers of broadcasts: accepted, queued, processed.

    body -> audience -> trigger in its queue -> (later) people x actions -> deliveries

Triggers of one broadcast are processed one after the other; five can be queued [spec25].
"""

from functools import partial

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.action_messages import message_to, messages
from sources.customerio.sandbox.state.rules.audience import Audience, Fetch, read_audience
from sources.customerio.sandbox.state.rules.create_deliveries import create_deliveries
from sources.customerio.sandbox.state.store.errors import Busy, Invalid
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

MOST_QUEUED = 5
_TABLE = "broadcast_triggers"


def trigger(workspace: Workspace, broadcast_id: int, body: Record, fetch: Fetch, takes_s: int) -> int:
    """Accept a trigger, which is processed `takes_s` seconds after the one before; returns its id.

    Raises:
        NotFound: there is no such broadcast.
        Busy: too many triggers are queued.
        Invalid: the body is wrong; or it names unknown people, then the trigger exists with its errors.
    """
    table, now = workspace.tables[_TABLE], workspace.now
    queue = [row["processed_at"] for row in contents.children(workspace, _TABLE, broadcast_id)]
    queue = sorted(at for at in queue if at > now)
    if len(queue) >= MOST_QUEUED:
        msg = f"rate limited to {MOST_QUEUED} queued triggers"
        raise Busy(msg, queue[0] - now)
    audience = read_audience(workspace, body, fetch)
    errors = audience.errors(workspace)
    processed_at = now if errors else max([now, *queue]) + takes_s
    fields = {"broadcast_id": broadcast_id, "processed_at": processed_at, "errors": errors}
    trigger_id = table.add(fields, now)
    if errors:
        msg = (
            "Errors were found while processing per user data (ids, emails or json data). "
            f"More detail available from the errors endpoint for trigger {trigger_id}"
        )
        raise Invalid(msg, audience.pointer)
    workspace.scheduler.schedule(processed_at, partial(_process, workspace, trigger_id, audience))
    return trigger_id


def errors(workspace: Workspace, broadcast_id: int, trigger_id: int) -> list[str]:
    """The errors of a trigger, one text for each line; NotFound if there is no such trigger."""
    found: list[str] = contents.child(workspace, _TABLE, broadcast_id, trigger_id).get("errors", [])
    return found


def first_triggered(workspace: Workspace, broadcast_id: int) -> int | None:
    """When a broadcast was first triggered, None if never; NotFound if there is no such broadcast."""
    rows = contents.children(workspace, _TABLE, broadcast_id)
    return min((row["created_at"] for row in rows), default=None)


def processing(workspace: Workspace, broadcast_id: int, trigger_id: int) -> tuple[int, int]:
    """The first and the last second in which a trigger's deliveries were made; an empty range if unknown.

    Triggers of a broadcast are processed one after the other, so the next one ends its range.
    """
    rows = [row for row in workspace.tables[_TABLE] if row["broadcast_id"] == broadcast_id]
    first = next((row["processed_at"] for row in rows if row["id"] == trigger_id), None)
    if first is None:
        return 1, 0
    return first, min((row["processed_at"] for row in rows if row["processed_at"] > first), default=2**62) - 1


def _process(workspace: Workspace, trigger_id: int, audience: Audience) -> None:
    table = workspace.tables[_TABLE]
    if trigger_id not in table:
        return  # the broadcast was deleted in the meantime
    broadcast_id = table.get(trigger_id)["broadcast_id"]
    people = audience.people(workspace)
    found = messages(contents.children(workspace, "broadcast_actions", broadcast_id))
    create_deliveries(
        workspace,
        [message_to(workspace, "broadcast_actions", person, rows) for rows in found for person in people],
    )
