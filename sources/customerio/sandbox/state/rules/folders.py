"""Folders of Design Studio and of assets: the records below one, and moves between them.

A record's `parent` is the id of its folder, None at the root.
"""

from collections.abc import Iterable

from sources.customerio.sandbox.state.store.errors import BadRequest, Conflict
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace


def below(
    workspace: Workspace, folders: str, rows: Iterable[Record], folder: int | None, *, direct: bool
) -> list[Record]:
    """The rows in a folder, and in those below it unless `direct`; the root is the folder None.

    A list without a folder has the whole tree, as Customer.io's library says [sdk node] (unverified).
    """
    parents = {folder}
    if not direct:
        tree = list(workspace.tables[folders])
        while more := {row["id"] for row in tree if row["parent"] in parents} - parents:
            parents |= more
    return [row for row in rows if row["parent"] in parents]


def check_move(workspace: Workspace, folders: str, folder: int, parent: int | None) -> None:
    """BadRequest if the folder would lie in itself (unverified)."""
    inside = below(workspace, folders, workspace.tables[folders], folder, direct=False)
    if parent == folder or parent in {row["id"] for row in inside}:
        msg = "a folder cannot be moved into itself"
        raise BadRequest(msg)


def check_empty(workspace: Workspace, folder: int, *tables: str) -> None:
    """Conflict if a record of one of the tables lies in the folder [spec26]; the message is unverified."""
    if any(row["parent"] == folder for table in tables for row in workspace.tables[table]):
        msg = "folder is not empty"
        raise Conflict(msg)
