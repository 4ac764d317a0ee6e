"""Hash and drop in a whole workspace: nothing plain reaches the disk, joins and marts give what they gave."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import ModelFailed
from pipelines.export import DeliveriesRequest, PeopleRequest
from pipelines.ingest.backfill import fill, plan
from pipelines.transform import transform
from sources.customerio.sandbox import Sandbox
from tests.pipelines.erase.conftest import DAY, traces
from tests.pipelines.privacy.conftest import Private, private_world

_JOINS = (
    "people p JOIN customerio_raw.messages m ON m.recipient = p.identifiers->>'email'",
    "people p JOIN customerio_raw.segment_memberships m ON m.email = p.identifiers->>'email'",
    "people p JOIN customerio_raw.esp_suppressions s ON lower(s.email) = lower(p.attributes->>'email')",
    "activities a JOIN customerio_raw.people p ON p.identifiers->>'email' = a.customer_identifiers->>'email'",
    "exported_people e JOIN customerio_raw.people p ON p.identifiers->>'email' = e.\"row\"->>'email'",
    "exported_deliveries e JOIN customerio_raw.messages m ON m.recipient = e.\"row\"->>'recipient'",
    "people a JOIN customerio_raw.people b ON a.attributes->>'first_name' = b.attributes->>'first_name'",
)
"""Joins of people on what is hashed, in all kinds of places."""


def _run_all(private: Private) -> None:
    """Each kind of run that reads Customer.io, and the marts."""
    warehouse, world = private.warehouse, private.world
    warehouse.sync()
    warehouse.sync("archived_messages", "subscription_preferences")
    now = warehouse.sandbox.clock.now()
    world.export(PeopleRequest())
    world.export(DeliveriesRequest(campaign_id=1, start=now - 365 * DAY, end=now))
    settings = private.settings
    planned = plan(settings, resource="messages", start=now - 30 * DAY, end=now, chunk_days=30, gaps=False)
    for window in planned.chunks:
        fill(settings, planned, window)
    warehouse.sync(full=True)
    transform(settings)


def _counts(private: Private) -> dict[str, Any]:
    """The number of rows of each join and of each mart."""
    query = private.warehouse.query
    found = {join: query(f"SELECT count(*) FROM customerio_raw.{join}") for join in _JOINS}
    # The domain of an address is not known from its hash.
    marts = query(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' "
        "AND table_name <> 'deliverability_domain_daily' ORDER BY ALL"
    )
    return found | {mart: query(f"SELECT count(*) FROM main.{mart}") for (mart,) in marts}


@pytest.mark.proof
def test_hashed_and_dropped_data_are_nowhere_and_joins_give_the_same(tmp_path: Path) -> None:
    """After syncs, exports, a backfill and a transform: no plain value in any file, the counts as without."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "hidden").mkdir()
    with (
        private_world(Sandbox(scale="tiny"), tmp_path / "plain") as plain,
        private_world(Sandbox(scale="tiny"), tmp_path / "hidden") as hidden,
    ):
        plain.rules("version: 1")
        hidden.rules()
        for private in (plain, hidden):
            _run_all(private)
        known = plain.warehouse.query(
            """
            SELECT DISTINCT unnest([identifiers->>'email', attributes->>'phone']) AS text
            FROM customerio_raw.people UNION SELECT email FROM customerio_raw.esp_suppressions
            """
        )
        texts = tuple(sorted(text for (text,) in known if text and len(text) > 6))
        assert any("@" in text for text in texts)
        assert any(text.startswith("+") for text in texts)
        assert traces(plain.world.data, texts)

        assert [] == traces(hidden.world.data, texts)
        assert _counts(plain) == _counts(hidden)
        assert all(number > 0 for ((number,),) in (_counts(hidden)[join] for join in _JOINS))
        summary = hidden.warehouse.sync("people", "messages", "esp_suppressions")
        assert 0 == sum(table.changed + table.new for table in summary.summary.resources.values())


def test_a_person_is_the_same_row_by_pages_and_by_an_export(private: Private) -> None:
    """An export of unchanged people changes none, and the next sync neither."""
    private.warehouse.sync("people")
    exported = private.world.export(PeopleRequest())
    assert (0, 0, 0) == (exported.new, exported.changed, exported.deleted)
    people = private.warehouse.sync("people").summary.resources["people"]
    assert (0, 0, 0) == (people.new, people.changed, people.deleted)


_PUSHES = [
    pytest.param("identifiers->>'email' AS plan", "have hashes in plan", id="hash"),
    pytest.param("attributes->>'phone' AS plan", "reads phone, which the privacy file drops", id="member"),
    pytest.param("attributes->>'$.phone' AS plan", "reads phone", id="path"),
    pytest.param("CASE WHEN unsubscribed THEN 'u' END AS plan", "reads unsubscribed of people", id="column"),
]


@pytest.mark.parametrize(("column", "said"), _PUSHES)
def test_a_push_that_needs_what_is_hidden_is_refused(private: Private, column: str, said: str) -> None:
    """The reason names the column and the file; the same push of other columns runs."""
    private.rules(private.file.read_text() + "tables: {people: {unsubscribed: drop}}\n")
    private.warehouse.sync("people")
    pushing = private.world.pushing
    people: dict[str, Any] = {"object": "person", "mode": "upsert", "person": {"id": "id"}}
    people["fields"] = {"plan": "text"}
    model = "SELECT id, {} FROM customerio_raw.people WHERE id <> ''"
    with pytest.raises(ModelFailed, match=said) as caught:
        pushing.push(pushing.declare("hidden", model.format(column), **people))
    assert str(private.file) in str(caught.value)
    (pushing.folder / "hidden.yml").unlink()
    assert pushing.plan(pushing.declare("seen", model.format("attributes->>'plan' AS plan"), **people)).sends


def test_a_push_of_a_mart_is_checked_too(private: Private) -> None:
    """The raw tables that a mart is made of are known from its build; a model may name the mart alone."""
    private.warehouse.sync()
    transform(private.settings)
    pushing = private.world.pushing
    people: dict[str, Any] = {"object": "person", "mode": "upsert", "person": {"cio_id": "cio_id"}}
    people |= {"fields": {"plan": "text"}, "unmapped": "ignore"}
    spec = pushing.declare("mart", "", **people, model={"dbt": "person_360"})
    assert pushing.plan(spec).sends
    private.rules(private.file.read_text().replace("  phone: drop\n", "  plan: drop\n"))
    with pytest.raises(ModelFailed, match="reads plan"):
        pushing.plan(spec)


def test_an_erasure_finds_a_person_by_the_hash_and_keeps_them_out(private: Private) -> None:
    """By the plain address, though no row has it; as one person; later runs leave the person out."""
    private.warehouse.sync()
    ((cio_id, hashed),) = private.warehouse.query(
        "SELECT cio_id, identifiers->>'email' FROM customerio_raw.people "
        "WHERE identifiers->>'email' <> '' AND id <> '' ORDER BY cio_id LIMIT 1"
    )
    person = private.warehouse.sandbox.rows("people")
    (email,) = {row["identifiers"]["email"] for row in person if row["identifiers"]["cio_id"] == cio_id}
    result = private.world.erase(("email", email))
    assert (1, ()) == (result.people, result.traces)
    assert [] == traces(private.world.data, (cio_id, hashed))
    private.world.export(PeopleRequest())
    private.warehouse.sync(full=True)
    assert [] == traces(private.world.data, (cio_id, hashed))
