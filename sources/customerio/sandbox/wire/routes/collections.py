"""Collections and their contents."""

import csv
import io
from typing import Any
from urllib.parse import urlsplit

import orjson

from sources.customerio.sandbox.state.rules import collections
from sources.customerio.sandbox.state.store.collections import MOST_BYTES
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.wire.http.fetch_url import Fetched, fetch_url
from sources.customerio.sandbox.wire.http.registry import answers
from sources.customerio.sandbox.wire.http.request_context import RequestContext
from sources.customerio.sandbox.wire.http.response import ApiResponse


@answers("getCollections")
def list_collections(context: RequestContext) -> dict[str, Any]:
    """Lists all collections on one page, without their contents."""
    return {"collections": list(context.workspace.tables["collections"].shown())}


@answers("getCollection")
def get_collection(context: RequestContext) -> dict[str, Any]:
    """Returns one collection, without its contents."""
    return _shown(context, context.id("collection_id"))


@answers("addCollection")
def add(context: RequestContext) -> dict[str, Any]:
    """Creates a collection from `data`, or from the file behind `url`."""
    body = context.json()
    name = body.get("name")
    if not isinstance(name, str) or not name or not ("data" in body or "url" in body):
        msg = "a collection needs a name, and data or a url"
        raise BadRequest(msg)
    return _shown(context, collections.add(context.workspace, name, _data(body)))


@answers("updateCollection")
def update(context: RequestContext) -> dict[str, Any]:
    """Replaces the name, the contents, or both."""
    collection_id, body = context.id("collection_id"), context.json()
    stored = context.workspace.tables["collections"].get(collection_id)
    name = body.get("name", stored["name"])
    if not isinstance(name, str) or not name:
        msg = "name must be text"
        raise BadRequest(msg)
    data = _data(body) if "data" in body or "url" in body else stored["data"]
    collections.replace(context.workspace, collection_id, data, name)
    return _shown(context, collection_id)


@answers("deleteCollection")
def delete(context: RequestContext) -> ApiResponse:
    """Deletes a collection; messages that use it find no data from then on."""
    context.workspace.delete_record("collections", context.id("collection_id"), context.now)
    return ApiResponse(status=204)


@answers("getCollectionContents")
def contents(context: RequestContext) -> ApiResponse:
    """Returns the contents as stored: an array, or one object."""
    return ApiResponse(body=context.workspace.tables["collections"].get(context.id("collection_id"))["data"])


@answers("updateCollectionContents")
def replace_contents(context: RequestContext) -> dict[str, Any]:
    """Replaces the contents by an array or one object; `updated_at` does not change."""
    collection_id = context.id("collection_id")
    context.workspace.tables["collections"].get(collection_id)
    try:
        data = orjson.loads(context.raw_body)
    except orjson.JSONDecodeError:
        msg = "the body must be JSON"
        raise BadRequest(msg) from None
    collections.replace(context.workspace, collection_id, data)
    return _shown(context, collection_id)


def _data(body: dict[str, Any]) -> Any:
    if "url" in body:
        url = str(body["url"])
        return _rows(fetch_url(url, field="url", max_bytes=2 * MOST_BYTES), url)
    if not isinstance(body["data"], list):
        msg = "data must be an array of objects"
        raise BadRequest(msg)
    return body["data"]


def _rows(fetched: Fetched, url: str) -> Any:
    """Rows of CSV or JSON: the Content-Type decides, else the file's ending, else they are JSON [spec25]."""
    kind = fetched.content_type
    is_csv = urlsplit(url).path.endswith(".csv") if kind is None else "csv" in kind
    try:
        text = fetched.body.decode()
        return list(csv.DictReader(io.StringIO(text))) if is_csv else orjson.loads(text)
    except (UnicodeDecodeError, csv.Error, orjson.JSONDecodeError):
        msg = "the file behind the url is neither JSON nor CSV"
        raise BadRequest(msg) from None


def _shown(context: RequestContext, collection_id: int) -> dict[str, Any]:
    table = context.workspace.tables["collections"]
    return {"collection": table.show(table.get(collection_id))}
