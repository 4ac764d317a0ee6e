"""A signal reaches a main thread that sleeps in a lock, even if Python only recorded it."""

import subprocess
import sys

import pytest

# A signal that is sent to another thread is recorded there, and nothing wakes the main thread.
_SCRIPT = """
import signal, threading, time
from pipelines.cli.signals import deliver_signals

signal.signal(signal.{name}, signal.default_int_handler)
{start}

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


def _ran(name: str, start: str, patience_s: float) -> str:
    script = _SCRIPT.format(name=name, start=start)
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=patience_s
    )
    return ran.stdout


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_sleeping_main_thread_gets_a_signal_of_another_thread(name: str) -> None:
    """The interrupt is raised long before the lock is free."""
    assert "heard\n" == _ran(name, "deliver_signals(); deliver_signals()", patience_s=15)


@pytest.mark.proof
def test_python_alone_leaves_it_asleep() -> None:
    """Without the module the test times out; if this fails, Python no longer needs the module."""
    with pytest.raises(subprocess.TimeoutExpired):
        _ran("SIGINT", "", patience_s=4)
