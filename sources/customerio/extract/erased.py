"""People who were erased: their rows are left out, and their identifiers in others' texts are replaced.

Keyed hashes of identifiers are compared; an identifier itself is stored nowhere.

    columns of `Resource.person` -> hash by kind -> the row is left out
    words of all texts -> hash as a word -> the word becomes `[erased]`

A short id, or one without letters or without digits, is the same text as much else: it is compared in the
columns that identify a person alone.
"""

import hmac
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote

import msgspec
import orjson

from sources.customerio.catalogue import PERSON_PATHS, PersonKind, Resource
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.rows import Row, TypedRow

IdentifierKind = Literal["cio_id", "id", "email"]
"""The kinds of a person's identifiers."""

ERASED = "[erased]"
"""The text that replaces an identifier."""
SHORTEST = 6
"""The fewest characters of an identifier that is looked for in texts."""
EDGES = "'.-*_~`"
"""Characters that do not count at either end of a word."""
PLAIN = r"""[^\x00-\x20"\\,;:<>(){}\[\]=&?/#]"""
"""Pattern of a sign of a word, an escape of JSON left out."""
# Escapes of JSON are a part of a word, for an address may have a `+` as one. RE2 reads both patterns alike.
_ESCAPE = r"\\+u[0-9a-fA-F]{4}"
WORD = rf"(?:{PLAIN}+(?:{_ESCAPE}{PLAIN}*)*|(?:{_ESCAPE}{PLAIN}*)+)"
"""Pattern of a word: what stands between spaces, quotes, brackets and the signs of URLs and JSON."""
_WORD = re.compile(WORD)
_ESCAPED_IN_HTML, _SIGN = re.compile(r"[<>&'+]"), re.compile(r"[^\w.-]", re.ASCII)
_MOST_KEPT = 200_000


def normal(kind: IdentifierKind, value: object) -> str:
    """The identifier as it is compared: addresses in lower case, a `cio_id` without `cio_`."""
    text = str(value).strip()
    if kind == "cio_id":
        return text.removeprefix("cio_")
    return text.lower() if kind == "email" or "@" in text else text


def digest(key: bytes, kind: IdentifierKind | Literal["word"], value: str) -> str:
    """The keyed hash of an identifier, HMAC-SHA256, in hex."""
    return hmac.digest(key, f"{kind}:{value}".encode(), "sha256").hex()


def words_of(kind: IdentifierKind, value: str) -> frozenset[str]:
    """The words, in lower case, as which an identifier may stand in texts; none for a too common one."""
    text = value.lower()
    common = len(text) < SHORTEST or not re.search(r"\d", text) or not re.search(r"[^\W\d]", text)
    if common and not (kind == "email" and "@" in text) and not (kind == "cio_id" and len(text) >= SHORTEST):
        return frozenset()
    spelled = {
        text,
        quote(text, safe="").lower(),
        quote(text, safe="@").lower(),
        quote(text, safe="+").lower(),
        orjson.dumps(text).decode()[1:-1],
        "".join(sign if sign.isascii() else _escaped(sign) for sign in text),
        _ESCAPED_IN_HTML.sub(lambda found: _escaped(found[0]), text),
        _SIGN.sub(lambda found: _escaped(found[0]), text),
        *([f"cio_{text}"] if kind == "cio_id" else []),
    }
    whole = (each.strip(EDGES) for each in spelled)
    return frozenset(each for each in whole if _WORD.fullmatch(each))


def _escaped(sign: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in memoryview(sign.encode("utf-16-le")).cast("H"))


