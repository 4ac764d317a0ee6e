"""Making collections and replacing their contents.

New contents leave a collection's `updated_at` as it was: live, all had the time at which they were made
[live-airbyte]. A new name moves it.
"""

from typing import Any

from sources.customerio.sandbox.state.store.collections import MOST, measure
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.workspace import Workspace


def add(workspace: Workspace, name: str, data: Any) -> int:
    """Add a collection; returns its id. BadRequest if the workspace has as many as it may have."""
    if len(workspace.tables["collections"]) >= MOST:
        msg = f"a workspace may have {MOST} collections"
        raise BadRequest(msg)
    return workspace.add_record("collections", {"name": name, **measure(data)}, workspace.now)


def replace(workspace: Workspace, collection_id: int, data: Any, name: str | None = None) -> None:
    """Replace the contents of a collection, and rename it if a name is given."""
    kept = workspace.tables["collections"].get(collection_id)
    fields = measure(data) if name is None else {"name": name, **measure(data)}
    updated_at = kept["updated_at"] if name in (None, kept["name"]) else workspace.now
    workspace.edit_record("collections", collection_id, {**fields, "updated_at": updated_at}, workspace.now)
