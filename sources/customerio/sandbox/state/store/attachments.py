"""Attachments of a transactional email: names, base64 and a limit [spec25]."""

import base64
import binascii

from sources.customerio.sandbox.state.store.errors import BadRequest, Forbidden, TooLarge

MOST_BYTES = 2_000_000
_FORBIDDEN = frozenset({"bat", "cmd", "com", "cpl", "exe", "js", "jar", "msi", "pif", "scr", "vbs"})


def check(given: object) -> None:
    """BadRequest, Forbidden or TooLarge, in the API's words, if they cannot be sent; None is none at all."""
    if given is None:
        return
    if not isinstance(given, dict):
        msg = "attachments must be an object of file names and contents"
        raise BadRequest(msg)
    size = 0
    for name, content in given.items():
        kind = name.rpartition(".")[2].lower() if "." in name else ""
        if not kind or kind in _FORBIDDEN:
            msg = f"Forbidden file type {kind} for attachment {name}."
            raise Forbidden(msg)
        size += _decoded_size(name, content)
    if size >= MOST_BYTES:
        msg = "Total attachment size exceeds the limit"
        raise TooLarge(msg)


def _decoded_size(name: str, content: object) -> int:
    try:
        return len(base64.b64decode(content, validate=True))  # type: ignore[arg-type]
    except (binascii.Error, TypeError, ValueError):
        msg = f'Attachment must be base64 encoded: "{name}"'
        raise BadRequest(msg) from None