class Erased:
    """The people who were erased, by the keyed hashes of their identifiers."""

    def __init__(self, key: bytes = b"", hashes: Collection[str] = ()) -> None:
        """`hashes` are those of `digest` with that key."""
        self.key = key
        self.hashes = frozenset(hashes)
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def has(self, kind: IdentifierKind, value: object) -> bool:
        """Checks if that identifier is of one of these people; an id may be an address or a `cio_id` too."""
        if value is None or value == "":
            return False
        kinds: tuple[IdentifierKind, ...] = ("id", "email", "cio_id") if kind == "id" else (kind,)
        return any(digest(self.key, each, normal(each, value)) in self.hashes for each in kinds)

    def names(self, columns: Mapping[str, PersonKind], row: Row | TypedRow) -> bool:
        """Checks if a row with those columns (kind by name) is of one of these people."""
        read = row.get if isinstance(row, dict) else lambda name: getattr(row, name, None)
        return any(self.has(kind, value) for kind, value in identifiers_of(columns, read))

    def is_in(self, text: str) -> bool:
        """Checks if a text has an identifier of these people."""
        return any(self._is_word(word) for word in _WORD.findall(text))

    def redacted(self, text: str) -> str:
        """The text with each identifier of these people replaced."""
        return _WORD.sub(self._replaced, text)

    def without(self, resource: Resource, batch: Batch) -> tuple[Batch, int]:
        """The batch without the rows of these people, and their number; other rows do not name them."""
        if not self or not batch.rows:
            return batch, 0
        kept = [self._row(row) for row in batch.rows if not self.names(resource.person, row)]
        return replace(batch, rows=kept), len(batch.rows) - len(kept)

    def _row(self, row: Any) -> Any:
        """The row itself if no text of it names one of these people."""
        text = msgspec.json.encode(row).decode()
        if not self.is_in(text):
            return row
        if isinstance(row, dict):
            return self._value(row)
        for name in row.__struct_fields__:
            setattr(row, name, self._value(getattr(row, name)))
        return row

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self.redacted(value)
            case msgspec.Raw():
                return msgspec.Raw(redacted_json(bytes(value).decode(), self.redacted).encode())
            case dict():
                return {self.redacted(str(name)): self._value(inner) for name, inner in value.items()}
            case list():
                return [self._value(inner) for inner in value]
        return value

    def _replaced(self, found: re.Match[str]) -> str:
        return found[0].replace(found[0].strip(EDGES), ERASED) if self._is_word(found[0]) else found[0]

    def _is_word(self, word: str) -> bool:
        if len(word) < SHORTEST:
            return False
        bare = word.strip(EDGES).lower()
        known = self._known.get(bare)
        if known is None:
            if len(self._known) > _MOST_KEPT:
                self._known.clear()
            known = self._known[bare] = digest(self.key, "word", bare) in self.hashes
        return known


NONE_ERASED = Erased()
"""No person was erased."""


def identifiers_of(columns: Mapping[str, PersonKind], read: Any) -> Iterable[tuple[IdentifierKind, object]]:
    """The identifiers in those columns (kind by name) of a row; `read` returns the value of a column."""
    for name, kind in columns.items():
        value = read(name)
        if kind in PERSON_PATHS:
            document = _document(value)
            for found, paths in PERSON_PATHS[kind].items():
                yield from ((found, _inside(document, path)) for path in paths)
        elif kind != "delivery":
            yield kind, value  # type: ignore[misc]


def redacted_json(text: str, redacted: Any) -> str:
    """A JSON text after `redacted` has replaced words in it; it stays JSON."""
    new = redacted(text)
    if new == text:
        return text
    try:
        orjson.loads(new)
    except ValueError:
        try:
            return orjson.dumps(_walked(orjson.loads(text), redacted)).decode()
        except ValueError:
            pass
    return str(new)


def _walked(value: Any, redacted: Any) -> Any:
    if isinstance(value, dict):
        return {redacted(name): _walked(inner, redacted) for name, inner in value.items()}
    if isinstance(value, list):
        return [_walked(inner, redacted) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    new = redacted(str(value))
    return value if new == str(value) else new


def _document(value: object) -> Any:
    if isinstance(value, msgspec.Raw):
        value = bytes(value)
    if isinstance(value, str | bytes):
        try:
            return orjson.loads(value)
        except ValueError:
            return None
    return value


def _inside(document: Any, path: str) -> object:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, str | int) else None
