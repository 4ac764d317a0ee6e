"""Serves a sandbox for a command, until it is interrupted."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Literal

from pipelines.errors import ConfigError
from sources.customerio.sandbox import DEFAULT_START, Clock, Sandbox

ScaleName = Literal["tiny", "demo", "large"]


class Served:
    """A running sandbox; `document` has its URLs (hosts without `/v1`), keys and region, for a client."""

    def __init__(self, sandbox: Sandbox, urls: dict[str, str]) -> None:
        self._sandbox = sandbox
        self.document = {
            **urls,
            "app_api_key": sandbox.app_api_key,
            "track_site_id": sandbox.track_site_id,
            "track_api_key": sandbox.track_api_key,
            "region": sandbox.region,
        }

    def now(self) -> int:
        """The sandbox's clock, in Unix seconds."""
        return self._sandbox.clock.now()

    def wait(self) -> None:
        """Wait until the process is interrupted."""
        threading.Event().wait()


@contextmanager
def until_interrupted() -> Iterator[None]:
    """End the block without an error when the process is interrupted."""
    # A shell starts background processes with interrupts ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        yield


@contextmanager
def serve(
    *,
    scale: ScaleName,
    seed: int = 1,
    host: str = "127.0.0.1",
    port: int = 0,
    strict_limits: bool = False,
    latency_ms: int = 0,
    ticking: bool = True,
    passed_s: int = 0,
) -> Iterator[Served]:
    """Serve a sandbox whose clock is `passed_s` seconds after its start, and runs if `ticking`.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    clock = Clock(DEFAULT_START, ticking)
    clock.advance(passed_s)
    sandbox = Sandbox(scale=scale, seed=seed, strict_limits=strict_limits, latency_ms=latency_ms, clock=clock)
    with _listening(sandbox, host, port) as urls:
        yield Served(sandbox, urls)


@contextmanager
def _listening(sandbox: Sandbox, host: str, port: int) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        try:
            served = stack.enter_context(sandbox.serve(host, port))
        except OSError as error:
            msg = f"The sandbox cannot listen on {host}:{port} ({error.strerror}). Name another --port, or 0."
            raise ConfigError(msg) from None
        names = ("app_url", "track_url", "control_url")
        yield {name: getattr(served, name) for name in names}
