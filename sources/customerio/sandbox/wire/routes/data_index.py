"""The data index: descriptions of attributes and events. It can be written, and no operation reads it."""

from typing import Any

from sources.customerio.sandbox.state.store.errors import BadRequest, Invalid
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse

_MOST, _MOST_CHARACTERS = 100, 255
_PRIVACY = "privacy_level"


@answers("updateAttributeMetadata")
def update_attributes(context: RequestContext) -> ApiResponse:
    """Sets the descriptions of attributes, at most 100 a request."""
    return _update(context, "attributes", "attribute", ("description", _PRIVACY))


@answers("updateEventMetadata")
def update_events(context: RequestContext) -> ApiResponse:
    """Sets the descriptions of events, at most 100 a request."""
    return _update(context, "events", "event", ("description",))


def _update(context: RequestContext, kind: str, noun: str, fields: tuple[str, ...]) -> ApiResponse:
    rows = context.json().get(kind)
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        msg = "Invalid request format"
        raise BadRequest(msg)
    pointer = f"/data/attributes/{kind}"
    if not rows:
        msg = f"At least one {noun} is required"
        raise Invalid(msg, pointer)
    if len(rows) > _MOST:
        msg = f"Can not update more than {_MOST} {kind} at once"
        raise Invalid(msg, pointer)
    private = [number for number, row in enumerate(rows) if _PRIVACY in row and _PRIVACY in fields]
    if private and not context.knobs.privacy_levels:
        msg = "Privacy level updates are not available. Please contact support to enable this feature."
        raise Invalid(msg, f"{pointer}[{private[0]}].{_PRIVACY}")
    known = context.workspace.data_index[kind]
    for row in rows:
        known[row["name"]] = {
            **known.get(row["name"], {}),
            **{name: row[name] for name in fields if name in row},
        }
    return ApiResponse(status=204)


def _is_row(row: Any) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"]:
        return False
    description = row.get("description", "")
    described = isinstance(description, str) and len(description) <= _MOST_CHARACTERS
    return described and row.get(_PRIVACY, 0) in (0, 1)
