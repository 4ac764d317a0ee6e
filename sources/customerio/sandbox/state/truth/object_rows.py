"""Objects, their types and relationships as rows of tables, each with the ids of what it is below."""

from collections.abc import Iterator

from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace


def types(workspace: Workspace) -> Iterator[Record]:
    """The types."""
    return map(dict, workspace.objects.types.values())


def objects(workspace: Workspace) -> Iterator[Record]:
    """The objects."""
    for found in workspace.objects:
        yield {
            "object_type_id": found.type_id,
            **found.identifiers,
            "attributes": dict(found.attributes),
            "timestamps": dict(found.timestamps),
        }


def relationships(workspace: Workspace) -> Iterator[Record]:
    """Who is related to what."""
    for found in workspace.objects:
        disabled = not workspace.objects.type(found.type_id)["enabled"]
        for number in found.related:
            yield {
                "object_type_id": found.type_id,
                "object_id": found.id,
                **(workspace.people.identifiers(number) or {}),
                "object_type_disabled": disabled,
            }
