"""The engine: one workspace with its clock, keys, faults, limits and request log, for HTTP and for Python.

The engines of an account share a clock and a lock, so that the list of workspaces can look into each.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from sources.customerio.sandbox.clock import Clock
from sources.customerio.sandbox.faults.fault import Faults
from sources.customerio.sandbox.faults.knobs import Knobs
from sources.customerio.sandbox.faults.limits import Limits
from sources.customerio.sandbox.keys import Keys
from sources.customerio.sandbox.state.rules.apply import apply_due
from sources.customerio.sandbox.state.rules.run_import import run_due_imports
from sources.customerio.sandbox.state.rules.timeline import Timeline
from sources.customerio.sandbox.state.store.ids import workspace_id
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.truth import tables
from sources.customerio.sandbox.state.workspace import Workspace
from sources.customerio.sandbox.stats import Stats
from sources.customerio.sandbox.world.scale import Scale
from sources.customerio.sandbox.world.world import World


class Engine:
    """One sandbox without its socket. The workspace is read and changed inside `workspace()` alone."""

    def __init__(
        self, *, scale: Scale, seed: int, clock: Clock, region: str, strict_limits: bool, latency_ms: int
    ) -> None:
        self.scale = scale
        self.seed = seed
        self.clock = clock
        self.region = region
        self.latency_ms = latency_ms
        self.id = workspace_id(seed)
        self.keys = Keys.of(seed)
        self.knobs = Knobs()
        self.faults = Faults()
        self.stats = Stats()
        self._strict_limits = strict_limits
        self._lock = threading.RLock()
        self._account: Sequence[Engine] = (self,)
        self._world = World(seed=seed, scale=scale, start=clock.start)
        self._begin()

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """The workspace as of the clock, with due writes applied, under a lock."""
        with self._lock:
            self._timeline.catch_up(self.clock.now())
            options = self.knobs.apply_options()
            apply_due(self._workspace, self._workspace.now, options)
            run_due_imports(self._workspace, options)
            yield self._workspace

    def rows(self, table: str) -> Iterator[Record]:
        """Every row of a table (`state.truth`); the lock is free between two chunks."""
        with self.workspace() as workspace:
            chunks = tables.chunks(workspace, table)
            first = next(chunks, [])
        return chain(first, self._rows_of(chunks))

    def _rows_of(self, chunks: tables.Chunks) -> Iterator[Record]:
        while True:
            with self._lock:
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield from chunk

    def writes(self) -> list[Record]:
        """The log of accepted writes, in the order of arrival."""
        with self.workspace() as workspace:
            return workspace.write_queue.writes()

    def join(self, account: Sequence["Engine"]) -> None:
        """Become one of an account's engines, which have one clock, and from now on one lock."""
        self._account = account
        self._lock = account[0]._lock
        self._workspace.account = self._workspaces

    def reset(self) -> None:
        """Reset the workspaces of the account, the clock they share, faults, knobs and the request logs."""
        with self._lock:
            self.clock.rewind()
            for engine in self._account:
                engine.faults.clear()
                engine.knobs = Knobs()
                engine.stats.clear()
                engine._begin()

    def _workspaces(self) -> Iterator[Workspace]:
        for engine in self._account:
            with engine.workspace() as workspace:
                yield workspace

    def _begin(self) -> None:
        self.limits = Limits(strict=self._strict_limits)
        self._workspace = Workspace(
            seed=self.seed,
            region=self.region,
            now=self._world.genesis,
            draw_outcomes=self._world.outcomes,
        )
        self._workspace.account = self._workspaces
        self._timeline = Timeline(self._workspace, self._world.opening(), self._world.plan)
        self._timeline.catch_up(self.clock.now())
