"""Reads the body of an error answer, in any of Customer.io's envelopes.

The App API answers `{"errors": [{detail, status, code?, source: {pointer}?}]}`, transactional sends and
Track v1 `{"meta": {"error": ...}}` or `{"meta": {"errors": [...]}}`, and Track v2
`{"errors": [{reason, field, message}]}` with any of the three missing. A proxy answers no JSON at all.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

LONGEST = 200
"""Characters of a detail that are shown."""
_READ = 2_000

_REFERENCE = re.compile(r"\s*\(reference ([\w-]+)\)")
# A key is a long row of hex digits; no id in an answer is one.
_KEY = re.compile(r"\b[0-9a-f]{20,}\b", re.IGNORECASE)
_PRIVATE = (
    (re.compile(r"\b(?:basic|bearer)\s+(?=[\w.~+/-]*[\d=])[\w.~+/=-]{8,}", re.IGNORECASE), "<key>"),
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE), "<url>"),
    (re.compile(r"[^\s\"'<>(),:;=]+(?:@|%40)[^\s\"'<>(),:;]+"), "<email>"),
    (re.compile(r"\+\d[\d ().-]{5,}\d"), "<phone>"),
)


@dataclass(frozen=True)
class ErrorBody:
    """The content of an error answer.

    Attributes:
        detail: Customer.io's message, shortened and without addresses; empty if there is none.
        pointer: JSON pointer or field name of the wrong part of the request.
        reference: Customer.io's support code, which is another one in each answer [live-estuary].
        is_json: False if the body is no JSON object, as in the 404 of an unknown path [live-estuary].
    """

    detail: str = ""
    pointer: str | None = None
    reference: str | None = None
    is_json: bool = True


def read_error_body(body: bytes, secrets: Iterable[str | None] = ()) -> ErrorBody:
    """Read an error answer; the secrets that it may repeat are replaced."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ErrorBody(is_json=False)
    found = list(_messages(document))
    text = "; ".join(detail for detail, _ in found if detail)
    reference = _REFERENCE.search(text)
    return ErrorBody(
        detail=answered(_REFERENCE.sub("", text), secrets),
        pointer=next((answered(pointer, secrets) for _, pointer in found if pointer), None),
        reference=reference[1] if reference else None,
        is_json=isinstance(document, dict),
    )


def answered(text: str, secrets: Iterable[str | None] = ()) -> str:
    """Words of an answer: as `redacted`, and without what looks like any key."""
    return redacted(_KEY.sub("<key>", text), secrets)


def redacted(text: str, secrets: Iterable[str | None] = (), *, longest: int = LONGEST) -> str:
    """The text without `secrets`, email addresses, phone numbers and URLs, cut to `longest` characters."""
    text = without_keys(text, secrets)[:_READ]
    for pattern, name in _PRIVATE:
        text = pattern.sub(name, text)
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def without_keys(text: str, secrets: Iterable[str | None]) -> str:
    """The text without `secrets`, in capitals or not."""
    found = "|".join(re.escape(secret) for secret in secrets if secret)
    return re.sub(found, "<key>", text, flags=re.IGNORECASE) if found else text


def _messages(document: Any) -> Iterator[tuple[str, str | None]]:
    """Every (detail, pointer) in the document."""
    if not isinstance(document, dict):
        return
    meta = document.get("meta")
    if isinstance(meta, dict):
        yield from _entries(meta.get("error"))
        yield from _entries(meta.get("errors"))
    yield from _entries(document.get("error"))
    yield from _entries(document.get("errors"))


def _entries(entries: Any) -> Iterator[tuple[str, str | None]]:
    for entry in entries if isinstance(entries, list) else [entries]:
        if isinstance(entry, str):
            yield entry, None
        elif isinstance(entry, dict):
            source = entry.get("source")
            pointer = source.get("pointer") if isinstance(source, dict) else entry.get("field")
            texts = (entry.get("detail"), entry.get("reason"), entry.get("message"))
            yield ": ".join(str(text) for text in texts if text), str(pointer) if pointer else None
