"""Rows of object types, objects and relationships, each with the ids of its parents."""

from collections.abc import Iterator

from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace


def types(workspace: Workspace) -> Iterator[Record]:
    """The object types."""
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
    """The relationships of people to objects."""
    for found in workspace.objects:
        disabled = not workspace.objects.type(found.type_id)["enabled"]
        for number in found.related:
            yield {
                "object_type_id": found.type_id,
                "object_id": found.id,
                **(workspace.people.identifiers(number) or {}),
                "object_type_disabled": disabled,
            }
