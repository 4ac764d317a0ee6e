"""An erasure leaves nothing of a person in the data folder, changes nothing of others, and holds."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.erase import There, erase, erasures, lift, resume
from pipelines.errors import ConfigError, PushError
from pipelines.transform.documentation import FILE as DOCUMENTATION
from pipelines.warehouse.erasures import is_unfinished
from sources.customerio.extract.erased import ERASED
from tests.pipelines.erase.conftest import Person, World, ask, traces

ROOT = Path(__file__).parents[3]
OF = "SELECT count(*) FROM customerio_raw.people WHERE cio_id = '{}'"
_OF_RUNS = {"customerio_push.leases", "customerio_push.outcomes"}
"""Tables of the journal whose rows name a person by the number of a row, or a process."""


def _plant(world: World, person: Person) -> None:
    """Put the person where runs that were killed, odd records and texts of others leave them."""
    data = world.data
    kept = data / "set_aside" / "1700000000.0" / "normalized"
    kept.mkdir(parents=True)
    (kept.parent / "reason.txt").write_text("Package 1700000000.0 could not be loaded.")
    pq.write_table(pa.table({"email": [person.email]}), kept / "people.parquet", compression="zstd")
    (data / "customerio.publishing").write_bytes(world.settings.published_file.read_bytes())
    (data / "exports").mkdir(exist_ok=True)
    (data / "exports" / "99.csv.part").write_text(f"cio_id,email\n{person.cio_id},{person.email}\n")
    (data / "load.duckdb.tmp").mkdir()
    (data / "load.duckdb.tmp" / "spill.tmp").write_text(person.email)
    (data / DOCUMENTATION).write_text(f"An address such as {person.email}")
    escaped = person.email.replace("@", "\\u0040").upper().replace("\\U", "\\u")
    world.change(
        "UPDATE customerio_raw.messages SET failure_message = ? WHERE id = (SELECT min(id) FROM "
        "customerio_raw.messages WHERE customer_identifiers->>'$.cio_id' <> ?)",
        f"Recipient {person.email} refused, see mailto:{person.email.upper()}.",
        person.cio_id,
    )
    world.change(
        "UPDATE customerio_raw.objects SET attributes = ? WHERE object_id = 'acme'",
        f'{{"name":"Acme","owner":"{escaped}","page":"https://x.example/?m={quote(person.email)}"}}',
    )


@pytest.mark.proof
def test_nothing_of_an_erased_person_is_left_and_nothing_comes_back(world: World) -> None:
    """After days of runs, with a reader open: no trace, others' rows as before; no trace after more runs."""
    world.run_all(transformed=False)
    world.run_all()
    person = world.person()
    _plant(world, person)
    before = world.others(person)
    assert traces(world.data, person.texts)

    with world.reading() as reader:
        assert "1" == ask(reader, OF.format(person.cio_id))
        result = world.erase(("email", person.email.upper()))
        assert "1" == ask(reader, OF.format(person.cio_id)), "a reader keeps what it has open"

    assert [] == traces(world.data, person.texts)
    assert () == result.traces
    assert 1 == result.people
    after = world.others(person)
    # The two rows of others that mention the person count as others' rows now.
    touched = {"customerio_raw.messages", "customerio_raw.objects"}
    assert touched == {table for table in before if before[table] != after[table]} - _OF_RUNS
    assert [] == world.pushing.query(
        "SELECT * FROM customerio_push.outcomes ANTI JOIN customerio_push.log USING (run_id, seq)"
    )
    assert after["customerio_raw.messages"][0] == before["customerio_raw.messages"][0] + 1
    assert after["customerio_raw.objects"][0] == before["customerio_raw.objects"][0]
    assert [("Acme", ERASED, f"https://x.example/?m={ERASED}")] == world.warehouse.query(
        "SELECT attributes->>'name', attributes->>'owner', attributes->>'page' FROM customerio_raw.objects "
        "WHERE object_id = 'acme'"
    )
    assert [(f"Recipient {ERASED} refused, see mailto:{ERASED}.",)] == world.warehouse.query(
        "SELECT failure_message FROM customerio_raw.messages WHERE contains(failure_message, 'erased')"
    )
    for text in person.texts:
        assert text not in str(result.document)

    world.run_all()
    assert [] == traces(world.data, person.texts)
    full = world.warehouse.sync(full=True)
    assert full.erased > 0
    world.warehouse.sync("archived_messages", "subscription_preferences")
    world.run_all()
    assert [] == traces(world.data, person.texts)


