"""Serves the pages on loopback until the process is interrupted."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from pipelines.errors import ConfigError
from pipelines.settings import Settings
from pipelines.ui.app import application

HOST = "127.0.0.1"
"""The address that is listened on; there is no option for another one."""
_WAITING, _FINISH_S = 64, 2


class Listener:
    """A socket that accepts connections; `serve` answers them."""

    def __init__(self, settings: Settings, bound: socket.socket) -> None:
        self._settings = settings
        self._socket = bound
        self.url = f"http://{HOST}:{bound.getsockname()[1]}/"

    def serve(self) -> None:
        """Answer requests until SIGINT or SIGTERM; running answers get a moment to end.

        Raises:
            KeyboardInterrupt: it was interrupted.
        """
        config = uvicorn.Config(
            application(self._settings),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_FINISH_S,
        )
        uvicorn.Server(config).run(sockets=[self._socket])


@contextmanager
def listening(settings: Settings, port: int) -> Iterator[Listener]:
    """A listener on that port of this machine; 0 takes a free one.

    Raises:
        ConfigError: the port is in use, or may not be used.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, port))
        except OSError as error:
            msg = (
                f"Port {port} of this machine cannot be used ({error.strerror}). End the program that has "
                "it, or name another port; --port 0 takes a free one."
            )
            raise ConfigError(msg) from None
        # Connections wait in the queue until the server accepts them, so the address can be told at once.
        bound.listen(_WAITING)
        yield Listener(settings, bound)
