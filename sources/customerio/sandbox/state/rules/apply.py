"""Applying what waits in the inbox: one rule for each kind of operation, in order of arrival.

due -> rule -> applied, or dropped with a reason and, for most reasons, an activity
"""

from collections.abc import Callable
from dataclasses import dataclass

from sources.customerio.sandbox.state.rules import relationships
from sources.customerio.sandbox.state.rules.delivery_reports import report, unsubscribe
from sources.customerio.sandbox.state.rules.events import associate, failed_event, track
from sources.customerio.sandbox.state.rules.identify import identify, refuse_suppressed
from sources.customerio.sandbox.state.rules.merge import merge
from sources.customerio.sandbox.state.store.activities import NOBODY
from sources.customerio.sandbox.state.store.drop_reasons import FAILED_ATTRIBUTES, Dropped, failed_object
from sources.customerio.sandbox.state.store.errors import Refused
from sources.customerio.sandbox.state.store.people import Person, Record
from sources.customerio.sandbox.state.store.track_operation import Op, problem
from sources.customerio.sandbox.state.store.write_queue import Waiting
from sources.customerio.sandbox.state.workspace import Workspace

LOST = "the write was lost on its way"
_EVENTS = frozenset({"event", "page", "screen"})


@dataclass(frozen=True, slots=True)
class ApplyRules:
    """Where workspaces differ, or nobody has said what Customer.io does.

    `email_by_id`: an email may be changed by somebody's id. `events_create`: an event for nobody makes that
    person. `removes_by_id`: leaving a segment works by `id` alone, whatever `id_type` says.
    """

    email_by_id: bool = False
    events_create: bool = False
    removes_by_id: bool = False


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
        person = _addressed(workspace, op)
        dropped.person = NOBODY if person is None else person.number
    tell(workspace, dropped, waiting.due)
    return dropped


def _addressed(workspace: Workspace, op: Op) -> Person | None:
    """Whom an operation names, None if nobody has that identifier. Dropped if it is suppressed."""
    ((kind, value),) = op["identifiers"].items()
    if kind == "anonymous_id":
        return None
    refuse_suppressed(workspace, {kind: value})
    return workspace.people.find(value, kind)


def _somebody(workspace: Workspace, op: Op, activity: str | None = None) -> Person:
    person = _addressed(workspace, op)
    if person is None:
        msg = "there is no such person"
        raise Dropped(msg, activity, data={"identifiers": op["identifiers"]})
    return person


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


def _delete(workspace: Workspace, op: Op, at: int, _rules: ApplyRules) -> str:
    workspace.leave(_somebody(workspace, op), "deleted", at)
    return ""


def _suppress(workspace: Workspace, op: Op, at: int, _rules: ApplyRules) -> str:
    ((kind, value),) = op["identifiers"].items()
    person = workspace.people.find(value, kind)
    if person is None:
        workspace.people.suppress(**{kind: value})
        return "nobody had the identifier"
    workspace.leave(person, "suppressed", at)
    return ""


def _unsuppress(workspace: Workspace, op: Op, _at: int, _rules: ApplyRules) -> str:
    ((kind, value),) = op["identifiers"].items()
    if not workspace.people.is_suppressed(kind, value):
        return "the identifier was not suppressed"
    workspace.people.unsuppress(kind, value)
    return ""


def _add_device(workspace: Workspace, op: Op, at: int, _rules: ApplyRules) -> str:
    person, device = _somebody(workspace, op, FAILED_ATTRIBUTES), op["device"]
    held: Record = next((row for row in person.devices or () if row["id"] == device["token"]), {})
    known = {
        "id": device["token"],
        "last_used": device.get("last_used") or at,
        "platform": device["platform"],
        "attributes": {
            "_last_status": "",
            **(held.get("attributes") or {}),
            **(device.get("attributes") or {}),
        },
    }
    others = [row for row in person.devices or () if row["id"] != device["token"]]
    person.devices = [*others, known]
    workspace.activities.note("device_change", at, person.number, {"device_id": device["token"]})
    return ""


def _delete_device(workspace: Workspace, op: Op, at: int, _rules: ApplyRules) -> str:
    person, token = _somebody(workspace, op), op["device"]["token"]
    if all(row["id"] != token for row in person.devices or ()):
        return "the person has no such device"
    person.devices = [row for row in person.devices or () if row["id"] != token]
    workspace.activities.note("device_change", at, person.number, {"device_id": token})
    return ""


def _relate(workspace: Workspace, op: Op, at: int, _rules: ApplyRules) -> str:
    relationships.relate_objects(workspace, _somebody(workspace, op, FAILED_ATTRIBUTES), op, at)
    return ""


def _part(workspace: Workspace, op: Op, at: int, _rules: ApplyRules) -> str:
    relationships.part_objects(workspace, _somebody(workspace, op), op, at)
    return ""


def _segment(workspace: Workspace, op: Op, _at: int, rules: ApplyRules) -> str:
    """Those who match join or leave; the others are ignored [track26]."""
    adds = op["action"] == "add_customers"
    id_type = "id" if rules.removes_by_id and not adds else op["id_type"]
    found = [person for value in op["ids"] if (person := workspace.people.find(value, id_type))]
    try:
        for person in found:
            workspace.segments.set_member(op["identifiers"]["segment_id"], person.number, member=adds)
    except Refused as refused:
        raise Dropped(refused.detail) from None
    ignored = len(op["ids"]) - len(found)
    return f"{ignored} of {len(op['ids'])} ids match nobody" if ignored else ""


def _track(workspace: Workspace, op: Op, at: int, rules: ApplyRules) -> str:
    return track(workspace, op, at, creates=rules.events_create)


def _plain(rule: Callable[[Workspace, Op, int], str]) -> Rule:
    """A rule for which nothing differs."""
    return lambda workspace, op, at, _rules: rule(workspace, op, at)


RULES: dict[tuple[str, str], Rule] = {
    ("person", "identify"): _identify,
    ("person", "delete"): _delete,
    ("person", "event"): _track,
    ("person", "page"): _track,
    ("person", "screen"): _track,
    ("person", "add_relationships"): _relate,
    ("person", "delete_relationships"): _part,
    ("person", "add_device"): _add_device,
    ("person", "delete_device"): _delete_device,
    ("person", "merge"): _plain(merge),
    ("person", "suppress"): _suppress,
    ("person", "unsuppress"): _unsuppress,
    ("object", "identify"): _plain(relationships.identify_object),
    ("object", "identify_anonymous"): _plain(relationships.identify_object_anonymously),
    ("object", "delete"): _plain(relationships.delete_object),
    ("object", "add_relationships"): _plain(relationships.relate_people),
    ("object", "delete_relationships"): _plain(relationships.part_people),
    ("delivery", "event"): _plain(report),
    ("delivery", "unsubscribe"): _plain(unsubscribe),
    ("segment", "add_customers"): _segment,
    ("segment", "remove_customers"): _segment,
}
