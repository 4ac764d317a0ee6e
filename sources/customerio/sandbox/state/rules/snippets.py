"""Snippets: pieces of text by name, which messages use as `{{snippets.name}}`.

A snippet that a message uses cannot be deleted.
"""

import re

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace


def find(workspace: Workspace, name: str) -> Record | None:
    """The snippet of that name, None if there is none."""
    return next((row for row in workspace.tables["snippets"] if row["name"] == name), None)


def put(workspace: Workspace, name: str, value: str) -> Record:
    """Set the value of a snippet, which is added if there is none; returns it as shown."""
    table, found = workspace.tables["snippets"], find(workspace, name)
    if found is None:
        fields = {"name": name, "value": value, "updated_at": workspace.now}
        found = table.get(workspace.add_record("snippets", fields, workspace.now))
    else:
        workspace.edit_record("snippets", int(found["id"]), {"value": value}, workspace.now)
    return table.show(found)


def remove(workspace: Workspace, name: str) -> None:
    """Delete a snippet; NotFound if there is none, BadRequest if a message uses it."""
    found = find(workspace, name)
    if found is None:
        msg = "snippet not found"
        raise NotFound(msg)
    if is_used(workspace, name):
        msg = "unable to delete snippet in use"
        raise BadRequest(msg)
    workspace.delete_record("snippets", int(found["id"]), workspace.now)


def is_used(workspace: Workspace, name: str) -> bool:
    """True if a message refers to the snippet, as `snippets.name` or `snippets["name"]`."""
    word = re.escape(name)
    reference = re.compile(rf"""snippets(?:\.{word}(?![\w-])|\[\s*["']{word}["']\s*\])""")
    return any(
        reference.search(text)
        for table in workspace.tables.values()
        for record in table
        if "body" in record
        for text in record.values()
        if isinstance(text, str)
    )
