"""Where an import's file waits until Customer.io has fetched it: behind a link of two hours at most.

`local` is a server in this process, for a sandbox on this machine; anything else is a folder of fsspec's, as
s3://bucket/folder, gs://... or abfs://..., whose store signs links.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from pipelines.errors import ConfigError
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings

LOCAL = "local"
LINK_S = 7_200
"""Customer.io advises to let links expire about two hours after the import began [spec25]."""


def check_staging(settings: Settings, declaration: PushSpec) -> None:
    """See that Customer.io could fetch a file from where it would wait.

    Raises:
        ConfigError: it could not, since the file would be served on this machine alone.
    """
    if declaration.deliver.staging != LOCAL:
        return
    host = urlsplit(settings.customerio_app_url or "").hostname
    if host not in ("127.0.0.1", "localhost", "::1"):
        msg = (
            f"{declaration.sync}: Customer.io cannot fetch files from this machine, so deliver.staging "
            "cannot be `local`; that is for a sandbox. Name a store, such as s3://bucket/folder."
        )
        raise ConfigError(msg)


@contextmanager
def staged(place: str, name: str, body: bytes) -> Iterator[str]:
    """The link of a file with that content, which is deleted afterwards.

    Raises:
        ConfigError: the store cannot be written, or signs no links.
    """
    with _served(name, body) if place == LOCAL else _stored(place, name, body) as link:
        yield link


@contextmanager
def _stored(place: str, name: str, body: bytes) -> Iterator[str]:
    # Imported by whoever stages a file: most pushes do not.
    import fsspec

    try:
        store, folder = fsspec.url_to_fs(place)
        path = f"{folder.rstrip('/')}/{name}"
        store.pipe_file(path, body)
    except Exception as error:
        # Each store has errors of its own, and none of them is a mistake of this code.
        msg = (
            f"The import's file cannot be staged in {place.split('?')[0]} ({type(error).__name__}). Check "
            "deliver.staging, its credentials, and that the store's package is there (s3fs, gcsfs, adlfs)."
        )
        raise ConfigError(msg) from None
    try:
        yield _signed(store, path, place)
    finally:
        # A file that stays behind is of no use once its link is over, and no reason to send rows again.
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
            """Nothing: a path is as good as a key."""

    with ThreadingHTTPServer(("127.0.0.1", 0), File) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{path}"
        finally:
            server.shutdown()
            thread.join()
