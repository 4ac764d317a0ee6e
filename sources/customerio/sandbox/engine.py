"""What the HTTP side and the Python door share: one workspace, its clock, keys, faults, limits and counts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from sources.customerio.sandbox.clock import Clock
from sources.customerio.sandbox.faults.fault import Faults
from sources.customerio.sandbox.faults.knobs import Knobs
from sources.customerio.sandbox.faults.limits import Limits
from sources.customerio.sandbox.keys import Keys
from sources.customerio.sandbox.state.rules.apply import apply_due
from sources.customerio.sandbox.state.rules.run_import import take_in
from sources.customerio.sandbox.state.rules.timeline import Timeline
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.truth import tables
from sources.customerio.sandbox.state.workspace import Workspace
from sources.customerio.sandbox.stats import Stats
from sources.customerio.sandbox.world.scale import Scale
from sources.customerio.sandbox.world.world import World


class Engine:
    """One sandbox without its socket. The workspace is only touched inside `present`."""

    def __init__(
        self, *, scale: Scale, seed: int, clock: Clock, region: str, strict_limits: bool, latency_ms: int
    ) -> None:
        self.scale = scale
        self.seed = seed
        self.clock = clock
        self.region = region
        self.latency_ms = latency_ms
        self.keys = Keys.of(seed)
        self.knobs = Knobs()
        self.faults = Faults()
        self.stats = Stats()
        self._strict_limits = strict_limits
        self._lock = threading.RLock()
        self._world = World(seed=seed, scale=scale, start=clock.start)
        self._begin()

    @contextmanager
    def present(self) -> Iterator[Workspace]:
        """The workspace as of the clock, for one reader or writer at a time."""
        with self._lock:
            self._timeline.catch_up(self.clock.now())
            rules = self.knobs.apply_rules()
            apply_due(self._workspace, self._workspace.now, rules)
            take_in(self._workspace, rules)
            yield self._workspace

    def rows(self, table: str) -> Iterator[Record]:
        """The truth of a table; the workspace is free for others between two chunks."""
        with self.present() as workspace:
            chunks = tables.chunks(workspace, table)
            first = next(chunks, [])
        return chain(first, self._rest(chunks))

    def _rest(self, chunks: tables.Chunks) -> Iterator[Record]:
        while True:
            with self._lock:
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield from chunk

    def writes(self) -> list[Record]:
        """The writes that were accepted, in order of arrival."""
        with self.present() as workspace:
            return workspace.inbox.writes()

    def reset(self) -> None:
        """Back to the start: the workspace, the clock, no faults, default knobs, no counts."""
        with self._lock:
            self.clock.rewind()
            self.faults.clear()
            self.knobs = Knobs()
            self.stats.clear()
            self._begin()

    def _begin(self) -> None:
        self.limits = Limits(strict=self._strict_limits)
        self._workspace = Workspace(
            seed=self.seed, region=self.region, now=self._world.genesis, fates=self._world.fates
        )
        self._timeline = Timeline(self._workspace, self._world.opening(), self._world.plan)
        self._timeline.catch_up(self.clock.now())
