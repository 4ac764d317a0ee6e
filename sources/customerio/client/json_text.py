"""Reads JSON as Customer.io may send it: text that is none is repaired, and numbers keep their digits.

    body -> repaired -> loads

| in the body | becomes |
|---|---|
| a byte that is no UTF-8, half a surrogate pair | U+FFFD |
| U+0000, which PostgreSQL cannot store | U+FFFD |
| an array or object nested deeper than 200 levels | in its record's place, the record's text |
| a number beyond what a float holds, or an integer of any length | its digits |
"""

import re
from math import isfinite
from typing import Any

import msgspec
import orjson

DEEPEST = 200
"""Levels of arrays and objects that are read; a record that has more comes as text."""

_REPLACEMENT = "\ufffd"
# Escapes that may have to be replaced: of U+0000, and of halves of a surrogate pair.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"(" + _HIGH + _LOW + rb")|(" + _HIGH + rb"|" + _LOW + rb"|\\u0000)|\\.", re.DOTALL)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
# More digits than orjson keeps of an integer.
_LONG = re.compile(rb"\d{19}")
_NUMBER = re.compile(rb'("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)', re.DOTALL)
_MOST_DIGITS = 4_000


def repaired(body: bytes) -> tuple[bytes, int]:
    """The body with each character that is none replaced by U+FFFD, and the number of those."""
    count = 0
    try:
        body.decode()
    except UnicodeDecodeError:
        text = body.decode(errors="replace")
        count = text.count(_REPLACEMENT) - body.count(_REPLACEMENT.encode())
        body = text.encode()
    if not _SUSPECT.search(body):
        return body, count

    # Not `sub`: it keeps a piece of its own for each of ten million escapes.
    after = bytearray()
    begin = 0
    for match in _ESCAPE.finditer(body):
        if match[2] is not None:
            after += body[begin : match.start()] + _REPLACEMENT.encode()
            begin = match.end()
            count += 1
    return bytes(after + body[begin:]), count


def loads(body: bytes) -> Any:
    """The document; records that are nested too deeply are texts in it.

    Raises:
        orjson.JSONDecodeError: The body is not JSON.
    """
    try:
        return _exact(body) if _LONG.search(body) else orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError, msgspec.MsgspecError):
        pass
    try:
        return _exact(flattened(body))
    except (RecursionError, msgspec.MsgspecError):
        # For its error.
        return orjson.loads(body)


def flattened(body: bytes) -> bytes:
    """The body, its records that are nested too deeply replaced by a text that holds them.

    A record is what lies in a list at the top, or in a list under a key of the top.
    """
    level = 2 if body.lstrip()[:1] == b"[" else 3
    parts: list[bytes] = []
    depth = deepest = begin = end = 0
    for token in _TOKEN.finditer(body):
        first = token[0][:1]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if depth == level:
                begin, deepest = token.start(), depth
        elif first in b"]}":
            if depth == level and deepest > DEEPEST:
                text = body[begin : token.end()].decode(errors="replace")
                parts += [body[end:begin], orjson.dumps(text)]
                end = token.end()
            depth -= 1
    return b"".join([*parts, body[end:]])


def _exact(body: bytes) -> Any:
    """The document, with all digits of its integers; a number that no float can hold is a text."""
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError:
        # Of a number: it is out of range.
        return msgspec.json.decode(_NUMBER.sub(_kept, body))


def _kept(match: "re.Match[bytes]") -> bytes:
    number = match[2]
    if number is None:
        return match[0]
    fits = len(number) <= _MOST_DIGITS if number.lstrip(b"-").isdigit() else isfinite(float(number))
    return number if fits else b'"' + number + b'"'
