"""The staging of an import's file: a link of two hours, until Customer.io has fetched the file.

`local` is a server in this process, for a sandbox on this machine; all else is a folder of a store that
fsspec knows and that signs links, as s3://bucket/folder, gs://... or abfs://...
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pipelines.errors import ConfigError
from pipelines.push.plan.transport import LOCAL

LINK_S = 7_200
"""Seconds; Customer.io advises to let links expire about two hours after the import began [spec25]."""


@contextmanager
def staged(place: str, name: str, body: bytes) -> Iterator[str]:
    """A link to a new file with that content; the file is deleted when the block ends.

    Raises:
        ConfigError: the store cannot be written, or signs no links.
    """
    with _served(name, body) if place == LOCAL else _stored(place, name, body) as link:
        yield link


@contextmanager
def _stored(place: str, name: str, body: bytes) -> Iterator[str]:
    # Imported here since most pushes stage no file.
    import fsspec

    try:
        store, folder = fsspec.url_to_fs(place)
        path = f"{folder.rstrip('/')}/{name}"
        store.pipe_file(path, body)
    except Exception as error:
        # Each store has error classes of its own.
        msg = (
            f"The import's file cannot be staged in {place.split('?')[0]} ({type(error).__name__}). Check "
            "deliver.staging, its credentials, and that the store's package is there (s3fs, gcsfs, adlfs)."
        )
        raise ConfigError(msg) from None
    try:
        yield _signed(store, path, place)
    finally:
        # A file that cannot be deleted is useless once its link expires; the rows need not be sent again.
        with suppress(Exception):
            store.rm_file(path)


def _signed(store: object, path: str, place: str) -> str:
    try:
        return str(store.sign(path, expiration=LINK_S))  # type: ignore[attr-defined]
    except (NotImplementedError, AttributeError):
        kind = place.partition(":")[0]
        msg = f"{kind} signs no links, and Customer.io has to fetch the file. Use s3, gs or abfs."
        raise ConfigError(msg) from None


@contextmanager
def _served(name: str, body: bytes) -> Iterator[str]:
    path = f"/{secrets.token_urlsafe(16)}/{name}"

    class File(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == path
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Length", str(len(body) if found else 0))
            self.end_headers()
            if found:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: the path is a secret."""

    with ThreadingHTTPServer(("127.0.0.1", 0), File) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{path}"
        finally:
            server.shutdown()
            thread.join()
