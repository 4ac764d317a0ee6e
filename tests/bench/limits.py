"""The share of Customer.io's rate limit that the client reaches, and its refused requests.

A server on loopback counts exactly: more than 10 requests in any second before an arrival, refused ones
included, is a 429. Clients with many threads, in one process and in two, call it as fast as the limiter
lets them.
"""

import asyncio
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from sources.customerio.client import Client, RateLimited, RateLimits
from tests.bench.measure import Figure, repeated

BUDGET = 10
LATENCY_S = 0.2
SECONDS = 10.0
"""Seconds of a scene."""
SCENES = ((1, 12), (2, 8))
"""The number of processes, and of threads in each."""
_SPAWN = get_context("spawn")


class ExactServer:
    """Answers `{"count": 1}` after a while, or 429 to the 11th request of any second."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []
        self.refused = 0
        self._window: deque[float] = deque()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the client closes it."""
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                status, headers = self._verdict(time.monotonic())
                await asyncio.sleep(LATENCY_S)
                body = b'{"count":1}'
                head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _verdict(self, now: float) -> tuple[str, str]:
        self.arrivals.append(now)
        while self._window and self._window[0] <= now - 1:
            self._window.popleft()
        self._window.append(now)
        if len(self._window) <= BUDGET:
            return "200 OK", ""
        self.refused += 1
        return "429 Too Many Requests", "Retry-After: 1\r\n"


def serve(pipe: Connection) -> None:
    """Serve until the pipe has a message, then send the times of arrival and the number of refusals."""

    async def run() -> None:
        exact = ExactServer()
        server = await asyncio.start_server(exact.answer, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        pipe.send((exact.arrivals, exact.refused))
        server.close()

    asyncio.run(run())


def load(url: str, folder: str, threads: int, seconds: float) -> None:
    """Call the server from that many threads for that long; a refused request is not repeated."""
    limits = RateLimits(Path(folder))
    with Client(app_api_key="bench-key", app_url=url, limits=limits, retry_for_s=0) as client:
        stop = time.monotonic() + seconds

        def work(_: int) -> None:
            while time.monotonic() < stop:
                with suppress(RateLimited):
                    client.call("getSegmentCount", path={"segment_id": 1})

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(threads)))
    limits.close()


def measure(processes: int, threads: int, seconds: float) -> list[Figure]:
    """Run one scene against a server of its own."""
    ours, theirs = _SPAWN.Pipe()
    server = _SPAWN.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    with tempfile.TemporaryDirectory() as folder:
        task = (url, folder, threads, seconds)
        loads = [_SPAWN.Process(target=load, args=task) for _ in range(processes)]
        for process in loads:
            process.start()
        for process in loads:
            process.join()
    ours.send("stop")
    arrivals, refused = ours.recv()
    server.join()
    return figures(f"{processes} process(es) of {threads} threads", arrivals, refused)


def figures(scene: str, arrivals: Sequence[float], refused: int) -> list[Figure]:
    """The figures of a scene from the times of arrival; the rate is that of whole windows of 10 requests."""
    last = (len(arrivals) - 1) // BUDGET * BUDGET
    rate = last / (arrivals[last] - arrivals[0]) if last else 0.0
    spans = [late - early for early, late in zip(arrivals, arrivals[BUDGET:], strict=False)]
    return [
        Figure.of(f"{scene}: rate", rate, "requests/s"),
        Figure.of(f"{scene}: requests refused", refused, most=0),
        Figure.of(f"{scene}: the least time of {BUDGET + 1} arrivals", min(spans, default=0.0), "s"),
    ]


def run(times: int) -> list[Figure]:
    """Every scene, one after the other."""
    return repeated(times, lambda: [each for scene in SCENES for each in measure(*scene, SECONDS)])
