"""A request as a handler sees it: the operation, its parameters and body, the workspace, the knobs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.faults.fault import Fault
from sources.customerio.sandbox.faults.knobs import Knobs
from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.people import Person
from sources.customerio.sandbox.state.workspace import Workspace
from sources.customerio.sandbox.wire.http.response import ApiResponse


@dataclass(frozen=True, kw_only=True)
class RequestContext:
    """One request. `path` and `query` hold the parameters as sent, of `query` only those of the operation.

    `sent` has the others too: some lists check a parameter that they do not document.
    """

    operation: Operation
    workspace: Workspace
    knobs: Knobs
    path: Mapping[str, str]
    query: Mapping[str, str]
    raw_body: bytes
    root: str  # scheme and host of the request, for links
    link: Callable[[int, int], str]  # (export id, expiry) -> path and query of a signed download link
    faults: Sequence[Fault] = ()
    sent: Mapping[str, str] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The workspace's time, in Unix seconds."""
        return self.workspace.now

    def id(self, name: str) -> int:
        """A whole number from the path.

        Raises:
            BadRequest: it is not a number, below campaigns and broadcasts [spec25].
            NotFound: it is not a number, below other paths [spec25].
        """
        given = self.path[name]
        if given.isdecimal():
            return int(given)
        if self.operation.path.startswith(("/v1/campaigns/", "/v1/broadcasts/")):
            msg = "bad request"
            raise BadRequest(msg)
        msg = "not found"
        raise NotFound(msg)

    def person(self) -> Person:
        """The person that path and `id_type` name; a `cio_id` may have its prefix. NotFound if none."""
        identifier, id_type = self.path["customer_id"], self.query.get("id_type") or "id"
        if id_type == "cio_id":
            identifier = identifier.removeprefix("cio_")
        return self.workspace.people.must_find(identifier, id_type)

    def json(self) -> dict[str, Any]:
        """The body; BadRequest if it is not a JSON object."""
        try:
            body = orjson.loads(self.raw_body)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            msg = "the body must be a JSON object"
            raise BadRequest(msg)
        return body


Handler = Callable[..., ApiResponse | dict[str, Any]]
"""Answers an operation: takes a RequestContext and the values fixed by `@answers`; a dict is a 200's body."""
