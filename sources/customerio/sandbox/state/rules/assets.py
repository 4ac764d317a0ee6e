"""Assets: files for messages, and their folders. The bytes of a file are not kept.

No row was seen live: the fields are those of Customer.io's document and library [spec26][sdk node].
"""

from sources.customerio.sandbox.state.rules import folders
from sources.customerio.sandbox.state.store import images
from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound, TooLarge
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

FILES, FOLDERS = "assets", "asset_folders"


def folder_number(workspace: Workspace, given: object) -> int | None:
    """The number of a folder; 0, null and nothing are the root. NotFound if there is no such folder."""
    if given in (None, "", 0, "0"):
        return None
    number = str(given)
    if isinstance(given, bool) or not number.isdecimal():
        msg = f"invalid value for parent_folder_id: {given}"
        raise BadRequest(msg)
    if int(number) not in workspace.tables[FOLDERS]:
        msg = "parent folder not found"
        raise NotFound(msg)
    return int(number)


def shown(workspace: Workspace, table: str, row: Record) -> Record:
    """An asset or a folder as the API shows it; the form of `path` is unverified."""
    record = {"id": row["id"], "name": row["name"], "parent_folder_id": row["parent"]}
    if table == FILES:
        record |= {"path": _path(workspace, row), "size": row["size"]}
    return {**record, "created": row["created"], "updated": row["updated"]}


def upload(workspace: Workspace, file: tuple[str, bytes] | None, name: str | None, folder: object) -> Record:
    """Add a file as an asset; returns it as stored.

    Raises:
        BadRequest: there is no file, its kind is not allowed, or an image's side is too long.
        TooLarge: it has too many bytes (that this is a 413 is unverified).
        NotFound: its folder does not exist.
    """
    if file is None:
        msg = "file is required"
        raise BadRequest(msg)
    _check_file(*file)
    fields = {"name": name or file[0], "parent": folder_number(workspace, folder), "size": len(file[1])}
    return workspace.tables[FILES].get(workspace.add_record(FILES, fields, workspace.now))


def add_folder(workspace: Workspace, body: Record) -> Record:
    """Create a folder; raises as `edit`."""
    if "name" not in body:
        msg = "name is required"
        raise BadRequest(msg)
    fields = {"parent": None, **_fields(workspace, body)}
    return workspace.tables[FOLDERS].get(workspace.add_record(FOLDERS, fields, workspace.now))


def edit(workspace: Workspace, table: str, row: Record, body: Record) -> None:
    """Rename or move: a body without `parent_folder_id` keeps the folder, null moves to the root [spec26].

    Raises:
        BadRequest: the name is no text, or a folder would lie in itself.
        NotFound: the new folder does not exist.
    """
    fields = _fields(workspace, body)
    if table == FOLDERS and fields.get("parent") is not None:
        folders.check_move(workspace, FOLDERS, row["id"], fields["parent"])
    workspace.edit_record(table, row["id"], fields, workspace.now)


def remove(workspace: Workspace, table: str, row: Record) -> None:
    """Delete an asset, or a folder; Conflict if the folder is not empty [spec26]."""
    if table == FOLDERS:
        folders.check_empty(workspace, row["id"], FILES, FOLDERS)
    workspace.delete_record(table, row["id"], workspace.now)


def _check_file(name: str, content: bytes) -> None:
    kind = name.rpartition(".")[2].lower() if "." in name else ""
    if kind not in images.KINDS:
        msg = f"file must be one of {', '.join(images.KINDS)}"
        raise BadRequest(msg)
    if len(content) > images.MOST_BYTES:
        msg = "file is larger than 2 MB"
        raise TooLarge(msg)
    try:
        longest = max(images.sides(kind, content))
    except ValueError:
        msg = f"file is no valid {kind}"
        raise BadRequest(msg) from None
    if longest > images.MOST_PX:
        msg = f"an image may have {images.MOST_PX} pixels a side"
        raise BadRequest(msg)


def _fields(workspace: Workspace, body: Record) -> Record:
    fields: Record = {}
    if "name" in body:
        if not isinstance(body["name"], str) or not body["name"]:
            msg = "name must be a string that is not empty"
            raise BadRequest(msg)
        fields["name"] = body["name"]
    if "parent_folder_id" in body:
        fields["parent"] = folder_number(workspace, body["parent_folder_id"])
    return fields


def _path(workspace: Workspace, row: Record) -> str:
    parts, parent = [row["name"]], row["parent"]
    while parent is not None:
        folder = workspace.tables[FOLDERS].get(parent)
        parts.append(folder["name"])
        parent = folder["parent"]
    return "/" + "/".join(reversed(parts))
