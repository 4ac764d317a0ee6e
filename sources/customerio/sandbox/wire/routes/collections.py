"""Collections and their contents."""

from typing import Any

import orjson

from sources.customerio.sandbox.state.rules import collections
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http import fetch_url
from sources.customerio.sandbox.wire.http.envelope import Answer
from sources.customerio.sandbox.wire.http.request_context import Handler, RequestContext


def list_collections(ask: RequestContext) -> dict[str, Any]:
    """The whole list, without contents."""
    return {"collections": list(ask.workspace.tables["collections"].shown())}


def get_collection(ask: RequestContext) -> dict[str, Any]:
    """What is known about one collection."""
    return _shown(ask, ask.id("collection_id"))


def add(ask: RequestContext) -> dict[str, Any]:
    """A new collection, of `data` or of what is behind `url`."""
    body = ask.json()
    name = body.get("name")
    if not isinstance(name, str) or not name or not ("data" in body or "url" in body):
        msg = "a collection needs a name, and data or a url"
        raise BadRequest(msg)
    return _shown(ask, collections.add(ask.workspace, name, _data(body)))


def update(ask: RequestContext) -> dict[str, Any]:
    """Another name, other contents, or both."""
    collection_id, body = ask.id("collection_id"), ask.json()
    kept = ask.workspace.tables["collections"].get(collection_id)
    name = body.get("name", kept["name"])
    if not isinstance(name, str) or not name:
        msg = "name must be text"
        raise BadRequest(msg)
    data = _data(body) if "data" in body or "url" in body else kept["data"]
    collections.replace(ask.workspace, collection_id, data, name)
    return _shown(ask, collection_id)


def delete(ask: RequestContext) -> Answer:
    """Deletes a collection; messages that use it find nothing from now on."""
    ask.workspace.delete_record("collections", ask.id("collection_id"), ask.now)
    return Answer(status=204)


def contents(ask: RequestContext) -> Answer:
    """What was stored, as it was stored: an array, or one object."""
    return Answer(body=ask.workspace.tables["collections"].get(ask.id("collection_id"))["data"])


def replace_contents(ask: RequestContext) -> dict[str, Any]:
    """Other contents, an array or one object; `updated_at` does not move."""
    collection_id = ask.id("collection_id")
    ask.workspace.tables["collections"].get(collection_id)
    try:
        data = orjson.loads(ask.raw_body)
    except orjson.JSONDecodeError:
        msg = "the body must be JSON"
        raise BadRequest(msg) from None
    collections.replace(ask.workspace, collection_id, data)
    return _shown(ask, collection_id)


def _data(body: dict[str, Any]) -> Any:
    if "url" in body:
        return fetch_url.rows(str(body["url"]))
    if not isinstance(body["data"], list):
        msg = "data must be an array of objects"
        raise BadRequest(msg)
    return body["data"]


def _shown(ask: RequestContext, collection_id: int) -> dict[str, Any]:
    table = ask.workspace.tables["collections"]
    return {"collection": table.show(table.get(collection_id))}


HANDLERS: dict[str, Handler] = {
    "getCollections": list_collections,
    "getCollection": get_collection,
    "addCollection": add,
    "updateCollection": update,
    "deleteCollection": delete,
    "getCollectionContents": contents,
    "updateCollectionContents": replace_contents,
}
