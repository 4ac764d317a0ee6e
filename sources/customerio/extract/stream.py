"""A reader in a thread of its own, its batches taken up in dlt's thread.

dlt asks its resources in turn, in one thread. Reading ahead in threads keeps all resources' requests
running while one of them is being written; the queues' bound keeps memory from running ahead too. A
resource with nothing ready lets the next one have its turn, so that readers may wait for each other.
"""

import queue
import threading
from collections.abc import Iterator

from sources.customerio.extract.batch import Batch

# Enough that a reader does not wait for the writer; few enough that a page is still in the processor's
# cache when it is written.
_BATCHES_AHEAD = 4


class Stopped(Exception):
    """The run is over; the reader is to end. Never leaves this package."""


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
    """What `reader` yields, in lists of what is ready; an empty list while nothing is, but elsewhere."""

    def __init__(self, name: str, reader: Iterator[Batch], arrivals: Arrivals) -> None:
        self._reader = reader
        self._arrivals = arrivals
        self._queue: queue.Queue[Batch | BaseException | None] = queue.Queue(_BATCHES_AHEAD)
        self._thread = threading.Thread(target=self._read, name=f"read-{name}", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[list[Batch]]:
        while True:
            ready: list[Batch | BaseException | None] = []
            while not self._queue.empty():
                ready.append(self._queue.get_nowait())
            if not ready:
                self._arrivals.wait()
                yield []
                continue
            self._arrivals.add(-len(ready))
            yield [item for item in ready if isinstance(item, Batch)]
            end = ready[-1]
            if isinstance(end, BaseException):
                raise end
            if end is None:
                return

    def _read(self) -> None:
        try:
            for batch in self._reader:
                self._put(batch)
            self._put(None)
        except Stopped:
            return
        except BaseException as error:
            self._put(error)

    def _put(self, item: Batch | BaseException | None) -> None:
        while not self._arrivals.stopped.is_set():
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            self._arrivals.add(1)
            return
        raise Stopped
