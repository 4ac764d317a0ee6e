"""Exports: order, watch, fetch a link."""

from typing import Any

from sources.customerio.sandbox.state.rules.create_export import (
    create_deliveries_export,
    create_people_export,
)
from sources.customerio.sandbox.state.store.errors import NotReady
from sources.customerio.sandbox.wire.http.envelope import Answer, refusal
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def list_exports(ask: RequestContext) -> dict[str, Any]:
    """All exports; none is null [live-sdk]."""
    return {"exports": [export.record(ask.now) for export in ask.workspace.exports] or None}


def get_export(ask: RequestContext) -> dict[str, Any]:
    """One export."""
    return {"export": ask.workspace.exports.get(ask.id("export_id")).record(ask.now)}


def export_people(ask: RequestContext) -> dict[str, Any]:
    """Orders a people export; its key is `filters`, where the search has `filter`."""
    description = "Filtered customer export (created via the api)"
    export = create_people_export(ask.workspace, ask.json(), ask.knobs.export_options(), description)
    return {"export": export.record(ask.now)}


def export_deliveries(ask: RequestContext) -> dict[str, Any]:
    """Orders a deliveries export."""
    description = "Full deliveries export (created via the api)"
    export = create_deliveries_export(ask.workspace, ask.json(), ask.knobs.export_options(), description)
    return {"export": export.record(ask.now)}


def download(ask: RequestContext) -> Answer | dict[str, Any]:
    """A signed link to the file, which counts as a download; errors while there is no file."""
    export_id = ask.id("export_id")
    try:
        export = ask.workspace.exports.finished(export_id, ask.now)
    except NotReady as not_ready:
        return refusal(ask.knobs.export_pending_status, not_ready.detail)
    export.downloads += 1
    return {"url": ask.root + ask.sign(export_id, ask.now + ask.knobs.link_valid_s)}


HANDLERS: dict[str, Handler] = {
    "listExports": list_exports,
    "getExport": get_export,
    "exportPeopleData": export_people,
    "exportDeliveriesData": export_deliveries,
    "downloadExport": download,
}
