"""The tables of a run that wait to be written: their number, and their bytes, which are bounded."""

import threading

# Memory of all tables that wait to be written: pages of deliveries have 1 MB, a page of texts may have 60.
_BYTES_AHEAD = 128 << 20


class Stopped(Exception):
    """The run is over, and its threads are to end. Never leaves this package."""


class ReadyTables:
    """Counts the tables that the streams of a run have ready; `stopped` is set once the run is over.

    Their bytes are counted until they are written. When those are many, work waits and streams hand over what
    they have.
    """

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._count = 0
        self._bytes = 0
        self._waiting = 0
        self._changed = threading.Condition()

    def add(self, number: int) -> None:
        """Count that many more (or fewer) tables as ready."""
        with self._changed:
            self._count += number
            self._changed.notify_all()

    def hold(self, size: int) -> None:
        """Count the bytes of one more table, once there is room; a table that is too large has it alone.

        Raises:
            Stopped: the run is over.
        """
        with self._changed:
            while self._bytes and self._bytes + size > _BYTES_AHEAD:
                if self.stopped.is_set():
                    raise Stopped
                self._waiting += 1
                self._changed.notify_all()
                self._changed.wait(timeout=0.2)
                self._waiting -= 1
            self._bytes += size

    def release(self, size: int) -> None:
        """Tables of that many bytes are written."""
        with self._changed:
            self._bytes -= size
            self._changed.notify_all()

    @property
    def is_full(self) -> bool:
        """True if a table has no room before others are written."""
        return self._waiting > 0

    def wait(self) -> None:
        """Wait until any stream has a table ready, or has no room for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._count > 0 or self._waiting > 0)
