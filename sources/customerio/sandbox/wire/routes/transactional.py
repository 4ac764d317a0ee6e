"""Transactional messages: the templates that `/v1/send/...` sends from, and what they say."""

from typing import Any

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.content_edits import edit_content
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http.error_responses import in_meta
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext

_MESSAGES, _CONTENTS = "transactional_messages", "transactional_contents"


def list_messages(ask: RequestContext) -> dict[str, Any]:
    """The whole list, whose key is `messages` although they are templates."""
    return {"messages": list(ask.workspace.tables[_MESSAGES].shown())}


def get_message(ask: RequestContext) -> dict[str, Any]:
    """One template."""
    table = ask.workspace.tables[_MESSAGES]
    return {"message": table.show(table.get(ask.id("transactional_id")))}


def list_contents(ask: RequestContext) -> dict[str, Any]:
    """Every language of a template."""
    return _shown(ask, "contents", _rows(ask))


def get_language(ask: RequestContext) -> dict[str, Any]:
    """One language of a template, in a list of one [spec25]."""
    return _shown(ask, "content", [contents.in_language(_rows(ask), ask.path["language"])])


@in_meta(BadRequest)
def update_content(ask: RequestContext) -> dict[str, Any]:
    """Overwrite a content whole: what the body leaves out is empty afterwards [spec25]."""
    ids = ask.id("transactional_id"), ask.id("content_id")
    return _updated(ask, contents.child(ask.workspace, _CONTENTS, *ids))


@in_meta(BadRequest)
def update_language(ask: RequestContext) -> dict[str, Any]:
    """Overwrite one language whole."""
    return _updated(ask, contents.in_language(_rows(ask), ask.path["language"]))


def _rows(ask: RequestContext) -> list[Record]:
    return contents.children(ask.workspace, _CONTENTS, ask.id("transactional_id"))


def _updated(ask: RequestContext, row: Record) -> dict[str, Any]:
    edit_content(ask.workspace, _CONTENTS, row, ask.json(), whole=True)
    return _shown(ask, "content", [row])


def _shown(ask: RequestContext, key: str, rows: list[Record]) -> dict[str, Any]:
    return {key: [contents.shown(ask.workspace, _CONTENTS, row) for row in rows]}


HANDLERS: dict[str, Handler] = {
    "listTransactional": list_messages,
    "getTransactional": get_message,
    "listTransactionalVariants": list_contents,
    "getTransactionalVariant": get_language,
    "updateTransactional": update_content,
    "updateTransactionalVariant": update_language,
}
