"""The Python API of the sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from sources.customerio.sandbox.clock import Clock
from sources.customerio.sandbox.engine import Engine
from sources.customerio.sandbox.faults.fault import Faults
from sources.customerio.sandbox.faults.knobs import Knobs
from sources.customerio.sandbox.serve import Served, serving
from sources.customerio.sandbox.state.rules import admin
from sources.customerio.sandbox.stats import Stats
from sources.customerio.sandbox.world.scale import SCALES, Scale

ScaleName = Literal["tiny", "demo", "large"]

# A fixed instant, so that a (seed, scale) is always the same world.
DEFAULT_START = int(datetime(2026, 10, 15, 10, 0, tzinfo=UTC).timestamp())


class Sandbox:
    """A stateful Customer.io workspace: to serve over HTTP, read, edit, move in time and give faults."""

    def __init__(
        self,
        *,
        scale: ScaleName | Scale = "tiny",
        seed: int = 1,
        strict_limits: bool = False,
        latency_ms: int = 0,
        clock: Clock | None = None,
        region: Literal["us", "eu"] = "us",
        now: int | None = None,
    ) -> None:
        """Build the world as of the clock, by default one that is frozen at `now` (Unix seconds).

        `strict_limits` enforces 10 App API requests a second; `latency_ms` delays every answer.

        Raises:
            ValueError: both a clock and `now` are given.
        """
        if clock is not None and now is not None:
            msg = "A sandbox got both a clock and an instant; give the clock, or `now` for a frozen one."
            raise ValueError(msg)
        size = scale if isinstance(scale, Scale) else SCALES[scale]
        self.clock = clock or Clock(DEFAULT_START if now is None else now)
        self._engine = Engine(
            scale=size,
            seed=seed,
            clock=self.clock,
            region=region,
            strict_limits=strict_limits,
            latency_ms=latency_ms,
        )
        self.region = region
        self.workspace_id = self._engine.id

    @property
    def app_api_key(self) -> str:
        """The App API key."""
        return self._engine.keys.app_api_key

    @property
    def track_site_id(self) -> str:
        """The site id of the Track API's keys."""
        return self._engine.keys.track_site_id

    @property
    def track_api_key(self) -> str:
        """The Track API key."""
        return self._engine.keys.track_api_key

    def rotate_keys(self, api: Literal["app", "track"]) -> None:
        """Replace the keys of one API: the earlier ones are refused from now on."""
        self._engine.keys = self._engine.keys.rotated(api)

    @property
    def stats(self) -> Stats:
        """The log of requests over HTTP, and counts of it."""
        return self._engine.stats

    @property
    def faults(self) -> Faults:
        """The faults in force: `sandbox.faults.add(Fault(...))`, `sandbox.faults.clear()`."""
        return self._engine.faults

    @property
    def knobs(self) -> Knobs:
        """Settings where Customer.io's behaviour is unknown or differs between workspaces."""
        return self._engine.knobs

    @contextmanager
    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Iterator[Served]:
        """Serve over HTTP until the block ends; port 0 takes a free one.

        A command line prints the URLs and waits: `served.wait()`.
        """
        with serving([self._engine], host, port) as served:
            yield served

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Every row of a table as of now, as the API shows it; ValueError if there is no such table.

        Rows of long tables are made in chunks of some thousand.
        """
        return self._engine.rows(table)

    def writes(self) -> list[dict[str, Any]]:
        """The writes that the Track API accepted, in the order of arrival, with their outcomes.

        Each is `{number, arrived, call, op, outcome, reason}`: `op` in the form of Track v2, `outcome`
        `waiting`, `applied` or `dropped`. The log keeps the last `knobs.keep_writes`.
        """
        return self._engine.writes()

    def add(self, kind: str, **fields: Any) -> str:
        """Add a record, or a person from identifiers and attributes; returns its id, a person's `cio_id`."""
        with self._engine.workspace() as workspace:
            return admin.add(workspace, kind, fields)

    def edit(self, kind: str, record_id: str | int, **fields: Any) -> None:
        """Edit a record, or a person's attributes; `updated` and `deduplicate_id` change with it."""
        with self._engine.workspace() as workspace:
            admin.edit(workspace, kind, record_id, fields)

    def delete(self, kind: str, record_id: str | int) -> None:
        """Delete a record or a person (by cio_id, id or email)."""
        with self._engine.workspace() as workspace:
            admin.delete(workspace, kind, record_id)

    def suppress(self, person: str) -> None:
        """Suppress a person: their deliveries and activities become anonymous."""
        with self._engine.workspace() as workspace:
            admin.suppress(workspace, person)

    def join_segment(self, segment_id: int, person: str) -> None:
        """Add a person to a manual segment."""
        with self._engine.workspace() as workspace:
            admin.set_member(workspace, segment_id, person, member=True)

    def leave_segment(self, segment_id: int, person: str) -> None:
        """Remove a person from a manual segment."""
        with self._engine.workspace() as workspace:
            admin.set_member(workspace, segment_id, person, member=False)

    @property
    def webhook_signing_key(self) -> str:
        """The key with which the workspace signs the events of its reporting webhooks."""
        return self._engine.reporter.key

    def report(self) -> int:
        """Post the events of reporting webhooks that are due by the clock; returns the number of requests.

        A served sandbox does this by itself.
        """
        return self._engine.report()

    def webhook_attempts(self) -> list[dict[str, Any]]:
        """The last requests to reporting webhooks: `{number, at, webhook_id, event_id, status, outcome}`.

        `status` is 0 where no connection came about and -1 where the answer was too late; `outcome` is
        `delivered`, `waiting` or `given up`.
        """
        return self._engine.reporter.attempts()

    def reset(self) -> None:
        """Reset the world, the clock, faults, knobs and the request log."""
        self._engine.reset()
