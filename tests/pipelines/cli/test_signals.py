"""A signal reaches a main thread that sleeps in a lock, even where Python only noted it."""

import subprocess
import sys

import pytest

# Sent to another thread, a signal is noted there, and nothing wakes the main thread.
_SCRIPT = """
import signal, threading, time
from pipelines.cli.signals import hear

signal.signal(signal.{name}, signal.default_int_handler)
{hear}

def send():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.{name})

threading.Thread(target=send, daemon=True).start()
asleep = threading.Lock()
asleep.acquire()
try:
    asleep.acquire(timeout=20)
except KeyboardInterrupt:
    print("heard", flush=True)
"""


def _ran(name: str, hear: str, patience_s: float) -> str:
    script = _SCRIPT.format(name=name, hear=hear)
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=patience_s
    )
    return ran.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_sleeping_main_thread_hears_a_signal_that_another_thread_noted(name: str) -> None:
    """Long before the lock is free."""
    assert "heard\n" == _ran(name, "hear(); hear()", patience_s=15)


def test_python_alone_leaves_it_asleep() -> None:
    """What all this is for; where it fails, Python wakes its main thread itself and nothing is needed."""
    with pytest.raises(subprocess.TimeoutExpired):
        _ran("SIGINT", "", patience_s=4)
