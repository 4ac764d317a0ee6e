"""A Prefect server on this machine, started if none answers."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from prefect.settings import get_current_settings

from pipelines.errors import ConfigError, EltError
from pipelines.notify import Notify

# A cold start on an empty folder takes 8 to 24 s, more on a busy machine.
_READY_WITHIN_S = 120.0
_STOP_WITHIN_S = 10.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ServerFailed(EltError):
    """The Prefect server did not start."""


@contextmanager
def running(notify: Notify, *, may_start: Callable[[str], bool] = lambda _question: True) -> Iterator[str]:
    """Yield the URL of a server's API that answers; a server that is started here ends with the block.

    Args:
        notify: called with sentences about the server.
        may_start: called with a question before a server is started here; False refuses it.

    Raises:
        ConfigError: no server answers at PREFECT_API_URL, and that is another machine; or none may be
            started.
        ServerFailed: the server that was started here did not answer in time, or ended.
    """
    url = str(get_current_settings().api.url)
    if answers(url):
        notify(f"Using the Prefect server at {url}.")
        yield url
        return
    host = urlsplit(url).hostname or ""
    if host not in _LOOPBACK:
        msg = (
            f"No Prefect server answers at {url} (PREFECT_API_URL). Start it there, or unset PREFECT_API_URL "
            "to have a server started on this machine."
        )
        raise ConfigError(msg)
    home = Path(get_current_settings().home)
    if not may_start(f"No Prefect server answers at {url}. Start one, whose database is in {home}?"):
        msg = (
            f"No Prefect server answers at {url} (PREFECT_API_URL), and none was started. Start it, name the "
            "address of yours in PREFECT_API_URL, or say --yes to have one started here."
        )
        raise ConfigError(msg)
    log = home / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    notify(f"Starting a Prefect server at {url}; its log is {log}.")
    with log.open("a") as out, _started(url, host, out.fileno()) as process:
        _await(url, process, log)
        yield url
        notify("Stopping the Prefect server.")


def pages(url: str) -> str:
    """The address of the pages of the server with that API."""
    return str(get_current_settings().ui_url or url.removesuffix("/api"))


def answers(url: str) -> bool:
    """Checks if a Prefect server answers at the URL of its API."""
    try:
        return httpx.get(f"{url}/health", timeout=5.0).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def _started(url: str, host: str, out: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", host]
    port = urlsplit(url).port
    # A session of its own: an interrupt of the serving process must not end the server, because the active
    # runs still have to report their final states to it.
    process = subprocess.Popen(  # noqa: S603 the command is fixed
        [*command, *(["--port", str(port)] if port else [])], stdout=out, stderr=out, start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while not answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            state = "ended" if process.poll() is not None else f"did not answer in {_READY_WITHIN_S:.0f} s"
            msg = (
                f"The Prefect server {state}; {log} says why. If its port is taken, name another one in "
                "PREFECT_API_URL, such as http://127.0.0.1:4300/api."
            )
            raise ServerFailed(msg)
        time.sleep(0.25)
