"""Six weeks of a workspace by exports, against the time that its requests and Customer.io's limits set.

The sandbox keeps the strict limit of 10 requests a second, answers after 200 ms, takes 30 s for each export,
and refuses a sixth that would be pending; its clock ticks. The product is `cio-elt backfill messages --via
exports` into a warehouse that knows the parents alone.

The floor is the longer of two times, both of what the sandbox counted in the same run: its requests at 10 a
second, and its exports, five at a time, each for the 30 s. Before any export can be ordered, the product has
to find out which parents have deliveries; the floor has no time for that.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.export import AHEAD
from sources.customerio.client import QUOTAS
from sources.customerio.sandbox import DEFAULT_START, Clock, Sandbox
from tests.bench.measure import Figure, Wrong, repeated

LATENCY_MS = 200
DAYS = 42
MOST_RATIO = 1.2
_PARENTS = ("campaigns", "broadcasts", "newsletters", "transactional_messages")


def run(times: int) -> list[Figure]:
    """One history of the demo workspace."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    clock = Clock(DEFAULT_START, ticking=True)
    sandbox = Sandbox(scale="demo", strict_limits=True, latency_ms=LATENCY_MS, clock=clock)
    with sandbox.serve() as served, tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "CUSTOMERIO_APP_API_KEY": sandbox.app_api_key,
            "CUSTOMERIO_APP_URL": served.app_url,
            "CIO_ELT_DATA": str(Path(folder) / "data"),
            "CIO_ELT_LIMITS": str(Path(folder) / "limits"),
        }
        _command(environment, "sync", *_PARENTS)
        parents = sum(len(list(sandbox.rows(name))) for name in _PARENTS)
        first = (datetime.fromtimestamp(clock.now(), UTC) - timedelta(days=DAYS)).date().isoformat()
        sandbox.stats.clear()
        began = time.perf_counter()
        document = _command(environment, "backfill", "messages", "--via", "exports", "--from", first)
        seconds = time.perf_counter() - began
    exports, asked = document["exports"], sandbox.stats.by_operation
    if document["failed"] or len(exports) != asked["exportDeliveriesData"]:
        msg = f"{len(exports)} exports were loaded, {len(document['failed'])} failed"
        raise Wrong(msg)
    limited_s = sandbox.stats.total / QUOTAS["app"].per_second
    made_s = -(-len(exports) // AHEAD) * sandbox.knobs.export_takes_s
    floor_s = max(limited_s, made_s)
    return [
        Figure.of("parents in the workspace", parents),
        Figure.of("exports", len(exports)),
        Figure.of("exports without a row", sum(not export["rows"] for export in exports)),
        Figure.of("rows", sum(export["rows"] for export in exports)),
        Figure.of("requests", sandbox.stats.total),
        Figure.of("requests that count the deliveries of parents", document["requests_of_counts"]),
        Figure.of("requests refused", sum(each.status != 200 for each in sandbox.stats.requests), most=0),
        Figure.of("the requests at the rate limit", limited_s, "s"),
        Figure.of("the exports, five at a time (the floor)", made_s, "s"),
        Figure.of("the history", seconds, "s"),
        Figure.of("the history, beside the floor", seconds / floor_s, "times", most=MOST_RATIO),
    ]


def _command(environment: dict[str, str], *arguments: str) -> Any:
    # The sandbox stands for another machine, so it must not wait for a processor that the product uses.
    command = ["nice", "-n", "10", str(Path(sys.executable).parent / "cio-elt"), *arguments, "--json"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        msg = f"`cio-elt {arguments[0]}` ended with exit code {ran.returncode}: {ran.stderr}"
        raise Wrong(msg)
    return json.loads(ran.stdout)