@pytest.mark.proof
def test_killed_at_any_place_the_same_command_finishes(world: World, tmp_path: Path) -> None:
    """Killed after the record, the journal, the files or the private file: run again, nothing is left.

    So it is with `resume`, which is not told who the person is.
    """
    world.run_all(transformed=False)
    person = world.person()
    _plant(world, person)
    kept, left = tmp_path / "kept", tmp_path / "left"
    shutil.copytree(world.data, kept)
    for place in ("record", "erase_journal", "republish", "erase_files", "publish_warehouse"):
        _put_back(kept, world.data)
        killed = subprocess.run(
            [sys.executable, "-c", _KILLED, place, person.email], env=_environment(world), check=False
        )
        assert -signal.SIGKILL == killed.returncode, place
        _put_back(world.data, left)
        for resumed in (False, True):
            _put_back(left, world.data)
            assert is_unfinished(world.settings)

            result = resume(world.settings) if resumed else world.erase(("email", person.email))
            assert result is not None
            assert () == result.traces
            assert not is_unfinished(world.settings)
            assert [] == traces(world.data, person.texts), place
            assert world.warehouse.sync("people", "messages").erased > 0
    assert resume(world.settings) is None


def _put_back(kept: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept, folder)


_KILLED = """
import os, signal, sys
from pipelines.erase import erase, places, run
from pipelines.settings import read_settings
place, email = sys.argv[1:]
module = run if hasattr(run, place) else places
real = getattr(module, place)
def killed(*given, **named):
    real(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, place, killed)
erase(read_settings(), [("email", email)], really=True)
"""


def _environment(world: World) -> dict[str, str]:
    return {**os.environ, "CIO_ELT_DATA": str(world.data), "PYTHONPATH": str(ROOT)}


def test_a_push_that_did_not_end_is_refused(world: World) -> None:
    """Nothing is erased while a push has a run that is to be resumed: the message says how to end it."""
    world.run_pushes()
    person = world.person()
    with duckdb.connect(world.data / "push.duckdb") as journal:
        journal.execute("UPDATE customerio_push.runs SET state = 'sending' WHERE sync = 'plans'")

    with pytest.raises(PushError, match="cio-elt push run plans"):
        world.erase(("id", person.id))

    assert [(1,)] == world.warehouse.query(OF.format(person.cio_id))
    assert [] == erasures(world.settings)


def test_a_dry_run_counts_what_an_erasure_finds_and_changes_nothing(world: World) -> None:
    """The counts are those of the erasure; no row goes, and no record is written."""
    person, nobody = world.person(), Person(email="no@address", id="no-id", cio_id="no-cio-id")
    before = world.others(nobody)

    counted = world.erase(("cio_id", person.cio_id), really=False)

    assert not counted.done
    assert before == world.others(nobody)
    assert [] == erasures(world.settings)
    done = world.erase(("cio_id", f"cio_{person.cio_id}"))
    raw = {found.place: found for found in done.places if found.place.startswith("customerio_raw")}
    assert raw == {found.place: found for found in counted.places if found.place in raw}
    assert {"customerio_raw.people", "customerio_raw.messages", "customerio_raw.relationships"} < raw.keys()


def test_a_record_stands_until_it_is_lifted(world: World) -> None:
    """A person whom Customer.io has still is left out, and counted; lifted, a full sync has them again."""
    person = world.person()
    world.erase(("id", person.id))

    left_out = world.warehouse.sync("people", "segment_memberships")
    assert [(0,)] == world.warehouse.query(OF.format(person.cio_id))
    assert 1 == left_out.summary.resources["people"].erased

    assert 1 == lift(world.settings, [("email", person.email)])
    world.warehouse.sync("people")
    assert [(1,)] == world.warehouse.query(OF.format(person.cio_id))


@pytest.mark.parametrize("there", ["delete", "suppress"])
def test_people_are_ended_in_customer_io_first(world: World, there: There) -> None:
    """With the keys of the Track API, the person is gone there too."""
    person = world.person()

    result = world.erase(("email", person.email), there=there)

    assert 1 == result.there
    world.pushing.sandbox.clock.advance(60)
    assert person.id not in world.pushing.ids()


def test_another_server_is_refused(world: World) -> None:
    """Rows on a server other than PostgreSQL are not erased: the message says what is to be done."""
    settings = world.settings.model_copy(update={"cio_elt_destination": "redshift"})

    with pytest.raises(ConfigError, match=r"redshift.*Nothing was erased"):
        erase(settings, [("id", "user-1")], really=True)
