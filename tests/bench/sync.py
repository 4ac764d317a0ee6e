"""The share of 10 requests a second that a sync reaches, with a strict server that answers in 200 ms.

"While it has work" is from the first request of the reading, which asks for the time, up to the last one
that is not the activity feed's: a page of the feed is asked for with the token of the page before, so the
feed alone can never have two requests under way. Whole syncs run in processes of their own, one, then two
at once into two warehouses. The baseline asks for the same pages one after the other.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from sources.customerio.client import Client, RateLimits
from sources.customerio.sandbox import Sandbox, Served
from tests.bench.measure import Figure, Wrong, repeated

LATENCY_MS = 200
_BASELINE_S = 5.0
_FIRST = "getCioAllowlist"
_FEED = "listActivities"


def run(times: int) -> list[Figure]:
    """One sync, two at once, and the baseline; each against a fresh strict sandbox."""
    return repeated(times, lambda: [*_syncs("one sync", 1), *_syncs("two syncs at once", 2), *_one_by_one()])


def _syncs(name: str, number: int) -> list[Figure]:
    sandbox = Sandbox(scale="demo", strict_limits=True, latency_ms=LATENCY_MS)
    with sandbox.serve() as served, tempfile.TemporaryDirectory() as folder, ExitStack() as started:
        began = time.perf_counter()
        running = [
            started.enter_context(_sync(sandbox, served, Path(folder), f"data{index}"))
            for index in range(number)
        ]
        for process in running:
            if process.wait() != 0:
                msg = f"a sync ended with exit code {process.returncode}"
                raise Wrong(msg)
        return _rate(name, sandbox, time.perf_counter() - began)


def _sync(sandbox: Sandbox, served: Served, folder: Path, data: str) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "CUSTOMERIO_APP_API_KEY": sandbox.app_api_key,
        "CUSTOMERIO_APP_URL": served.app_url,
        "CIO_ELT_DATA": str(folder / data),
        "CIO_ELT_LIMITS": str(folder / "limits"),
    }
    # The sandbox stands for another machine, so it must not wait for a processor that a sync uses.
    command = ["nice", "-n", "10", str(Path(sys.executable).parent / "cio-elt"), "sync", "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def _one_by_one() -> list[Figure]:
    sandbox = Sandbox(scale="demo", strict_limits=True, latency_ms=LATENCY_MS)
    limits = RateLimits(None)
    with (
        sandbox.serve() as served,
        Client(app_api_key=sandbox.app_api_key, app_url=served.app_url, limits=limits) as client,
    ):
        began = time.perf_counter()
        for _ in client.pages("listMessages"):
            if time.perf_counter() - began > _BASELINE_S:
                break
    limits.close()
    return _rate("one request after the other (baseline)", sandbox, time.perf_counter() - began)


def _rate(name: str, sandbox: Sandbox, seconds: float) -> list[Figure]:
    seen = [each for each in sandbox.stats.requests if each.api == "app"]
    first = min((each.arrived for each in seen if each.operation == _FIRST), default=seen[0].arrived)
    last = max((each.arrived for each in seen if each.operation != _FEED), default=seen[-1].arrived)
    work = [each.arrived for each in seen if first <= each.arrived <= last]
    return [
        Figure.of(f"{name}: rate", (len(work) - 1) / (work[-1] - work[0]), "requests/s"),
        Figure.of(f"{name}: requests", len(seen)),
        Figure.of(f"{name}: requests refused", sum(each.status == 429 for each in seen)),
        Figure.of(f"{name}: the most arrivals within a second", sandbox.stats.max_per_second),
        Figure.of(f"{name}: time", seconds, "s"),
    ]
