"""Imports: request one, poll it."""

from typing import Any

from sources.customerio.sandbox.state.store.imports import Import
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext


@answers("import")
def create_import(context: RequestContext) -> dict[str, Any]:
    """Queues an import; its file is downloaded later, so a bad URL is not an error here [spec25]."""
    created = context.workspace.imports.create(
        context.json().get("import"),
        context.workspace.exports.folder,
        at=context.now,
        takes_s=context.knobs.import_takes_s,
        fails=context.knobs.import_fails,
    )
    return {"import": _record(context, created)}


@answers("getImport")
def get_import(context: RequestContext) -> dict[str, Any]:
    """Returns one import, with links to its reports once it has finished and has any."""
    return {"import": _record(context, context.workspace.imports.get(context.id("import_id")))}


def _record(context: RequestContext, found: Import) -> dict[str, Any]:
    row = found.record(context.now)
    for kind, export_id in found.reports.items():
        row[f"{kind}_export_id"] = export_id
        row[f"{kind}_download_url"] = f"{context.root}/v1/exports/{export_id}/download"
    return row
