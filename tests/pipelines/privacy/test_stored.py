"""Rules that are written later are applied to stored rows, the marts and what earlier runs left."""

import json
from functools import partial
from pathlib import Path

import pytest

from pipelines.privacy import is_outdated
from pipelines.privacy.stored import Applied, apply_rules
from pipelines.transform import transform
from tests.conftest import Warehouse
from tests.pipelines.erase.conftest import traces
from tests.pipelines.privacy.conftest import RULES, Private


@pytest.mark.proof
def test_stored_rows_get_the_rules_and_nothing_plain_is_left(private: Private) -> None:
    """As if they had been read with the rules: the same values, and no plain one in any file."""
    private.rules("version: 1")
    warehouse, data = private.warehouse, private.world.data
    warehouse.sync()
    transform(private.settings)
    texts = tuple(
        text for (text,) in warehouse.query("SELECT identifiers->>'email' FROM customerio_raw.people") if text
    )
    (data / "exports").mkdir(exist_ok=True)
    (data / "exports" / "9.csv.part").write_text(f"email\n{texts[0]}\n")
    private.world.change(
        "CREATE TABLE customerio_raw.rejected_records AS SELECT 'people' AS resource, '1' AS record_id, "
        "'' AS reason, ? AS record, '' AS run_id, 0 AS rejected_at",
        json.dumps({"cio_id": 5, "identifiers": {"email": texts[0]}}),
    )
    private.rules()
    warehouse.sync("campaigns")
    assert any("privacy --apply" in note for note in warehouse.notes)

    applied = _apply(private)
    assert applied.values["people"] > 0
    assert 1 == applied.values["rejected_records"]
    assert [] == traces(data, texts)
    assert warehouse.query("SELECT count(*) FROM main.person_360") > [(0,)]
    assert not is_outdated(private.settings)
    assert {} == _apply(private).values, "a hash is not hashed again"

    before = _values(warehouse)
    again = warehouse.sync("people").summary.resources["people"]
    assert (0, 0) == (again.new, again.deleted)
    assert before == _values(warehouse)


def _apply(private: Private) -> Applied:
    return apply_rules(private.settings, partial(transform, private.settings))


def _values(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.query(
        "SELECT cio_id, id, identifiers, attributes FROM customerio_raw.people ORDER BY ALL"
    )


@pytest.mark.proof
def test_the_command_shows_the_rules_and_applies_them(private: Private, tmp_path: Path) -> None:
    """It ends with 4 while rows lack the rules, and with 0 once they have them."""
    from tests.pipelines.conftest import shell_for

    private.rules("version: 1")
    private.warehouse.sync("people")
    shell = shell_for(private.warehouse.sandbox, private.warehouse.served, tmp_path)
    shell.env |= {"CIO_ELT_DATA": str(private.world.data), "CIO_ELT_PRIVACY": str(private.file)}
    assert 0 == shell.run("privacy").code
    private.rules(RULES)
    shown = shell.run("privacy")
    assert 4 == shown.code
    assert "attributes   phone       drop" in shown.out
    applied = shell.run("privacy", "--apply", "--json")
    assert 0 == applied.code, applied.err
    assert applied.document["values_replaced"]["people"] > 0
    assert 0 == shell.run("privacy").code
