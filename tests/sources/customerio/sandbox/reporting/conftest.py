"""An HTTP server that receives the events of reporting webhooks."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import pytest


class Receiver:
    """The requests that came, and the statuses of the answers: those that are given, then 200."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook?source=cio"
        self.came: Queue[tuple[dict[str, str], bytes]] = Queue()
        self.statuses: list[int] = []

    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of all requests so far, in their order; each is told once."""
        return [json.loads(self.came.get_nowait()[1]) for _ in range(self.came.qsize())]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep the request, and answer with the next status."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.came.put(({**headers, "path": self.path}, body))
            self.send_response(found.statuses.pop(0) if found.statuses else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()
