"""Transactional messages: the templates that `/v1/send/...` sends, and their contents."""

from typing import Any

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.content_edits import edit_content
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.wire.http.error_responses import errors_in_meta
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext

_MESSAGES, _CONTENTS = "transactional_messages", "transactional_contents"


@answers("listTransactional")
def list_messages(context: RequestContext) -> dict[str, Any]:
    """Lists all templates on one page; the key is `messages`."""
    return {"messages": list(context.workspace.tables[_MESSAGES].shown())}


@answers("getTransactional")
def get_message(context: RequestContext) -> dict[str, Any]:
    """Returns one template."""
    table = context.workspace.tables[_MESSAGES]
    return {"message": table.show(table.get(context.id("transactional_id")))}


@answers("listTransactionalVariants")
def list_contents(context: RequestContext) -> dict[str, Any]:
    """Lists the languages of a template."""
    return _shown(context, "contents", _rows(context))


@answers("getTransactionalVariant")
def get_language(context: RequestContext) -> dict[str, Any]:
    """Returns one language of a template, in a list of one [spec25]."""
    return _shown(context, "content", [contents.in_language(_rows(context), context.path["language"])])


@answers("updateTransactional")
@errors_in_meta(BadRequest)
def update_content(context: RequestContext) -> dict[str, Any]:
    """Replaces a content as a whole: fields that the body lacks become empty [spec25]."""
    ids = context.id("transactional_id"), context.id("content_id")
    return _updated(context, contents.child(context.workspace, _CONTENTS, *ids))


@answers("updateTransactionalVariant")
@errors_in_meta(BadRequest)
def update_language(context: RequestContext) -> dict[str, Any]:
    """Replaces one language as a whole."""
    return _updated(context, contents.in_language(_rows(context), context.path["language"]))


def _rows(context: RequestContext) -> list[Record]:
    return contents.children(context.workspace, _CONTENTS, context.id("transactional_id"))


def _updated(context: RequestContext, row: Record) -> dict[str, Any]:
    edit_content(context.workspace, _CONTENTS, row, context.json(), whole=True)
    return _shown(context, "content", [row])


def _shown(context: RequestContext, key: str, rows: list[Record]) -> dict[str, Any]:
    return {key: [contents.shown(context.workspace, _CONTENTS, row) for row in rows]}
