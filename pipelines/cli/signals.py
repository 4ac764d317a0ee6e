"""Delivers signals to a main thread that sleeps in a lock.

CPython records a signal when it arrives, and runs its handler at the main thread's next step. While other
threads are busy, the main thread may start to wait for a lock before it sees the record, and then waits until
the lock is free: measured in one of twenty interrupts of a sync that waited for a response (CPython 3.11).
"""

import os
import signal
import threading
import time

# A signal with no other use, which is ignored by default. It may arrive a moment too early, so it is sent
# again.
_NUDGE = signal.SIGURG
_NUDGES = 20
_PAUSE_S = 0.1

_started = threading.Event()


def deliver_signals() -> None:
    """Make signals reach the main thread within a fraction of a second, also while it waits for a lock."""
    if _started.is_set() or threading.current_thread() is not threading.main_thread():
        return
    _started.set()
    records, record = os.pipe()
    os.set_blocking(record, False)
    signal.signal(_NUDGE, lambda _number, _frame: None)
    signal.set_wakeup_fd(record, warn_on_full_buffer=False)
    threading.Thread(target=_wake, args=(records,), name="signals", daemon=True).start()


def _wake(records: int) -> None:
    main = threading.main_thread().ident or 0
    while number := os.read(records, 1):
        # The nudges are recorded too.
        for _ in range(0 if number[0] == _NUDGE else _NUDGES):
            time.sleep(_PAUSE_S)
            signal.pthread_kill(main, _NUDGE)
