"""The answer to one call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from sources.customerio.client.errors import BadAnswer
from sources.customerio.client.json_text import loads

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
