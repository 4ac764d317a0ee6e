"""Merging two profiles: the primary stays, the secondary goes, and it cannot be undone.

The primary keeps what it has and gains what it lacks: identifiers, attributes, devices, manual segments,
relationships, and what the secondary did in the last 30 days. Deliveries stay under the secondary's `cio_id`
(unverified).
"""

from sources.customerio.sandbox.state.store.drop_reasons import Dropped
from sources.customerio.sandbox.state.store.people import Person
from sources.customerio.sandbox.state.store.track_operation import Op
from sources.customerio.sandbox.state.workspace import Workspace


def merge(workspace: Workspace, op: Op, at: int) -> str:
    """Merge `secondary` into `primary`; Dropped without a trace if either is not there [track26]."""
    primary, secondary = _named(workspace, op, "primary"), _named(workspace, op, "secondary")
    if primary is secondary:
        msg = "primary and secondary are the same person"
        raise Dropped(msg)
    manual = [row["id"] for row in workspace.segments.of(secondary.number) if row["type"] == "manual"]
    gains: dict[str, str | None] = {
        name: value for name, value in secondary.attributes.items() if name not in primary.attributes
    }
    for name in ("id", "email"):
        if primary.attribute(name) is None and secondary.attribute(name) is not None:
            gains[name] = secondary.attribute(name)
    data = {"primary": primary.identifiers, "secondary": secondary.identifiers}
    primary.devices = [*(primary.devices or ()), *(secondary.devices or ())] or primary.devices
    workspace.objects.hand_over(secondary.number, primary.number)
    workspace.activities.hand_over(primary.number, person=secondary.number)
    workspace.leave(secondary, "deleted", at)
    workspace.set_attributes(primary, gains, at)
    for segment_id in manual:
        workspace.segments.set_member(segment_id, primary.number, member=True)
    workspace.activities.note("profile_merge", at, primary.number, data)
    return ""


def _named(workspace: Workspace, op: Op, role: str) -> Person:
    ((kind, value),) = op[role].items()
    person = workspace.people.find(value, kind)
    if person is None:
        msg = f"there is no such {role} person"
        raise Dropped(msg)
    return person
