"""Assets and their folders. Errors have no reference, as in Design Studio (unverified)."""

from typing import Any

from sources.customerio.sandbox.state.rules import assets, folders
from sources.customerio.sandbox.state.rules.assets import FILES, FOLDERS
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http import folder_lists
from sources.customerio.sandbox.wire.http.forms import read_form
from sources.customerio.sandbox.wire.http.plain_errors import plain_errors
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse

_KEYS = {FILES: ("asset", "assets", "asset_id"), FOLDERS: ("folder", "folders", "folder_id")}


@answers("listAssets", table=FILES)
@answers("listAssetFolders", table=FOLDERS)
@plain_errors()
def list_rows(context: RequestContext, table: str) -> dict[str, Any]:
    """Lists what lies in a folder and below it, in pages, from the first created on."""
    workspace, query = context.workspace, context.query
    folder = assets.folder_number(workspace, query.get("parent_folder_id"))
    direct = folder_lists.is_direct(query, root_lists_all=context.knobs.root_lists_all)
    rows = folders.below(workspace, FOLDERS, workspace.tables[table], folder, direct=direct)
    return folder_lists.answer(
        query,
        _KEYS[table][1],
        folder_lists.ordered({}, rows),
        lambda row: assets.shown(workspace, table, row),
    )


@answers("getAsset", table=FILES)
@answers("getAssetFolder", table=FOLDERS)
@plain_errors()
def get_record(context: RequestContext, table: str) -> dict[str, Any]:
    """Returns one asset or folder."""
    return _shown(context, table, _found(context, table))


@answers("createAsset")
@plain_errors()
def upload(context: RequestContext) -> dict[str, Any]:
    """Uploads a file, as a form; the names of the form's fields are unverified."""
    fields, files = read_form(context.raw_body)
    row = assets.upload(
        context.workspace, files.get("file"), fields.get("name"), fields.get("parent_folder_id")
    )
    return _shown(context, FILES, row)


@answers("createAssetFolder")
@plain_errors()
def create_folder(context: RequestContext) -> dict[str, Any]:
    """Creates a folder and returns it."""
    return _shown(context, FOLDERS, assets.add_folder(context.workspace, context.json()))


@answers("updateAsset", table=FILES)
@answers("updateAssetFolder", table=FOLDERS)
@plain_errors()
def update(context: RequestContext, table: str) -> ApiResponse:
    """Renames or moves an asset or a folder."""
    assets.edit(context.workspace, table, _found(context, table), context.json())
    return ApiResponse(status=204)


@answers("deleteAsset", table=FILES)
@answers("deleteAssetFolder", table=FOLDERS)
@plain_errors()
def delete(context: RequestContext, table: str) -> ApiResponse:
    """Deletes an asset, or a folder that is empty."""
    assets.remove(context.workspace, table, _found(context, table))
    return ApiResponse(status=204)


def _found(context: RequestContext, table: str) -> Record:
    return context.workspace.tables[table].get(context.id(_KEYS[table][2]))


def _shown(context: RequestContext, table: str, row: Record) -> dict[str, Any]:
    return {_KEYS[table][0]: assets.shown(context.workspace, table, row)}
