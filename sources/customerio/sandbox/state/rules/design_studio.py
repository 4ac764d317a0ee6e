"""Design Studio: folders, emails with their translations, components.

A record has a UUID, which is derived from its number in the table. An email's `transformers` are
kept as given.
"""

from dataclasses import dataclass
from typing import Any

from sources.customerio.sandbox.state.rules import folders
from sources.customerio.sandbox.state.store.errors import BadRequest, Conflict, NotFound
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.studio_emails import CONTENT, ENVELOPE, TEXTS
from sources.customerio.sandbox.state.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of records: its table, its keys in answers, the fields of a row and of a single record."""

    table: str
    one: str
    many: str
    row: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()


FOLDER = Kind(table="design_studio_folders", one="folder", many="folders")
EMAIL = Kind(
    table="design_studio_emails",
    one="email",
    many="emails",
    row=("is_template", "is_linked"),
    detail=("content", "envelope", "transformers"),
)
COMPONENT = Kind(
    table="design_studio_components", one="component", many="components", row=("tag",), detail=("html",)
)
TRANSLATIONS = "design_studio_translations"
_PARTS: dict[str, Record] = {"content": CONTENT, "envelope": ENVELOPE, "transformers": {}}
_DEFAULTS: dict[str, Record] = {
    FOLDER.table: {},
    EMAIL.table: {"is_template": False, "is_linked": False, **_PARTS},
    COMPONENT.table: {"tag": "", "html": ""},
}


def find(workspace: Workspace, kind: Kind, record_id: str) -> Record:
    """The stored record with that UUID; NotFound if there is none."""
    for row in workspace.tables[kind.table]:
        if workspace.ids.uuid(kind.table, row["id"]) == record_id.lower():
            return row
    msg = f"{kind.one} not found"
    raise NotFound(msg)


def folder_number(workspace: Workspace, given: object) -> int | None:
    """The number of the folder with that UUID, None for the root; NotFound as seen live [live-estuary]."""
    if given in (None, ""):
        return None
    try:
        return int(find(workspace, FOLDER, str(given))["id"])
    except NotFound:
        msg = "parent folder not found"
        raise NotFound(msg) from None


def shown(workspace: Workspace, kind: Kind, row: Record, *, whole: bool = False) -> Record:
    """A record as lists show it; `whole` adds the fields of a single one."""
    parent = row["parent"]
    record = {
        "id": workspace.ids.uuid(kind.table, row["id"]),
        "name": row["name"],
        **{name: row[name] for name in kind.row},
        "parent_folder_id": None if parent is None else workspace.ids.uuid(FOLDER.table, parent),
        "created": row["created"],
        "updated": row["updated"],
    }
    if kind is EMAIL:
        record["has_translations"] = bool(translations(workspace, row))
        if whole:
            record["available_languages"] = [one["language"] for one in translations(workspace, row)]
    return record | ({name: row[name] for name in kind.detail} if whole else {})


def create(workspace: Workspace, kind: Kind, body: Record) -> Record:
    """Create a record from a body; returns it as stored.

    Raises:
        BadRequest: a field is missing or has a wrong type.
        NotFound: its folder does not exist.
    """
    if "name" not in body:
        msg = "name is required"
        raise BadRequest(msg)
    fields = {"parent": None, **_DEFAULTS[kind.table], **_fields(workspace, kind, body, {})}
    return workspace.tables[kind.table].get(workspace.add_record(kind.table, fields, workspace.now))


def update(workspace: Workspace, kind: Kind, row: Record, body: Record) -> None:
    """Change the fields that the body has; raises as `create`."""
    fields = _fields(workspace, kind, body, row)
    if kind is FOLDER and fields.get("parent") is not None:
        folders.check_move(workspace, FOLDER.table, row["id"], fields["parent"])
    workspace.edit_record(kind.table, row["id"], fields, workspace.now)


def delete(workspace: Workspace, kind: Kind, row: Record) -> None:
    """Delete a record; Conflict if it is in use [spec26]: a full folder, a linked email, a used component."""
    if kind is FOLDER:
        folders.check_empty(workspace, row["id"], *_DEFAULTS)
    used = kind is EMAIL and row["is_linked"]
    used |= kind is COMPONENT and any(
        row["tag"] and f"<{row['tag']}" in email["content"]["html"] for email in workspace.tables[EMAIL.table]
    )
    if used:
        msg = f"{kind.one} is in use"
        raise Conflict(msg)
    workspace.delete_record(kind.table, row["id"], workspace.now)


def translations(workspace: Workspace, email: Record) -> list[Record]:
    """The stored translations of an email."""
    return [row for row in workspace.tables[TRANSLATIONS] if row["email_id"] == email["id"]]


def translation(workspace: Workspace, email: Record, language: str) -> Record:
    """One translation; NotFound if the email has none in that language."""
    for row in translations(workspace, email):
        if row["language"] == language:
            return row
    msg = "translation not found"
    raise NotFound(msg)


def shown_translation(row: Record) -> Record:
    """A translation as the API shows it."""
    return {name: row[name] for name in ("language", *_PARTS, "created", "updated")}


def add_translation(workspace: Workspace, email: Record, body: Record) -> Record:
    """Translate an email; BadRequest without a language, Conflict if it has that language (unverified)."""
    language = body.get("language")
    if not isinstance(language, str) or not language:
        msg = "language is required"
        raise BadRequest(msg)
    if any(row["language"] == language for row in translations(workspace, email)):
        msg = f"the email has a translation in {language!r}"
        raise Conflict(msg)
    parts = {name: email[name] for name in _PARTS} | _parts(body, email)
    fields = {"email_id": email["id"], "language": language, **parts}
    number = workspace.add_record(TRANSLATIONS, fields, workspace.now)
    workspace.edit_record(EMAIL.table, email["id"], {}, workspace.now)
    return workspace.tables[TRANSLATIONS].get(number)


def edit_translation(workspace: Workspace, email: Record, row: Record, body: Record) -> None:
    """Change a translation; its email's `updated` changes too (unverified)."""
    workspace.edit_record(TRANSLATIONS, row["id"], _parts(body, row), workspace.now)
    workspace.edit_record(EMAIL.table, email["id"], {}, workspace.now)


