"""A resource's work in a thread of its own; its tables are handed over in dlt's thread.

dlt asks its resources in turn, in one thread. Working ahead in threads keeps the requests of all resources
running while the tables of one are being written. The queues' bound keeps memory from running ahead too. A
resource with nothing ready gives the turn to the next one, so that resources may wait for each other.

dlt's `parallelized=True` was tried in its place and does not replace it: it runs generators in a pool of
`extract.workers` threads, 5 by default, a user's setting. Five resources that waited for a sixth held all of
them, and the sixth did not start; 12 resources with 1.5 s of waiting for answers each took 5.6 s in all.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress

import pyarrow as pa

from sources.customerio.extract.ready_tables import ReadyTables, Stopped

# Enough that the work does not wait for the writer at every page.
_TABLES_AHEAD = 32

# dlt spends some 8 ms on every table that it is given, however small.
_ROWS_TOGETHER = 20_000


class Stream:
    """Iterates over `tables`, made in a thread, as lists of many tables.

    A list is empty while few rows are ready, or while another stream has tables ready.
    """

    def __init__(self, name: str, tables: Iterator[pa.Table], ready: ReadyTables) -> None:
        self._tables = tables
        self._ready = ready
        self._queue: queue.Queue[pa.Table | BaseException | None] = queue.Queue(_TABLES_AHEAD)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[list[pa.Table]]:
        held: list[pa.Table] = []
        while True:
            items = self._taken()
            if not items:
                self._ready.wait()
            held += [item for item in items if isinstance(item, pa.Table)]
            ends = [item for item in items if not isinstance(item, pa.Table)]
            is_much = sum(table.num_rows for table in held) >= _ROWS_TOGETHER or self._ready.is_full
            if ends or (held and is_much):
                yield held
                self._ready.release(sum(table.nbytes for table in held))
                held = []
            else:
                yield []
            for end in ends:
                # Only here: another resource may wait for this end, so until it is taken no stream may block.
                self._ready.add(-1)
                if end is not None:
                    raise end
                return

    def _taken(self) -> list[pa.Table | BaseException | None]:
        """The items that are ready now. An end stays counted as ready until it is handled."""
        items: list[pa.Table | BaseException | None] = []
        while not self._queue.empty():
            items.append(self._queue.get_nowait())
        self._ready.add(-sum(isinstance(item, pa.Table) for item in items))
        return items

    def _work(self) -> None:
        # Errors after the end of the run are a consequence of it.
        with suppress(Stopped):
            try:
                for table in self._tables:
                    self._put(table)
                self._put(None)
            except BaseException as error:
                self._put(error)

    def _put(self, item: pa.Table | BaseException | None) -> None:
        if isinstance(item, pa.Table):
            self._ready.hold(item.nbytes)
        while not self._ready.stopped.is_set():
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            self._ready.add(1)
            return
        raise Stopped
