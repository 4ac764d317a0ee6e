"""HTTP as uvicorn speaks it, with a way for the application to cut the connection."""

import asyncio
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sources.customerio.sandbox.wire.http.response import TRANSPORT


class CuttableProtocol(H11Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Hand the connection's transport to every request on it."""
        super().connection_made(transport)
        app = cast(ASGIApp, self.app)

        async def cuttable(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = cuttable
