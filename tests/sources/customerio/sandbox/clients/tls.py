"""HTTPS in front of a sandbox, for third-party clients that do not use HTTP."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trustme


class _Relay(socketserver.BaseRequestHandler):
    """Passes what comes through TLS on to the sandbox, and back."""

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.behind)) as behind:  # type: ignore[attr-defined]
            back = threading.Thread(target=_pump, args=(behind, self.request))
            back.start()
            _pump(self.request, behind)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65_536):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def tls(port: int, folder: Path) -> Iterator[int]:
    """A port of localhost that speaks TLS and passes on to `port`; the certificate's CA is in `ca.pem`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Relay) as server:
        server.behind = port  # type: ignore[attr-defined]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
