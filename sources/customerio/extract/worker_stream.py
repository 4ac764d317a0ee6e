"""A resource's work in a thread of its own, its tables taken up in dlt's thread.

dlt asks its resources in turn, in one thread. Working ahead in threads keeps all resources' requests
running while one of them is being written; the queues' bound keeps memory from running ahead too. A
resource with nothing ready lets the next one have its turn, so that resources may wait for each other.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress

import pyarrow as pa

# Enough that the work does not wait for the writer at every page.
_TABLES_AHEAD = 32

# dlt spends some 8 ms on every table that it is given, however small.
_ROWS_TOGETHER = 20_000


class Stopped(Exception):
    """The run is over; the thread is to end. Never leaves this package."""


class Arrivals:
    """What all streams of a run have ready and nobody has taken up yet."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._ready = 0
        self._changed = threading.Condition()

    def add(self, number: int) -> None:
        """That many items more (or fewer) are ready."""
        with self._changed:
            self._ready += number
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until any stream has something ready."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready > 0)


class Stream:
    """What `tables` yields, many at a time; an empty list while there are few, or something elsewhere."""

    def __init__(self, name: str, tables: Iterator[pa.Table], arrivals: Arrivals) -> None:
        self._tables = tables
        self._arrivals = arrivals
        self._queue: queue.Queue[pa.Table | BaseException | None] = queue.Queue(_TABLES_AHEAD)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[list[pa.Table]]:
        held: list[pa.Table] = []
        while True:
            ready = self._taken()
            if not ready:
                self._arrivals.wait()
            held += [item for item in ready if isinstance(item, pa.Table)]
            ends = [item for item in ready if not isinstance(item, pa.Table)]
            if ends or sum(table.num_rows for table in held) >= _ROWS_TOGETHER:
                yield held
                held = []
            else:
                yield []
            for end in ends:
                # Only now: as long as an end is not taken up, nobody may wait, for somebody may wait for it.
                self._arrivals.add(-1)
                if end is not None:
                    raise end
                return

    def _taken(self) -> list[pa.Table | BaseException | None]:
        """What is ready now. An end counts as not taken until it is taken up."""
        ready: list[pa.Table | BaseException | None] = []
        while not self._queue.empty():
            ready.append(self._queue.get_nowait())
        self._arrivals.add(-sum(isinstance(item, pa.Table) for item in ready))
        return ready

    def _work(self) -> None:
        # Whatever else fails once the run is over, fails because it is over.
        with suppress(Stopped):
            try:
                for table in self._tables:
                    self._put(table)
                self._put(None)
            except BaseException as error:
                self._put(error)

    def _put(self, item: pa.Table | BaseException | None) -> None:
        while not self._arrivals.stopped.is_set():
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            self._arrivals.add(1)
            return
        raise Stopped
