"""Signals that a sleeping main thread hears too.

CPython only notes a signal when it comes; its handler runs at the main thread's next step. While other
threads are busy, the main thread may fall asleep in a lock with the note unread, and then sleeps on until
the lock is free: seen in one of twenty interrupts of a sync that waited for an answer (CPython 3.11).
"""

import os
import signal
import threading
import time

# Nobody else's, and harmless where the handler is gone. What wakes the thread may itself come a moment too
# early, so it is repeated.
_NUDGE = signal.SIGURG
_NUDGES = 20
_PAUSE_S = 0.1

_heard = threading.Event()


def hear() -> None:
    """See to it that signals reach this process's main thread within moments, whatever it waits for."""
    if _heard.is_set() or threading.current_thread() is not threading.main_thread():
        return
    _heard.set()
    noted, note = os.pipe()
    os.set_blocking(note, False)
    signal.signal(_NUDGE, lambda _number, _frame: None)
    signal.set_wakeup_fd(note, warn_on_full_buffer=False)
    threading.Thread(target=_wake, args=(noted,), name="signals", daemon=True).start()


def _wake(noted: int) -> None:
    main = threading.main_thread().ident or 0
    while number := os.read(noted, 1):
        # The nudges are noted too.
        for _ in range(0 if number[0] == _NUDGE else _NUDGES):
            time.sleep(_PAUSE_S)
            signal.pthread_kill(main, _NUDGE)
