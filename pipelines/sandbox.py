"""Serves a sandbox for a command: its URLs and keys, and a wait that an interrupt ends."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from secrets import token_urlsafe
from typing import Any, Literal

from pipelines.errors import ConfigError
from sources.customerio.client import is_loopback
from sources.customerio.sandbox import DEFAULT_START, Account, Clock, Knobs, Sandbox
from sources.customerio.sandbox.faults.assumptions import assumptions

ScaleName = Literal["tiny", "demo", "large"]


class Served:
    """A running sandbox.

    `document` has its URLs (without `/v1`), its region and the keys of its first workspace. If there are
    several, its `workspaces` has the id and the keys of each. Its `control_key` is the key of the control
    routes, if other machines can reach them.
    """

    def __init__(self, account: Account, urls: dict[str, str], control_key: str | None = None) -> None:
        self._clock = account.workspaces[0].clock
        self.workspaces = [{"id": one.workspace_id, **_keys(one)} for one in account.workspaces]
        self.document: dict[str, Any] = {
            **urls,
            **_keys(account.workspaces[0]),
            "region": account.workspaces[0].region,
            **({"control_key": control_key} if control_key else {}),
        }
        if len(self.workspaces) > 1:
            self.document["workspaces"] = self.workspaces

    def now(self) -> int:
        """The time of the sandbox's clock, in Unix seconds."""
        return self._clock.now()

    def wait(self) -> None:
        """Block until the process is interrupted."""
        threading.Event().wait()


def knobs() -> dict[str, list[dict[str, Any]]]:
    """Every knob of the sandbox with default, meaning and basis, and what its code says to be unverified."""
    rows = [asdict(knob) for knob in Knobs.all()]
    for row in rows:
        if isinstance(row["default"], set):
            row["default"] = sorted(row["default"])
    return {"knobs": rows, "assumptions": [asdict(one) for one in assumptions()]}


@contextmanager
def serve(
    *,
    scale: ScaleName,
    seed: int = 1,
    workspaces: int = 1,
    host: str = "127.0.0.1",
    port: int = 0,
    allow_remote: bool = False,
    strict_limits: bool = False,
    latency_ms: int = 0,
    ticking: bool = True,
    passed_s: int = 0,
) -> Iterator[Served]:
    """Serve a sandbox whose clock is `passed_s` seconds after its start, and runs on if `ticking`.

    Its account has that many `workspaces`, of the seeds from `seed` on. Other machines reach it only with
    `allow_remote`; its control routes need a key then, which the document has.

    Raises:
        ConfigError: the address cannot be listened on, or other machines would reach it.
    """
    if not is_loopback(host) and not allow_remote:
        msg = (
            f"Other machines could reach the sandbox at {host}, and its keys are no secrets. Leave out "
            "--host, or add --allow-remote: its control routes need a key then, which is printed."
        )
        raise ConfigError(msg)
    control_key = None if is_loopback(host) else token_urlsafe(24)
    clock = Clock(DEFAULT_START, ticking)
    clock.advance(passed_s)
    account = Account(
        [
            Sandbox(scale=scale, seed=one, strict_limits=strict_limits, latency_ms=latency_ms, clock=clock)
            for one in range(seed, seed + workspaces)
        ]
    )
    with _listening(account, host, port, control_key) as urls:
        yield Served(account, urls, control_key)


def _keys(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "app_api_key": sandbox.app_api_key,
        "track_site_id": sandbox.track_site_id,
        "track_api_key": sandbox.track_api_key,
    }


@contextmanager
def _listening(account: Account, host: str, port: int, control_key: str | None) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        try:
            served = stack.enter_context(account.serve(host, port, control_key=control_key))
        except OSError as error:
            msg = f"The sandbox cannot listen on {host}:{port} ({error.strerror}). Name another --port, or 0."
            raise ConfigError(msg) from None
        names = ("app_url", "track_url", "control_url")
        yield {name: getattr(served, name) for name in names}
