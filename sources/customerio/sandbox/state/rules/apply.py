"""Applying queued writes in the order of arrival, with one rule for each (type, action) of operations.

due -> rule -> applied, or dropped with a reason and, for most reasons, an activity -> journeys of campaigns
"""

from collections.abc import Callable

from sources.customerio.sandbox.state.rules import devices, people, relationships
from sources.customerio.sandbox.state.rules.delivery_reports import report_metric, unsubscribe
from sources.customerio.sandbox.state.rules.events import associate, failed_event, track_event
from sources.customerio.sandbox.state.rules.identify import identify
from sources.customerio.sandbox.state.rules.merge import merge
from sources.customerio.sandbox.state.rules.people import addressed, must_exist
from sources.customerio.sandbox.state.rules.segments import change_members
from sources.customerio.sandbox.state.rules.start_journeys import start_journeys, trigger_members
from sources.customerio.sandbox.state.store.activities import NO_PERSON
from sources.customerio.sandbox.state.store.drop_reasons import FAILED_ATTRIBUTES, Dropped, failed_object
from sources.customerio.sandbox.state.store.track_operation import Op, problem
from sources.customerio.sandbox.state.store.write_queue import ApplyOptions, QueuedWrite
from sources.customerio.sandbox.state.workspace import Workspace

LOST = "the write was lost on its way"
_EVENTS = frozenset({"event", "page", "screen"})

Rule = Callable[[Workspace, Op, int, ApplyOptions], str]


def apply_due(workspace: Workspace, now: int, options: ApplyOptions) -> None:
    """Apply every queued write that is due by `now`, and log its outcome."""
    for queued in workspace.write_queue.due(now):
        write = queued.write
        try:
            if queued.lost:
                raise _lost(workspace, queued)
            write.reason = apply(workspace, queued.op, queued.due, options)
            write.outcome = "applied"
        except Dropped as dropped:
            write.outcome, write.reason = "dropped", dropped.reason


def apply(workspace: Workspace, op: Op, at: int, options: ApplyOptions) -> str:
    """Apply one operation at an instant; returns which part of it was ignored, as text, "" if none.

    Raises:
        Dropped: the operation is not applied; its activity is logged.
    """
    before = trigger_members(workspace) if options.campaigns_start else {}
    try:
        ignored = RULES[op["type"], op["action"]](workspace, op, at, options)
    except Dropped as dropped:
        log_drop(workspace, dropped, at)
        raise
    if options.campaigns_start:
        start_journeys(workspace, op, before, at, again=options.campaigns_restart)
    return ignored


def log_drop(workspace: Workspace, dropped: Dropped, at: int) -> None:
    """Log the activity that tells of a dropped write; some reasons have none."""
    if dropped.activity is not None:
        workspace.activities.append(dropped.activity, at, dropped.person, dropped.data, dropped.name)


def _lost(workspace: Workspace, queued: QueuedWrite) -> Dropped:
    """The drop of a write that a fault loses, with its activity logged."""
    op = queued.op
    if op["action"] in _EVENTS:
        dropped = failed_event(op, LOST)
    else:
        activity = FAILED_ATTRIBUTES
        if op["type"] == "object":
            activity = failed_object(op["identifiers"].get("object_type_id", "unknown"))
        data = {name: op[name] for name in ("identifiers", "attributes") if name in op}
        dropped = Dropped(LOST, activity, data=data)
    if op["type"] == "person" and "identifiers" in op:
        person = addressed(workspace, op)
        dropped.person = NO_PERSON if person is None else person.number
    log_drop(workspace, dropped, queued.due)
    return dropped


def _identify(workspace: Workspace, op: Op, at: int, options: ApplyOptions) -> str:
    wrong = problem(op) if op.get("v1") else None
    if wrong is not None:
        # Version 1 accepts every operation; version 2 has validated it before.
        raise Dropped(wrong.message, FAILED_ATTRIBUTES, data={"identifiers": op["identifiers"]})
    named = _without_anonymous_id(workspace, op)
    if named is None:
        # An anonymous identify creates no person, and its attributes are not kept (unverified).
        return "no person has the anonymous id"
    op = named
    person = identify(workspace, op, at, email_by_id=options.email_by_id)
    anonymous_id = (op.get("attributes") or {}).get("anonymous_id")
    if anonymous_id:
        associate(workspace, person, str(anonymous_id), at)
    relationships.relate_objects(workspace, person, op, at)
    return ""


def _without_anonymous_id(workspace: Workspace, op: Op) -> Op | None:
    """The operation with the `cio_id` of the person who has its anonymous id; None if no person has it."""
    anonymous_id = op["identifiers"].get("anonymous_id")
    if anonymous_id is None:
        return op
    number = workspace.anonymous.person(anonymous_id)
    person = None if number is None else workspace.people.get(number)
    return None if person is None else {**op, "identifiers": {"cio_id": person.cio_id}}


def _relate(workspace: Workspace, op: Op, at: int, _options: ApplyOptions) -> str:
    relationships.relate_objects(workspace, must_exist(workspace, op, FAILED_ATTRIBUTES), op, at)
    return ""


def _unrelate(workspace: Workspace, op: Op, at: int, _options: ApplyOptions) -> str:
    relationships.unrelate_objects(workspace, must_exist(workspace, op), op, at)
    return ""


def _track(workspace: Workspace, op: Op, at: int, options: ApplyOptions) -> str:
    return track_event(workspace, op, at, options)


def _plain(rule: Callable[[Workspace, Op, int], str]) -> Rule:
    """A rule that has no options."""
    return lambda workspace, op, at, _options: rule(workspace, op, at)


RULES: dict[tuple[str, str], Rule] = {
    ("person", "identify"): _identify,
    ("person", "delete"): _plain(people.delete),
    ("person", "event"): _track,
    ("person", "page"): _track,
    ("person", "screen"): _track,
    ("person", "add_relationships"): _relate,
    ("person", "delete_relationships"): _unrelate,
    ("person", "add_device"): _plain(devices.add_device),
    ("person", "delete_device"): _plain(devices.delete_device),
    ("person", "merge"): _plain(merge),
    ("person", "suppress"): _plain(people.suppress),
    ("person", "unsuppress"): _plain(people.unsuppress),
    ("object", "identify"): _plain(relationships.identify_object),
    ("object", "identify_anonymous"): _plain(relationships.identify_object_anonymously),
    ("object", "delete"): _plain(relationships.delete_object),
    ("object", "add_relationships"): _plain(relationships.relate_people),
    ("object", "delete_relationships"): _plain(relationships.unrelate_people),
    ("delivery", "event"): _plain(report_metric),
    ("delivery", "unsubscribe"): _plain(unsubscribe),
    ("segment", "add_customers"): change_members,
    ("segment", "remove_customers"): change_members,
}
