"""The lock of the warehouse's one writer.

    lock of the data folder -> lock of the server, if there is one -> take over from the last writer

The data folder's lock keeps its files apart, dlt's working folder above all; that of a server keeps apart the
runs of several data folders and machines.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from pipelines.errors import Busy
from pipelines.notify import Notify, silent
from pipelines.settings import Settings
from pipelines.trace import step
from pipelines.warehouse.data_folder import prepare
from pipelines.warehouse.destinations import POSTGRES
from pipelines.warehouse.last_writer import take_over
from pipelines.warehouse.pipeline import configure, dlt_folder
from pipelines.warehouse.server import connected
from pipelines.warehouse.server_erasures import agree_erasures
from pipelines.warehouse.server_lock import holding

_LOCK = "writer.lock"


@contextmanager
def writing(settings: Settings, *, wait_s: float, notify: Notify = silent) -> Iterator[None]:
    """Hold the writer's lock of this warehouse, wherever it is; wait at most `wait_s` seconds for it.

    `notify` gets a sentence if another run holds the lock.

    Raises:
        ConfigError: the folder cannot be used, see `prepare`, or the server cannot.
        Busy: another run is still writing.
    """
    folder = settings.cio_elt_data
    prepare(folder)
    step("wait for the warehouse")
    deadline = time.monotonic() + wait_s
    lock = FileLock(folder / _LOCK)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            notify(
                f"Another run is writing the warehouse in {folder}; waiting at most {wait_s:,.0f} s for it."
            )
            lock.acquire(timeout=wait_s)
    except Timeout:
        msg = (
            f"Another run is writing the warehouse in {folder} and did not end within {wait_s:,.0f} s. "
            "Wait for it, or give this run a data folder of its own in CIO_ELT_DATA."
        )
        raise Busy(msg) from None
    try:
        with _server_lock(settings, deadline - time.monotonic(), notify):
            yield
    finally:
        lock.release()


@contextmanager
def _server_lock(settings: Settings, wait_s: float, notify: Notify) -> Iterator[None]:
    if settings.cio_elt_destination != POSTGRES:
        yield
        return
    configure(settings.cio_elt_data)
    with connected(settings) as client, holding(client, wait_s=max(wait_s, 0), notify=notify):
        take_over(client, settings.cio_elt_data, dlt_folder(settings), notify)
        agree_erasures(client, settings)
        yield
