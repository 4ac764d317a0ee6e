"""People as operations name them, and their removal: deleted, suppressed, unsuppressed."""

from collections.abc import Mapping

from sources.customerio.sandbox.state.store.drop_reasons import Dropped
from sources.customerio.sandbox.state.store.people import Person
from sources.customerio.sandbox.state.store.track_operation import Op
from sources.customerio.sandbox.state.workspace import Workspace


def refuse_suppressed(workspace: Workspace, identifiers: Mapping[str, str]) -> None:
    """Dropped if one of the identifiers is suppressed."""
    for name, value in identifiers.items():
        if workspace.people.is_suppressed(name, value):
            msg = "the identifier is suppressed"
            raise Dropped(msg)


def addressed(workspace: Workspace, op: Op) -> Person | None:
    """The person that an operation names, None if no person has the identifier or it is anonymous.

    Raises:
        Dropped: the identifier is suppressed.
    """
    ((kind, value),) = op["identifiers"].items()
    if kind == "anonymous_id":
        return None
    refuse_suppressed(workspace, {kind: value})
    return workspace.people.find(value, kind)


def must_exist(workspace: Workspace, op: Op, activity: str | None = None) -> Person:
    """The person that an operation names.

    Raises:
        Dropped: no person has the identifier (noted as `activity`), or it is suppressed.
    """
    person = addressed(workspace, op)
    if person is None:
        msg = "there is no such person"
        raise Dropped(msg, activity, data={"identifiers": op["identifiers"]})
    return person


def delete(workspace: Workspace, op: Op, at: int) -> str:
    """Delete the person that the operation names."""
    workspace.remove_person(must_exist(workspace, op), "deleted", at)
    return ""


def suppress(workspace: Workspace, op: Op, at: int) -> str:
    """Suppress an identifier and the person who has it; returns a note if no person has it [track26]."""
    ((kind, value),) = op["identifiers"].items()
    person = workspace.people.find(value, kind)
    if person is None:
        workspace.people.suppress(**{kind: value})
        return "no person had the identifier"
    workspace.remove_person(person, "suppressed", at)
    return ""


def unsuppress(workspace: Workspace, op: Op, _at: int) -> str:
    """Allow a suppressed identifier again; the deleted profile does not come back [track26]."""
    ((kind, value),) = op["identifiers"].items()
    if not workspace.people.is_suppressed(kind, value):
        return "the identifier was not suppressed"
    workspace.people.unsuppress(kind, value)
    return ""
