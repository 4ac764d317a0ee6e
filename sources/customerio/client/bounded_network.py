"""The network under httpx, with the bounds of the exchange kept at each read and write of a connection.

httpcore waits for each piece of an answer for as long as it was told; the pieces may be 1xx answers, headers
or bytes of a body, without end. Every one of them comes through here.
"""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from sources.customerio.client.bounds import current_allowance

_PIECE = 16 * 1024
"""Bytes that are written at a time: a slow reader is noticed between two of them."""


def bound_network(client: httpx.Client) -> None:
    """Put the bounds under all connections that the client opens from now on, also through a proxy."""
    # httpx has no parameter for it; a hostile server in the tests notices if these names change.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = BoundedBackend(transport._pool._network_backend)


class BoundedBackend(httpcore.NetworkBackend):
    """Opens connections that keep the bounds of the exchange that uses them."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect, within the time that is left."""
        with _step(timeout) as left:
            return BoundedStream(self._backend.connect_tcp(host, port, left, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """The same for a socket of this machine."""
        with _step(timeout) as left:
            return BoundedStream(self._backend.connect_unix_socket(path, left, socket_options))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._backend.sleep(seconds)


class BoundedStream(httpcore.NetworkStream):
    """A connection; the thread that reads or writes has the allowance."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive at most that many bytes."""
        with _step(timeout) as left:
            received = self._stream.read(max_bytes, left)
        if (allowance := current_allowance()) is not None:
            allowance.took(len(received))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send the bytes."""
        for begin in range(0, len(buffer), _PIECE):
            with _step(timeout) as left:
                self._stream.write(buffer[begin : begin + _PIECE], left)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Encrypt the connection."""
        with _step(timeout) as left:
            return BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        """A fact about the connection, such as its socket."""
        return self._stream.get_extra_info(info)


@contextmanager
def _step(silence_s: float | None) -> Iterator[float | None]:
    """The seconds that one step may wait; if it waited in vain, the time in total may be what is over."""
    allowance = current_allowance()
    try:
        yield silence_s if allowance is None else allowance.timeout(silence_s)
    except httpcore.TimeoutException:
        if allowance is not None:
            allowance.timeout(silence_s)
        raise
