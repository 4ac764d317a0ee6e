"""An erasure leaves nothing of a person in the data folder, changes nothing of others, and holds."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sources.customerio.extract.erased import ERASED
from tests.pipelines.erase.conftest import Person, World, ask, traces

OF = "SELECT count(*) FROM customerio_raw.people WHERE cio_id = '{}'"


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
    escaped = person.email.replace("@", "\\u0040").upper().replace("\\U", "\\u")
    world.change(
        "UPDATE customerio_raw.messages SET failure_message = ? WHERE id = (SELECT min(id) FROM "
        "customerio_raw.messages WHERE customer_identifiers->>'$.cio_id' <> ?)",
        f"Recipient {person.email} refused, see mailto:{person.email.upper()}.",
        person.cio_id,
    )
    world.change(
        "UPDATE customerio_raw.objects SET attributes = ? WHERE object_id = 'acme'",
        f'{{"name":"Acme","owner":"{escaped}","page":"https://x.example/?m={person.email.replace("@", "%40")}"}}',
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
    # The two rows of others that mention the person count as others' rows now; leases are of each run.
    touched = {"customerio_raw.messages", "customerio_raw.objects"}
    assert touched == {table for table in before if before[table] != after[table]} - {
        "customerio_push.leases"
    }
    for table in touched:
        assert after[table][0] == before[table][0] + 1, "the row of another stays"
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
