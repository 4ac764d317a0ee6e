"""Design Studio: folders, emails with their translations, components. Errors have no reference."""

from typing import Any

from sources.customerio.sandbox.state.rules import design_studio, folders
from sources.customerio.sandbox.state.rules.design_studio import COMPONENT, EMAIL, FOLDER, Kind
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http import folder_lists
from sources.customerio.sandbox.wire.http.plain_errors import plain_errors
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse

_IDS = {FOLDER: "folder_id", EMAIL: "email_id", COMPONENT: "component_id"}


@answers("listFolders", kind=FOLDER)
@answers("listEmails", kind=EMAIL)
@answers("listComponents", kind=COMPONENT)
@plain_errors()
def list_rows(context: RequestContext, kind: Kind) -> dict[str, Any]:
    """Lists the records of a folder and below; emails and components come with folders [live-estuary].

    On which page the folders are, and by what they are filtered, is unverified: all of the place, on each.
    """
    place = context.query.get("parent_folder_id")
    rows = _filtered(context, kind, _in_place(context, kind, place))
    rows = folder_lists.within(context.query, rows, inclusive=context.knobs.studio_bounds_inclusive)
    rows = folder_lists.ordered(context.query, rows)
    shown = [design_studio.shown(context.workspace, FOLDER, row) for row in _in_place(context, FOLDER, place)]
    return folder_lists.answer(
        context.query,
        kind.many,
        rows,
        lambda row: design_studio.shown(context.workspace, kind, row),
        **({} if kind is FOLDER else {"folders": shown}),
    )


@answers("getDesignStudioFolder", kind=FOLDER)
@answers("getEmail", kind=EMAIL)
@answers("getDesignStudioComponent", kind=COMPONENT)
@plain_errors()
def get_record(context: RequestContext, kind: Kind) -> dict[str, Any]:
    """Returns one record, an email with its content."""
    return _shown(context, kind, _found(context, kind))


@answers("createDesignStudioFolder", kind=FOLDER)
@answers("createDesignStudioEmail", kind=EMAIL)
@answers("createDesignStudioComponent", kind=COMPONENT)
@plain_errors()
def create(context: RequestContext, kind: Kind) -> dict[str, Any]:
    """Creates a record and returns it [spec26]."""
    return _shown(context, kind, design_studio.create(context.workspace, kind, context.json()))


@answers("updateDesignStudioFolder", kind=FOLDER)
@answers("updateDesignStudioEmail", kind=EMAIL)
@answers("updateDesignStudioComponent", kind=COMPONENT)
@plain_errors()
def update(context: RequestContext, kind: Kind) -> ApiResponse:
    """Changes the fields that the body has [spec26]."""
    design_studio.update(context.workspace, kind, _found(context, kind), context.json())
    return ApiResponse(status=204)


@answers("deleteDesignStudioFolder", kind=FOLDER)
@answers("deleteDesignStudioEmail", kind=EMAIL)
@answers("deleteDesignStudioComponent", kind=COMPONENT)
@plain_errors()
def delete(context: RequestContext, kind: Kind) -> ApiResponse:
    """Deletes a record; one in use is a 409 [spec26]."""
    design_studio.delete(context.workspace, kind, _found(context, kind))
    return ApiResponse(status=204)


@answers("listDesignStudioEmailLanguages")
@plain_errors()
def list_languages(context: RequestContext) -> dict[str, Any]:
    """Lists the translations of an email."""
    rows = design_studio.translations(context.workspace, _found(context, EMAIL))
    return {"email_translations": [design_studio.shown_translation(row) for row in rows]}


@answers("createDesignStudioEmailLanguage")
@plain_errors()
def create_language(context: RequestContext) -> dict[str, Any]:
    """Adds a translation, with the email's own content where the body has none."""
    row = design_studio.add_translation(context.workspace, _found(context, EMAIL), context.json())
    return {"email_translation": design_studio.shown_translation(row)}


@answers("getDesignStudioEmailLanguage")
@plain_errors()
def get_language(context: RequestContext) -> dict[str, Any]:
    """Returns one translation."""
    return {"email_translation": design_studio.shown_translation(_translation(context))}


@answers("updateDesignStudioEmailLanguage")
@plain_errors()
def update_language(context: RequestContext) -> ApiResponse:
    """Changes a translation."""
    row = _translation(context)
    design_studio.edit_translation(context.workspace, _found(context, EMAIL), row, context.json())
    return ApiResponse(status=204)


@answers("deleteDesignStudioEmailLanguage")
@plain_errors()
def delete_language(context: RequestContext) -> ApiResponse:
    """Deletes a translation."""
    design_studio.remove_translation(context.workspace, _found(context, EMAIL), _translation(context))
    return ApiResponse(status=204)


def _in_place(context: RequestContext, kind: Kind, place: str | None) -> list[Record]:
    workspace, all_ = context.workspace, context.knobs.root_lists_all
    direct = folder_lists.is_direct(context.query, root_lists_all=all_)
    folder = design_studio.folder_number(workspace, place)
    return folders.below(workspace, FOLDER.table, workspace.tables[kind.table], folder, direct=direct)


def _filtered(context: RequestContext, kind: Kind, rows: list[Record]) -> list[Record]:
    """The rows that the filters of the kind keep."""
    if kind is COMPONENT and (tag := context.query.get("tag")):
        return [row for row in rows if row["tag"] == tag]
    if kind is not EMAIL:
        return rows
    names = ("is_template", "has_translations", "is_linked")
    wanted = {name: value for name in names if (value := folder_lists.flag(context.query, name)) is not None}
    shown = [design_studio.shown(context.workspace, kind, row) for row in rows]
    return [
        row
        for row, one in zip(rows, shown, strict=True)
        if all(one[name] is value for name, value in wanted.items())
    ]


def _found(context: RequestContext, kind: Kind) -> Record:
    return design_studio.find(context.workspace, kind, context.path[_IDS[kind]])


def _translation(context: RequestContext) -> Record:
    email = _found(context, EMAIL)
    return design_studio.translation(context.workspace, email, context.path["language"])


def _shown(context: RequestContext, kind: Kind, row: Record) -> dict[str, Any]:
    return {kind.one: design_studio.shown(context.workspace, kind, row, whole=True)}
