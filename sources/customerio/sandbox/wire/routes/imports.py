"""Imports: order one, watch it."""

from typing import Any

from sources.customerio.sandbox.state.store.imports import Import
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def order(ask: RequestContext) -> dict[str, Any]:
    """Queues an import; whether its file can be had is found later [spec25]."""
    made = ask.workspace.imports.create(
        ask.json().get("import"),
        ask.workspace.exports.folder,
        at=ask.now,
        takes_s=ask.knobs.import_takes_s,
        fails=ask.knobs.import_fails,
    )
    return {"import": _record(ask, made)}


def get_import(ask: RequestContext) -> dict[str, Any]:
    """One import, with its reports once it is through and has any."""
    return {"import": _record(ask, ask.workspace.imports.get(ask.id("import_id")))}


def _record(ask: RequestContext, shown: Import) -> dict[str, Any]:
    row = shown.record(ask.now)
    for kind, export_id in shown.reports.items():
        row[f"{kind}_export_id"] = export_id
        row[f"{kind}_download_url"] = f"{ask.root}/v1/exports/{export_id}/download"
    return row


HANDLERS: dict[str, Handler] = {"import": order, "getImport": get_import}
