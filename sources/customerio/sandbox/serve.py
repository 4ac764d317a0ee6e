"""Serving a sandbox over real HTTP on loopback, in a daemon thread."""

import asyncio
import gc
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn

from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.wire.app import build
from sources.customerio.sandbox.wire.http.uvicorn_protocol import AbortableProtocol

_START_S, _STOP_S, _FINISH_S = 10.0, 5.0, 1.0
_SWITCH_S = 0.0005
_REPORT_S = 0.1  # between two looks for events of webhooks


@dataclass(frozen=True, kw_only=True)
class Served:
    """The root URLs of a served sandbox, without `/v1`; one host answers for all three."""

    app_url: str
    track_url: str
    control_url: str
    _thread: threading.Thread = field(repr=False)

    def wait(self) -> None:
        """Wait until the sandbox ends; KeyboardInterrupt is raised, for a command line."""
        while self._thread.is_alive():
            self._thread.join(0.5)


class Server:
    """The HTTP server of the workspaces of an account."""

    def __init__(
        self, engines: Sequence[Engine], host: str, port: int, control_key: str | None = None
    ) -> None:
        """Bind the port; OSError if it is in use."""
        self._socket = _bound(host, port)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-worker")
        config = uvicorn.Config(
            build(engines, self._worker, control_key),
            http=AbortableProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=60,  # the real hosts keep idle connections for minutes
            date_header=False,  # the Date header follows the sandbox's clock
        )
        self._server = PromptServer(config)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._engines, self._ended = engines, threading.Event()
        self._reports = threading.Thread(target=self._report, name="sandbox-webhooks", daemon=True)
        bracketed = f"[{host}]" if ":" in host else host
        root = f"http://{bracketed}:{self._socket.getsockname()[1]}"
        self.served = Served(app_url=root, track_url=root, control_url=root, _thread=self._thread)

    def start(self) -> None:
        """Serve in a thread; returns when requests are accepted.

        Raises:
            TimeoutError: the server did not start in time.
        """
        # The event loop dates arrivals, so it must not wait 5 ms for a thread that makes a page, nor 70 ms
        # for a garbage collection of the whole world.
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_S))
        gc.freeze()
        self._thread.start()
        self._reports.start()
        if not self._server.ready.wait(_START_S):
            msg = f"The sandbox did not start within {_START_S:.0f} s; free this machine and try again."
            raise TimeoutError(msg)

    def stop(self) -> None:
        """Stop accepting requests, let running ones finish for a second, and end."""
        self._ended.set()
        self._server.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)
            self._reports.join(_STOP_S)
        self._worker.shutdown(wait=False)
        self._socket.close()
        gc.unfreeze()

    def _report(self) -> None:
        """Post the events of reporting webhooks until the server ends."""
        while not self._ended.wait(_REPORT_S):
            for engine in self._engines:
                if engine.reporter.is_watching:
                    engine.report()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


@contextmanager
def serving(
    engines: Sequence[Engine], host: str, port: int, control_key: str | None = None
) -> Iterator[Served]:
    """Serve the workspaces of an account until the block ends; port 0 takes a free one.

    With a `control_key`, the control routes need it.
    """
    server = Server(engines, host, port, control_key)
    try:
        server.start()
        yield server.served
    finally:
        server.stop()


class PromptServer(uvicorn.Server):
    """Uvicorn's server, started and stopped by events instead of a poll ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()

    def ask_to_stop(self) -> None:
        """End `main_loop`, from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._asked.set)

    async def main_loop(self) -> None:
        """Serve until `ask_to_stop` is called."""
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._asked.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close idle connections, wait a little for the busy ones, then cut those."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_FINISH_S)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)  # lets the transports close


def _bound(host: str, port: int) -> socket.socket:
    # The protocol is named, because asyncio turns Nagle's algorithm off for IPPROTO_TCP alone; otherwise
    # every answer waits 40 ms for the client's delayed acknowledgement.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
