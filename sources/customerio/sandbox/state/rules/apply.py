"""Applying what waits in the inbox: one rule for each kind of operation, in order of arrival.

due -> rule -> applied, or dropped with a reason and, for most reasons, an activity
"""

from collections.abc import Callable

from sources.customerio.sandbox.state.rules import devices, people, relationships
from sources.customerio.sandbox.state.rules.delivery_reports import report, unsubscribe
from sources.customerio.sandbox.state.rules.events import associate, failed_event, track
from sources.customerio.sandbox.state.rules.identify import identify
from sources.customerio.sandbox.state.rules.merge import merge
from sources.customerio.sandbox.state.rules.people import addressed, must_exist
from sources.customerio.sandbox.state.rules.segments import change_members
from sources.customerio.sandbox.state.store.activities import NOBODY
from sources.customerio.sandbox.state.store.drop_reasons import FAILED_ATTRIBUTES, Dropped, failed_object
from sources.customerio.sandbox.state.store.track_operation import Op, problem
from sources.customerio.sandbox.state.store.write_queue import ApplyRules, Waiting
from sources.customerio.sandbox.state.workspace import Workspace

LOST = "the write was lost on its way"
_EVENTS = frozenset({"event", "page", "screen"})


Rule = Callable[[Workspace, Op, int, ApplyRules], str]


def apply_due(workspace: Workspace, now: int, rules: ApplyRules) -> None:
    """Apply every write that is due by now."""
    for waiting in workspace.inbox.due(now):
        write = waiting.write
        try:
            if waiting.lost:
                raise _lost(workspace, waiting)
            write.reason = apply(workspace, waiting.op, waiting.due, rules)
            write.outcome = "applied"
        except Dropped as dropped:
            write.outcome, write.reason = "dropped", dropped.reason


def apply(workspace: Workspace, op: Op, at: int, rules: ApplyRules) -> str:
    """Apply one operation at an instant; answers what of it was ignored, in words.

    Raises:
        Dropped: nothing came of it; the activity that tells so is noted.
    """
    try:
        return RULES[op["type"], op["action"]](workspace, op, at, rules)
    except Dropped as dropped:
        tell(workspace, dropped, at)
        raise


def tell(workspace: Workspace, dropped: Dropped, at: int) -> None:
    """Note the activity that tells of a drop, if one does."""
    if dropped.activity is not None:
        workspace.activities.note(dropped.activity, at, dropped.person, dropped.data, dropped.name)


def _lost(workspace: Workspace, waiting: Waiting) -> Dropped:
    """What is told of a write that was lost."""
    op = waiting.op
    if op["action"] in _EVENTS:
        dropped = failed_event(op, LOST)
    else:
        activity = FAILED_ATTRIBUTES
        if op["type"] == "object":
            activity = failed_object(op["identifiers"].get("object_type_id", "unknown"))
        told = {name: op[name] for name in ("identifiers", "attributes") if name in op}
        dropped = Dropped(LOST, activity, data=told)
    if op["type"] == "person" and "identifiers" in op:
        person = addressed(workspace, op)
        dropped.person = NOBODY if person is None else person.number
    tell(workspace, dropped, waiting.due)
    return dropped


def _identify(workspace: Workspace, op: Op, at: int, rules: ApplyRules) -> str:
    wrong = problem(op) if op.get("v1") else None
    if wrong is not None:
        # Version 1 lets everything in; version 2 has looked at it before.
        raise Dropped(wrong.message, FAILED_ATTRIBUTES, data={"identifiers": op["identifiers"]})
    person = identify(workspace, op, at, email_by_id=rules.email_by_id)
    anonymous_id = (op.get("attributes") or {}).get("anonymous_id")
    if anonymous_id:
        associate(workspace, person, str(anonymous_id), at)
    relationships.relate_objects(workspace, person, op, at)
    return ""


def _relate(workspace: Workspace, op: Op, at: int, _rules: ApplyRules) -> str:
    relationships.relate_objects(workspace, must_exist(workspace, op, FAILED_ATTRIBUTES), op, at)
    return ""


def _part(workspace: Workspace, op: Op, at: int, _rules: ApplyRules) -> str:
    relationships.part_objects(workspace, must_exist(workspace, op), op, at)
    return ""


def _members(workspace: Workspace, op: Op, _at: int, rules: ApplyRules) -> str:
    return change_members(workspace, op, rules)


def _track(workspace: Workspace, op: Op, at: int, rules: ApplyRules) -> str:
    return track(workspace, op, at, creates=rules.events_create)


def _plain(rule: Callable[[Workspace, Op, int], str]) -> Rule:
    """A rule for which nothing differs."""
    return lambda workspace, op, at, _rules: rule(workspace, op, at)


RULES: dict[tuple[str, str], Rule] = {
    ("person", "identify"): _identify,
    ("person", "delete"): _plain(people.delete),
    ("person", "event"): _track,
    ("person", "page"): _track,
    ("person", "screen"): _track,
    ("person", "add_relationships"): _relate,
    ("person", "delete_relationships"): _part,
    ("person", "add_device"): _plain(devices.add_device),
    ("person", "delete_device"): _plain(devices.delete_device),
    ("person", "merge"): _plain(merge),
    ("person", "suppress"): _plain(people.suppress),
    ("person", "unsuppress"): _plain(people.unsuppress),
    ("object", "identify"): _plain(relationships.identify_object),
    ("object", "identify_anonymous"): _plain(relationships.identify_object_anonymously),
    ("object", "delete"): _plain(relationships.delete_object),
    ("object", "add_relationships"): _plain(relationships.relate_people),
    ("object", "delete_relationships"): _plain(relationships.part_people),
    ("delivery", "event"): _plain(report),
    ("delivery", "unsubscribe"): _plain(unsubscribe),
    ("segment", "add_customers"): _members,
    ("segment", "remove_customers"): _members,
}
