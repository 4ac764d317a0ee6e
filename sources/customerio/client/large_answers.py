"""Large answers are held one at a time: twelve threads with 64 MB each would be a full memory.

A thread that finds its answer to be large waits for its turn, and keeps it until the answer is decoded and
its records were looked at. An answer is large by its bytes, or by its number of values, which take more
memory than their text.
"""

from threading import Lock, local

from sources.customerio.client.bounds import MB, Allowance

LARGE_BYTES = 4 * MB
"""A page of 1,000 deliveries has 700 KB, one of 30,000 members of a segment 3 MB."""
LARGE_VALUES = 250_000
"""A page of 1,000 deliveries has 40,000 values, one of 30,000 members of a segment 150,000."""


def values_of(body: bytes) -> int:
    """Values and keys of a JSON document, no fewer than it has: signs in its texts count too."""
    return body.count(b",") + body.count(b"{") + body.count(b"[")


class LargeAnswers:
    """The turn to hold a large answer; each thread has it at most once."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._mine = local()

    def enter(self, allowance: Allowance) -> None:
        """Wait for the turn, unless this thread has it.

        Raises:
            Overdue: The time of the exchange was over first.
        """
        if getattr(self._mine, "held", False):
            return
        if not self._turn.acquire(timeout=allowance.timeout(None)):
            allowance.timeout(None)
        self._mine.held = True

    def leave(self) -> None:
        """Give the turn to the next thread, if this one has it."""
        if getattr(self._mine, "held", False):
            self._mine.held = False
            self._turn.release()
