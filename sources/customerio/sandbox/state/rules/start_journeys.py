"""Starting journeys: people enter a campaign by its segment or by an event, and get its first message.

    members before -> the operation -> members after -> entries -> first messages -> deliveries

Operations of people, events and members start journeys, one operation at a time; the world's own changes
start none, nor does time that passes. Several segments of a campaign are alternatives, and a person must be
in all of its filters (both unverified).
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Literal

from sources.customerio.sandbox.clock import HOUR
from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.action_messages import message_to, messages
from sources.customerio.sandbox.state.rules.create_deliveries import create_deliveries
from sources.customerio.sandbox.state.rules.people import addressed
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.track_operation import Op
from sources.customerio.sandbox.state.workspace import Workspace

_ACTIONS: Literal["campaign_actions"] = "campaign_actions"
_BY_SEGMENT = ("seg_attr", "segment")
_LATEST_EVENT_S = 72 * HOUR
"""An event that is older starts no campaign [track26]."""
Members = Mapping[int, frozenset[int]]
"""By segment, the numbers of its members."""


def trigger_members(workspace: Workspace) -> Members:
    """The members of the segments that start a running campaign."""
    wanted = {one for row in _running(workspace) for one in _segments(row)}
    return {one: workspace.segments.numbers(one) for one in wanted if one in workspace.tables["segments"]}


def start_journeys(workspace: Workspace, op: Op, before: Members, at: int, *, again: bool) -> None:
    """Start the journeys of people who entered by an operation, whose members were `before` it.

    `again`: a person who enters a campaign's segment a second time starts again.
    """
    after = trigger_members(workspace)
    for campaign in _running(workspace):
        entered = {
            number for one in _segments(campaign) for number in after[one] - before.get(one, frozenset())
        }
        numbers = (
            sorted(entered) if again else sorted(entered - workspace.journeys.get(campaign["id"], set()))
        )
        for number in (*numbers, *_by_event(workspace, campaign, op, at)):
            if all(
                workspace.segments.is_member(one, number) for one in campaign.get("filter_segment_ids") or ()
            ):
                _start(workspace, campaign["id"], number)


def _running(workspace: Workspace) -> Iterator[Record]:
    now = workspace.now
    for row in workspace.tables["campaigns"]:
        stop = row.get("scheduled_stop") or now + 1
        if row.get("active") and (row.get("scheduled_start") or 0) <= now < stop:
            yield row


def _segments(campaign: Record) -> tuple[int, ...]:
    return tuple(campaign.get("trigger_segment_ids") or ()) if campaign["type"] in _BY_SEGMENT else ()


def _by_event(workspace: Workspace, campaign: Record, op: Op, at: int) -> Iterator[int]:
    """The person who did the event that starts a campaign, by number."""
    if campaign["type"] != "event" or (op["type"], op["action"]) != ("person", "event"):
        return
    young = (op.get("timestamp") or at) > at - _LATEST_EVENT_S
    person = addressed(workspace, op) if op["name"].strip() == campaign.get("event_name") and young else None
    if person is not None:
        yield person.number


def _start(workspace: Workspace, campaign_id: int, number: int) -> None:
    """Start a person's journey: the first message of the campaign is made at once."""
    workspace.journeys.setdefault(campaign_id, set()).add(number)
    first = islice(messages(contents.children(workspace, _ACTIONS, campaign_id)), 1)
    create_deliveries(
        workspace, [message_to(workspace, _ACTIONS, number, rows, begins=True) for rows in first]
    )
