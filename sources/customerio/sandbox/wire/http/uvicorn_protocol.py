"""Uvicorn's HTTP protocol, extended so that the application can cut the connection."""

import asyncio
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sources.customerio.sandbox.wire.http.response import TRANSPORT


class AbortableProtocol(H11Protocol):
    """One connection that the application can abort through `scope[TRANSPORT]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the connection's transport into the scope of every request on it."""
        super().connection_made(transport)
        app = cast(ASGIApp, self.app)

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = with_transport
