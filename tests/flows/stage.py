"""A Prefect server, a sandbox, a warehouse and a serving process, each a process of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import httpx

from flows.deployments import declared
from flows.environment import DEFAULTS as PREFECT

ROOT = Path(__file__).parents[2]
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
PATIENCE_S = 180.0
"""The time that a run, or a process, may take on a machine that has other work."""
T = TypeVar("T")


@dataclass(kw_only=True)
class Stage:
    """The processes, by the ids of their groups, and how to reach them.

    `speed` is the share of Customer.io's rate limits that the runs use.
    """

    folder: Path
    port: int
    speed: str = "inf"
    sandbox: dict[str, str] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)

    @property
    def ui(self) -> str:
        """The URL of the server's pages."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of all processes of the stage."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": str(ROOT),
            "CIO_ELT_DATA": str(self.folder / "data"),
            "CIO_ELT_LIMITS": str(self.folder / "limits"),
            "CIO_ELT_SPEED": self.speed,
            "CIO_ELT_PUSH": str(self.folder / "push"),
            "CUSTOMERIO_APP_API_KEY": self.sandbox["app_api_key"],
            "CUSTOMERIO_TRACK_SITE_ID": self.sandbox["track_site_id"],
            "CUSTOMERIO_TRACK_API_KEY": self.sandbox["track_api_key"],
            "CUSTOMERIO_APP_URL": self.sandbox["app_url"],
            "CUSTOMERIO_TRACK_URL": self.sandbox["track_url"],
            # As `flows` sets it where it starts the server itself.
            **PREFECT,
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_API_URL": f"{self.ui}/api",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            # At the end of a stop, its last lines are in the log.
            "PYTHONUNBUFFERED": "1",
        }

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Call the server's API; a 503, for a busy database, is repeated."""
        while True:
            response = httpx.request(method, f"{self.ui}/api{path}", json=body, timeout=PATIENCE_S)
            if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return response

    def ask(self, deployment: str, **parameters: Any) -> httpx.Response:
        """Request a run from the server, as the UI does; returns its response."""
        path = f"/deployments/{self.deployment(deployment)['id']}/create_flow_run"
        return self.call("POST", path, {"parameters": parameters})

    def start(self, deployment: str, **parameters: Any) -> str:
        """Start a run; returns its id."""
        response = self.ask(deployment, **parameters)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def deployment(self, name: str) -> Any:
        """The deployment on the server; `name` is FLOW/NAME, or both where they are the same."""
        full = name if "/" in name else f"{name}/{name}"
        return self.call("GET", f"/deployments/name/{full}").raise_for_status().json()

    def run(self, run_id: str) -> Any:
        """The current state of the run on the server."""
        return self.call("GET", f"/flow_runs/{run_id}").raise_for_status().json()

    def when(self, run_id: str, true: Callable[[Any], bool], within_s: float = PATIENCE_S) -> Any:
        """The run, as soon as a condition holds for it."""
        return until(lambda: run if true(run := self.run(run_id)) else None, within_s)

    def ended(self, run_id: str, within_s: float = PATIENCE_S) -> Any:
        """The run, when it is over."""
        return self.when(run_id, lambda run: run["state"]["type"] in FINAL, within_s)

    def logs(self, run_id: str) -> str:
        """The log of an ended run, once its last line has arrived."""

        def complete() -> str | None:
            lines = self.lines(run_id)
            # Tasks report their end too, without a message; the run reports it last.
            ended = lines and lines[-1].startswith("Finished in state") and not lines[-1].endswith("()")
            return "\n".join(lines) if ended else None

        return until(complete)

    def artifacts(self, run_id: str) -> list[Any]:
        """The artifacts of the run, as an operator sees them."""
        wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}}}
        found: list[Any] = self.call("POST", "/artifacts/filter", wanted).json()
        return found

    def artifact(self, run_id: str) -> Any:
        """The one artifact of the run."""
        (found,) = self.artifacts(run_id)
        return found

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the published warehouse."""
        with duckdb.connect(self.folder / "data" / "customerio.duckdb", read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def control(self, path: str, body: Any) -> None:
        """Send a document to the sandbox's control API."""
        url = f"{self.sandbox['control_url']}/_sandbox/{path}"
        httpx.post(url, json=body, timeout=PATIENCE_S).raise_for_status()

    def requests(self) -> Any:
        """The counts of requests that the sandbox has answered."""
        return httpx.get(f"{self.sandbox['control_url']}/_sandbox/requests", timeout=PATIENCE_S).json()

    def rows(self, table: str) -> list[Any]:
        """The rows that the sandbox has for a table."""
        url = f"{self.sandbox['control_url']}/_sandbox/rows/{table}"
        return [json.loads(line) for line in httpx.get(url, timeout=PATIENCE_S).iter_lines()]

    def start_sandbox(self, *options: str) -> None:
        """Start the sandbox, and wait until it answers."""
        said = self.folder / "sandbox.json"
        program = str(Path(sys.executable).parent / "cio-elt")
        # It stands for another machine: if it waited for a busy processor, requests that left one by one
        # would arrive all at once. Without the right to raise priority, `nice` prints a line before the JSON.
        ahead = [str(shutil.which("nice")), "-n", "-10"]
        command = [*ahead, program, "sandbox", "--scale", "tiny", "--json", *options]
        self._start("sandbox", command, os.environ, said)
        self.sandbox = json.loads(
            until(lambda: text.splitlines()[-1] if (text := said.read_text()).endswith("}\n") else "")
        )

    def sync_once(self) -> None:
        """Load the latest days, as from the command line."""
        program = str(Path(sys.executable).parent / "cio-elt")
        recent = {**self.environment, "CUSTOMERIO_START": "2026-10-12"}
        subprocess.run(
            [program, "sync", "messages", "broadcasts"], env=recent, check=True, capture_output=True
        )

    def declare(self, sync: str, sql: str) -> None:
        """Declare a push of people, `user_id` and `plan`, with a brake at twice as many people."""
        (self.folder / "push").mkdir(exist_ok=True)
        (self.folder / "push" / f"{sync}.yml").write_text(
            f"sync: {sync}\nobject: person\nmode: upsert\nmodel:\n  sql: {sql}\nperson: {{id: user_id}}\n"
            "fields: {plan: text}\nconfirm: {wait_s: 0}\nschedule: 0 4 * * *\n"
        )

    def start_server(self) -> None:
        """Start the Prefect server, and wait until it answers."""
        command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(self.port)]
        self._start("server", command, self.environment, self.folder / "server.log")
        until(self._answers)

    def serve(self) -> str:
        """Serve all deployments; returns the serving process's output once they are ready."""
        log = self.folder / "serving.log"
        self._start("serving", [sys.executable, "-m", "flows"], self.environment, log)
        said = until(lambda: text if "runs at once" in (text := log.read_text()) else "")
        last = declared()[-1]["name"]
        until(lambda: self.call("GET", f"/deployments/name/{last}/{last}").is_success)
        return said

    def serving_log(self) -> str:
        """The output of the serving process and of its runs."""
        return (self.folder / "serving.log").read_text()

    def hand_over(self) -> None:
        """Deploy to a work pool and start a worker for it, as the README of `flows` says."""
        prefect = [sys.executable, "-m", "prefect"]
        for command in (
            ["--no-prompt", "work-pool", "create", "customerio", "--type", "process", "--overwrite"],
            ["--no-prompt", "deploy", "--all"],
        ):
            subprocess.run(
                [*prefect, *command], env=self.environment, cwd=ROOT, check=True, capture_output=True
            )
        worker = [*prefect, "worker", "start", "--pool", "customerio", "--limit", "2"]
        self._start("worker", worker, self.environment, self.folder / "worker.log")

    def kill(self, name: str) -> None:
        """Kill a process and its children with SIGKILL."""
        group = self.groups.pop(name)
        if lives(group):
            os.killpg(group, signal.SIGKILL)
            until(lambda: not lives(group))

    def stop(self, name: str) -> None:
        """Stop a process with SIGTERM, as a service manager does, and wait until it has ended."""
        process = self.groups.pop(name)
        os.kill(process, signal.SIGTERM)
        until(lambda: not lives(process))

    def _start(self, name: str, command: list[str], environment: Any, out: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        to_file = [(os.POSIX_SPAWN_OPEN, 1, str(out), flags, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
        # Another test worker may end the process, so it is no child that this one must wait for.
        self.groups[name] = os.posix_spawn(
            command[0], command, environment, file_actions=to_file, setsid=True
        )

    def lines(self, run_id: str) -> list[str]:
        """The whole log of the run; the server answers some lines at a time."""
        wanted: dict[str, Any] = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC"}
        lines: list[str] = []
        while page := self.call("POST", "/logs/filter", {**wanted, "offset": len(lines)}).json():
            lines += [line["message"] for line in page]
        return lines

    def _answers(self) -> bool:
        try:
            return self.call("GET", "/health").is_success
        except httpx.HTTPError:
            return False


def slow_backfill(stage: Stage, from_day: str, to_day: str) -> str:
    """A backfill in chunks of a week, each of which takes a second and more; its run's id."""
    stage.control("faults", {"clear": True})
    stage.control("faults", {"operation": "listMessages", "delay_ms": 1000, "times": None})
    return stage.start("backfill", resource="messages", from_day=from_day, to_day=to_day, chunk_days=7)


def first_chunk_loaded(stage: Stage, from_day: str, to_day: str) -> None:
    """Wait until the backfill has loaded its first chunk."""
    until(lambda: chunks(stage, from_day, to_day))


def chunks(stage: Stage, from_day: str, to_day: str) -> int:
    """The number of the backfill's chunks that the coverage table has."""
    start, end = (int(datetime.fromisoformat(f"{day}T00:00+00:00").timestamp()) for day in (from_day, to_day))
    name = f"messages:{start}:{end}:1"
    ((number,),) = stage.query(f"SELECT count(*) FROM customerio_raw.coverage WHERE backfill = '{name}'")
    return int(number)


@contextmanager
def kept(file: Path) -> Iterator[Stage]:
    """The stage stored in `file`, set up if there is none; its state is stored there again at the end."""
    stage = _remembered(file) if file.exists() else _new(file.parent)
    try:
        if not file.exists():
            stage.start_sandbox()
            stage.sync_once()
            stage.declare("users", "SELECT 'pushed' || i AS user_id, 'gold' AS plan FROM range(5) AS t(i)")
            stage.start_server()
            stage.serve()
        yield stage
    finally:
        file.write_text(json.dumps(asdict(stage), default=str))


def strike(file: Path) -> None:
    """End all processes of the stage stored in `file`."""
    if file.exists():
        stage = _remembered(file)
        for name in list(stage.groups):
            stage.kill(name)
        file.unlink()


def _remembered(file: Path) -> Stage:
    remembered = json.loads(file.read_text())
    return Stage(**{**remembered, "folder": Path(remembered["folder"])})


def _new(folder: Path) -> Stage:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Stage(folder=folder, port=probe.getsockname()[1])


def until(look: Callable[[], T | None], within_s: float = PATIENCE_S) -> T:
    """Wait until `look` returns a true value, and return it."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s"
        time.sleep(0.1)
    return found


def lives(pid: int) -> bool:
    """Checks if the process runs; a zombie does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")
