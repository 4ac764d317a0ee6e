"""After a kill -9 at any point the next run completes: no export is created twice, no row lost or doubled."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.export import PeopleRequest, create
from pipelines.export.registry import folder
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse
from tests.pipelines.conftest import PATIENCE_S
from tests.pipelines.export.conftest import Exporting

pytestmark = pytest.mark.proof

RUN = """
import time
from pipelines.export import PeopleRequest, export
from pipelines.settings import read_settings
notify = lambda sentence: print(sentence, flush=True)
export(read_settings(), PeopleRequest(), notify=notify, pause=lambda _: time.sleep(0.05))
"""


@contextmanager
def _running(warehouse: Warehouse) -> Iterator["subprocess.Popen[str]"]:
    """An export of all people in a process of its own, which is killed at the end if it still runs."""
    settings = warehouse.settings
    assert settings.customerio_app_api_key is not None
    environment = {
        **os.environ,
        "CUSTOMERIO_APP_URL": str(settings.customerio_app_url),
        "CUSTOMERIO_APP_API_KEY": settings.customerio_app_api_key.get_secret_value(),
        "CIO_ELT_DATA": str(settings.cio_elt_data),
        "CIO_ELT_LIMITS": str(settings.cio_elt_limits),
        "CIO_ELT_SPEED": "inf",
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", RUN],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        cwd=settings.cio_elt_data.parent,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def _assert_whole(exporting: Exporting, *, orders: int = 1) -> None:
    """Assert that one more run completes the export, and that each row is there once."""
    exporting.warehouse.sandbox.faults.clear()
    result = exporting()
    found = exporting.warehouse.query(
        "SELECT count(*), count(DISTINCT row_number), count(DISTINCT export_id), "
        "(SELECT count(*) FROM customerio_raw.people) FROM customerio_raw.exported_people"
    )
    assert [(result.rows, result.rows, 1, result.rows)] == found
    assert orders == exporting.orders()


def test_killed_while_it_is_ordered(exporting: Exporting) -> None:
    """Customer.io has created an export whose id was not stored: the next run finds it in the list."""
    sandbox = exporting.warehouse.sandbox
    sandbox.faults.add(Fault(operation="exportPeopleData", delay_ms=20_000))
    with _running(exporting.warehouse):
        _until(lambda: exporting.orders() == 1, "it never ordered")

    _assert_whole(exporting)
    assert any("ended before it could note it" in note for note in exporting.warehouse.notes)


def test_killed_before_it_is_ordered(exporting: Exporting) -> None:
    """The intent was stored and no request made: no export is found, and one is created."""
    sandbox = exporting.warehouse.sandbox
    sandbox.faults.add(Fault(operation="exportPeopleData", drop_connection=True, status=503))
    try:
        create(exporting.warehouse.settings, PeopleRequest())
    except Exception as error:
        assert getattr(error, "ambiguous", False), error
    else:
        raise AssertionError

    _assert_whole(exporting, orders=2)


def test_killed_while_polling(exporting: Exporting) -> None:
    """The next run waits for the same export."""
    with _running(exporting.warehouse):
        asked = exporting.warehouse.sandbox.stats
        _until(lambda: asked.by_operation.get("getExport", 0) > 2, "it never looked")

    _assert_whole(exporting)


def test_killed_while_downloading(exporting: Exporting) -> None:
    """The bytes that arrived are kept, and the next run requests the rest."""
    sandbox, settings = exporting.warehouse.sandbox, exporting.warehouse.settings
    sandbox.knobs.export_takes_s = 0
    sandbox.faults.add(Fault(operation="storage", cut_at=0.6, stall_ms=30_000))
    with _running(exporting.warehouse):
        _until(lambda: any(part.stat().st_size for part in folder(settings).glob("*.part")), "nothing came")
    (part,) = folder(settings).glob("*.part")
    arrived = part.stat().st_size

    _assert_whole(exporting)

    assert arrived
    assert not list(folder(settings).glob("*.csv*"))


def test_killed_while_loading(exporting: Exporting) -> None:
    """Killed before the tables are made, during the load, and after the load but before the merge."""
    exporting.warehouse.sandbox.knobs.export_takes_s = 0
    for sentence, later_s in (("Loading", 0.0), ("Loading", 0.7), ("merging them", 0.0)):
        with _running(exporting.warehouse) as process:
            assert process.stdout is not None
            assert any(sentence in line for line in process.stdout), "it never came so far"
            time.sleep(later_s)

    _assert_whole(exporting)
