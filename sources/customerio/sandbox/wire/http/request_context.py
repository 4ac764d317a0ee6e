"""A call as the handlers see it: what was asked, of which workspace, under which settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sources.customerio.catalogue import Operation
from sources.customerio.sandbox.faults.fault import Fault
from sources.customerio.sandbox.faults.knobs import Knobs
from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.people import Person
from sources.customerio.sandbox.state.workspace import Workspace
from sources.customerio.sandbox.wire.http.envelope import Answer


@dataclass(frozen=True, kw_only=True)
class RequestContext:
    """One call. `path` is as sent, `query` is what the operation has parameters for."""

    operation: Operation
    workspace: Workspace
    knobs: Knobs
    path: Mapping[str, str]
    query: Mapping[str, str]
    raw_body: bytes
    root: str  # the host that was asked, for links
    sign: Callable[[int, int], str]  # (export id, expiry) to the path of a link
    faults: Sequence[Fault] = ()

    @property
    def now(self) -> int:
        """The workspace's instant."""
        return self.workspace.now

    def id(self, name: str) -> int:
        """A whole number from the path.

        What is no number is a bad request below campaigns and broadcasts and unknown elsewhere [spec25].
        """
        given = self.path[name]
        if given.isdecimal():
            return int(given)
        if self.operation.path.startswith(("/v1/campaigns/", "/v1/broadcasts/")):
            msg = f"invalid {name}"
            raise BadRequest(msg)
        msg = "not found"
        raise NotFound(msg)

    def person(self) -> Person:
        """The person that the path names by `id_type`; a `cio_id` may have its prefix. NotFound if nobody."""
        who, id_type = self.path["customer_id"], self.query.get("id_type") or "id"
        if id_type == "cio_id":
            who = who.removeprefix("cio_")
        return self.workspace.people.must_find(who, id_type)

    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        try:
            body = orjson.loads(self.raw_body)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            msg = "the body must be a JSON object"
            raise BadRequest(msg)
        return body


Handler = Callable[[RequestContext], Answer | dict[str, Any]]
