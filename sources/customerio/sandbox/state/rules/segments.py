"""Members of manual segments, as the Track API adds and removes them."""

from sources.customerio.sandbox.state.store.drop_reasons import Dropped
from sources.customerio.sandbox.state.store.errors import Refused
from sources.customerio.sandbox.state.store.track_operation import Op
from sources.customerio.sandbox.state.store.write_queue import ApplyOptions
from sources.customerio.sandbox.state.workspace import Workspace


def change_members(workspace: Workspace, op: Op, _at: int, options: ApplyOptions) -> str:
    """Add or remove the people with the given ids; unknown ids are ignored [track26].

    Returns how many are unknown, as text.

    Raises:
        Dropped: there is no such segment.
    """
    adds = op["action"] == "add_customers"
    id_type = "id" if options.removes_by_id and not adds else op["id_type"]
    found = [person for value in op["ids"] if (person := workspace.people.find(value, id_type))]
    try:
        for person in found:
            workspace.segments.set_member(op["identifiers"]["segment_id"], person.number, member=adds)
    except Refused as refused:
        raise Dropped(refused.detail) from None
    ignored = len(op["ids"]) - len(found)
    return f"{ignored} of {len(op['ids'])} ids match nobody" if ignored else ""
