"""The answer to one call."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from sources.customerio.catalogue import Operation, operation
from sources.customerio.client.errors import BadAnswer
from sources.customerio.client.json_text import loads

_KEYS_SHOWN = 5
"""Keys of another document that a message names."""
# A document of something else may have keys, addresses or headers in the place of names.
_NAME = re.compile(r"[A-Za-z_]{1,40}")

Decode = Callable[[bytes], Any]
"""Decodes a body into a document; raises `orjson.JSONDecodeError` for one that is no JSON."""


@dataclass(frozen=True)
class Answer:
    """A successful answer; its body is decoded when `json` is called.

    Attributes:
        operation: Id of the operation.
        status: HTTP status, 200 to 299.
        body: The body, decompressed; what is no character in it is U+FFFD.
    """

    operation: str
    status: int
    body: bytes = field(repr=False)

    def json(self, decode: Decode = loads) -> Any:
        """The body, decoded anew at every call; None for an empty body.

        Raises:
            BadAnswer: The body is not JSON.
        """
        if not self.body.strip():
            return None
        try:
            return decode(self.body)
        except orjson.JSONDecodeError:
            msg = (
                f"The answer to `{self.operation}` (status {self.status}, {len(self.body)} bytes) is not "
                "JSON; something between here and Customer.io may have answered in its place."
            )
            raise BadAnswer(msg, operation=self.operation, status=self.status) from None

    def records(self, name: str) -> list[Any]:
        """The list at that key of the document; null is an empty list.

        Raises:
            BadAnswer: The body is not JSON, or no object that has a list there.
        """
        return list_of(operation(self.operation), self.json(), name)

    def text(self, name: str) -> str:
        """The text at that key of the document.

        Raises:
            BadAnswer: The body is not JSON, or no object that has a text there.
        """
        row, found = operation(self.operation), self.field(name)
        if not isinstance(found, str) or not found:
            raise unexpected(row, f"a {type(found).__name__} as `{name}` instead of a text")
        return found

    def field(self, name: str) -> Any:
        """The value of that key of the document; null is a value.

        Raises:
            BadAnswer: The body is not JSON, or no object that has the key.
        """
        return field_of(operation(self.operation), self.json(), name)


def field_of(row: Operation, document: Any, name: str) -> Any:
    """The value of a key that the operation's answer, or a part of it, always has.

    Raises:
        BadAnswer: The document is no object, or lacks the key.
    """
    if not isinstance(document, dict):
        raise unexpected(row, f"a {type(document).__name__} instead of an object with `{name}`")
    if name not in document:
        others = ", ".join([key for key in document if _NAME.fullmatch(key)][:_KEYS_SHOWN])
        raise unexpected(row, f"no `{name}`, but {others}" if others else f"no `{name}`")
    return document[name]


ERRORS = ("error", "errors")
"""The keys of errors in Customer.io's envelopes."""


def has_error(document: dict[str, Any]) -> bool:
    """True if the document has an error in one of Customer.io's envelopes."""
    meta = document.get("meta")
    return any(part.get(name) for part in (document, meta) if isinstance(part, dict) for name in ERRORS)


def list_of(row: Operation, document: Any, name: str) -> list[Any]:
    """The list at a key that the operation's answer, or a part of it, always has.

    Empty lists come as null; the key is there all the same [live-sdk][live-airbyte].

    Raises:
        BadAnswer: The document is no object, lacks the key, or has something else there: `false` or `{}` is
            no empty list, and one beside an error is none either.
    """
    found = field_of(row, document, name)
    if found is not None and not isinstance(found, list):
        raise unexpected(row, f"a {type(found).__name__} as `{name}` instead of a list")
    if not found and name not in ERRORS and has_error(document):
        raise unexpected(row, f"an error and no row of `{name}`")
    return found or []


@contextmanager
def reading_answers(calls: str) -> Iterator[None]:
    """The block reads answers to `calls`: a key that lacks there, or a value of another type, is no bug.

    Raises:
        BadAnswer: In place of the error, which may name a value of a person.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        msg = (
            f"The answer to {calls} cannot be read ({type(error).__name__}); Customer.io may have changed "
            "it, or something between here and Customer.io answered in its place. Run this again."
        )
        raise BadAnswer(msg, status=200) from None


def unexpected(row: Operation, found: str) -> BadAnswer:
    """The error for an answer that is not what the operation returns."""
    msg = (
        f"The answer to `{row.id}` holds {found}; Customer.io may have changed it, or something between here "
        f"and Customer.io answered in its place. See {row.docs}"
    )
    return BadAnswer(msg, operation=row.id, status=200)
