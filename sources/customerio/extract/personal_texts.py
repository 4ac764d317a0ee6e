"""Addresses and telephone numbers within texts: their places, and the one spelling of each."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal
from urllib.parse import unquote

TextKind = Literal["email", "phone"]
"""The kinds of personal data that are found within texts."""

_LOCAL = r"""(?:[^\s"<>()\[\],;:@\\/?&=#|%]|%(?!40|20|26|3D|3F)[0-9A-F]{2}){1,100}"""
_DOMAIN = r"(?:@|%40|\\u0040|&#64;|&#x40;)[\w-]+(?:\.[\w-]+)+"
_EMAIL = re.compile(_LOCAL + _DOMAIN, re.IGNORECASE)
_AT_DOMAIN, _LOCAL_BEFORE = re.compile(_DOMAIN, re.IGNORECASE), re.compile(rf"{_LOCAL}\Z", re.IGNORECASE)
_LONGEST_LOCAL = 300
_PHONE = re.compile(r"(?<![\w.])(?:\+|%2B)\d[\d ().-]{5,18}\d(?!\w)", re.IGNORECASE)
_ESCAPED_AT = re.compile(r"\\u0040|&#64;|&#x40;", re.IGNORECASE)
_NO_DIGIT = re.compile(r"(?:%2B|\D)", re.IGNORECASE)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """The places of addresses in a text; only what is before an `@` is looked at, for texts may be large."""
    last = 0
    for found in _AT_DOMAIN.finditer(text):
        begin = max(last, found.start() - _LONGEST_LOCAL)
        local = _LOCAL_BEFORE.search(text[begin : found.start()])
        if local is not None:
            last = found.end()
            yield begin + local.start(), last


def _telephone_numbers(text: str) -> Iterator[tuple[int, int]]:
    """The places of telephone numbers in a text."""
    yield from (found.span() for found in _PHONE.finditer(text))


FINDERS: Mapping[TextKind, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": _addresses,
    "phone": _telephone_numbers,
}
"""The search of each kind: the begin and the end of each place, in order."""


def is_address(text: str) -> bool:
    """True if the text is an address and nothing else."""
    return _EMAIL.fullmatch(text.strip()) is not None


def canonical(text: str) -> str:
    """The text that is hashed: the same for all spellings of an address, or of a telephone number."""
    plain = text.strip()
    if _EMAIL.fullmatch(plain):
        plain = _ESCAPED_AT.sub("@", plain)
        return (plain if "@" in plain else unquote(plain)).strip("'").lower()
    return f"+{_NO_DIGIT.sub('', plain)}" if _PHONE.fullmatch(plain) else plain