def remove_translation(workspace: Workspace, email: Record, row: Record) -> None:
    """Delete a translation; its email's `updated` changes too (unverified)."""
    workspace.delete_record(TRANSLATIONS, row["id"], workspace.now)
    workspace.edit_record(EMAIL.table, email["id"], {}, workspace.now)


def _fields(workspace: Workspace, kind: Kind, body: Record, before: Record) -> Record:
    """The checked fields of a body that a record of the kind has; others are ignored (unverified)."""
    fields: Record = {}
    for name in ("name", *(name for name in ("tag", "html") if kind is COMPONENT)):
        if name in body:
            fields[name] = _text(name, body[name])
    if "name" in fields and not fields["name"]:
        msg = "name must not be empty"
        raise BadRequest(msg)
    if kind is EMAIL:
        fields |= _parts(body, before)
        if "is_template" in body:
            if not isinstance(body["is_template"], bool):
                msg = "is_template must be a boolean"
                raise BadRequest(msg)
            fields["is_template"] = body["is_template"]
    if "parent_folder_id" in body:
        fields["parent"] = folder_number(workspace, body["parent_folder_id"])
    return fields


def _parts(body: Record, before: Record) -> Record:
    """The parts of an email in a body, each over what it was before."""
    parts: Record = {}
    for name, default in _PARTS.items():
        given: Any = body.get(name)
        if given is None:
            continue
        if not isinstance(given, dict):
            msg = f"{name} must be an object"
            raise BadRequest(msg)
        if name == "content":
            given = {key: _text(key, value or "") for key, value in given.items() if key in TEXTS}
        parts[name] = {**before.get(name, default), **given}
    return parts


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        msg = f"{name} must be a string"
        raise BadRequest(msg)
    return value
