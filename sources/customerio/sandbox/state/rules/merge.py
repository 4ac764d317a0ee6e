"""Merging two profiles: the primary stays, the secondary is deleted, which cannot be undone.

The primary keeps its values and gets those that it lacks: identifiers, attributes, devices, manual segments,
relationships, and the secondary's activities of the last 30 days. Deliveries stay under the secondary's
`cio_id` (unverified).
"""

from sources.customerio.sandbox.state.store.drop_reasons import Dropped
from sources.customerio.sandbox.state.store.people import Person
from sources.customerio.sandbox.state.store.track_operation import Op
from sources.customerio.sandbox.state.workspace import Workspace


def merge(workspace: Workspace, op: Op, at: int) -> str:
    """Merge `secondary` into `primary` [track26].

    Raises:
        Dropped: either does not exist, or both are the same person; no activity is logged.
    """
    primary, secondary = _find(workspace, op, "primary"), _find(workspace, op, "secondary")
    if primary is secondary:
        msg = "primary and secondary are the same person"
        raise Dropped(msg)
    manual = [row["id"] for row in workspace.segments.of_person(secondary.number) if row["type"] == "manual"]
    new_values: dict[str, str | None] = {
        name: value for name, value in secondary.attributes.items() if name not in primary.attributes
    }
    for name in ("id", "email"):
        if primary.attribute(name) is None and secondary.attribute(name) is not None:
            new_values[name] = secondary.attribute(name)
    data = {"primary": primary.identifiers, "secondary": secondary.identifiers}
    primary.devices = [*(primary.devices or ()), *(secondary.devices or ())] or primary.devices
    workspace.objects.reassign(secondary.number, primary.number)
    workspace.activities.reassign(primary.number, person=secondary.number)
    workspace.remove_person(secondary, "deleted", at)
    workspace.set_attributes(primary, new_values, at)
    for segment_id in manual:
        workspace.segments.set_member(segment_id, primary.number, member=True)
    workspace.activities.append("profile_merge", at, primary.number, data)
    return ""


def _find(workspace: Workspace, op: Op, role: str) -> Person:
    ((kind, value),) = op[role].items()
    person = workspace.people.find(value, kind)
    if person is None:
        msg = f"there is no such {role} person"
        raise Dropped(msg)
    return person
