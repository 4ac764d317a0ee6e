"""An export fills its own table and those of people and deliveries, and a sync agrees with them."""

from pathlib import Path

import orjson
import pytest

from pipelines import export as door
from pipelines.errors import ExportFailed, StillPending
from pipelines.export import PeopleRequest, collect, create, wait
from sources.customerio.catalogue import resource
from sources.customerio.sandbox import Sandbox, Scale
from tests.conftest import following
from tests.pipelines.export.conftest import PEOPLE_CELLS, Exporting, held_people, profiles

MESSAGES = resource("messages")


@pytest.mark.proof
def test_a_sync_works_before_and_after(exporting: Exporting) -> None:
    """Exports write into dlt's tables and dlt continues with them; at the end they equal the workspace."""
    warehouse = exporting.warehouse
    warehouse.sync("people", "messages")
    exporting()
    exporting(exporting.campaign())

    warehouse.sandbox.clock.advance(86_400)
    synced = warehouse.sync()

    assert not synced.failed
    warehouse.assert_equals_world()


@pytest.mark.proof
def test_hostile_headers(exporting: Exporting) -> None:
    """2,000 columns, twins by case, spaces, quotes and line breaks arrive cell by cell."""
    sandbox = exporting.warehouse.sandbox
    odd = {"Name": "A", "name": "b", "NAME": "c", 'say "hi", twice': "d", "two\nlines": "e\nf", " ": "g"}
    odd |= {"it's": "h", "c0": "i", "select": "j", "ünï": "k", "a.b": "l", "$.x": "m"}
    odd |= {f"column {number:04}": f"{number}" for number in range(2000 - len(odd))}
    cio_id = sandbox.add("people", id="odd", **odd)

    result = exporting()

    found = exporting.warehouse.query(PEOPLE_CELLS.format(result.export_id))
    assert exporting.file_rows(result.export_id) == [orjson.loads(row) for _, row in found]
    assert odd.items() <= held_people(exporting.warehouse)[cio_id]["attributes"].items()


def test_gzip_is_recognised(exporting: Exporting) -> None:
    """A gzipped file is recognised by its first two bytes."""
    exporting.warehouse.sandbox.knobs.export_gzip = True
    exporting()
    assert profiles(exporting.warehouse.sandbox) == held_people(exporting.warehouse)


@pytest.mark.proof
def test_an_export_takes_few_requests_whatever_its_size(tmp_path: Path) -> None:
    """Requests create, poll and fetch the link: 20 for ten minutes of waiting, at any number of people."""
    counts = []
    for people in (30, 3000):
        scale = Scale(
            name=f"of {people}",
            people=people,
            campaigns=1,
            newsletter_every_days=30,
            broadcasts=0,
            segments=2,
            deliveries=40,
            events=0,
            burst=2,
            history_days=40,
        )
        with following(Sandbox(scale=scale), tmp_path / str(people)) as warehouse:
            warehouse.sandbox.knobs.export_takes_s = 600
            assert Exporting(warehouse)().rows > 0.8 * people
            counts.append(warehouse.sandbox.stats.total)
    assert 20 >= counts[0] == counts[1]


def test_the_door() -> None:
    """The names for other packages are listed in order."""
    assert door.__all__ == sorted(door.__all__, key=lambda name: (not name.isupper(), name))


@pytest.mark.proof
def test_a_deadline_ends_the_waiting_and_the_next_run_goes_on(exporting: Exporting) -> None:
    """A run that times out creates nothing again; the next run collects its export."""
    settings = exporting.warehouse.settings
    exporting.warehouse.sandbox.knobs.export_takes_s = 3600
    created = create(settings, PeopleRequest())
    with pytest.raises(StillPending, match=f"Export {created.export_id} is not ready"):
        wait(settings, created, deadline_s=600, pause=exporting.pause)
    with pytest.raises(StillPending):
        collect(settings, created)

    result = exporting()

    assert (created.export_id, 1) == (result.export_id, exporting.orders())
    assert exporting().export_id != result.export_id, "what is finished is ordered anew"


@pytest.mark.proof
def test_a_failed_export_is_reported_and_then_ordered_anew(exporting: Exporting) -> None:
    """No row of a failed export lands; the message has its id and the next step."""
    exporting.warehouse.sandbox.knobs.export_fails = True
    with pytest.raises(ExportFailed, match=r"Export \d+ failed at Customer.io.*Run the export again"):
        exporting()
    exporting.warehouse.sandbox.knobs.export_fails = False
    assert exporting().new == len(held_people(exporting.warehouse))
