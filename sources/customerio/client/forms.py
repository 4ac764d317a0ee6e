"""Bodies that are sent as a form with a file, such as an upload of an asset.

A caller gives such a body as a JSON document like any other. Its `file` is an object with the file's `name`
and its `content` in base64; each other value becomes a field of the form, null as an empty one.
"""

import base64
import binascii
from typing import Any

import orjson

from sources.customerio.catalogue import Operation
from sources.customerio.client.errors import WrongCall


def form_of(row: Operation, body: bytes) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    """The fields and the files of the form that a JSON document stands for.

    Raises:
        WrongCall: The document has no file, or the file's content is not base64.
    """
    document = _decoded(body)
    file = document.get("file") if isinstance(document, dict) else None
    if not isinstance(file, dict) or not isinstance(file.get("name"), str):
        msg = (
            f'The body of `{row.id}` needs "file": {{"name": "logo.png", "content": BASE64}}. See {row.docs}'
        )
        raise WrongCall(msg, operation=row.id, pointer="/file")
    try:
        content = base64.b64decode(file.get("content") or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        msg = f"The content of the file in the body of `{row.id}` must be base64. See {row.docs}"
        raise WrongCall(msg, operation=row.id, pointer="/file/content") from None
    fields = {name: _text(value) for name, value in document.items() if name != "file"}
    return fields, {"file": (file["name"], content)}


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()
