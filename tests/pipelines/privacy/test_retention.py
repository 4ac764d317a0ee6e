"""What is older than the privacy file says is deleted, once a week, and is not read again."""

from pipelines.transform import transform
from tests.pipelines.erase.conftest import DAY
from tests.pipelines.privacy.conftest import Private

AGES = """\
version: 1
retention:
  activities: 20
  deleted_people: 10
"""


def _oldest(private: Private) -> int:
    ((found,),) = private.warehouse.query("SELECT min(timestamp) FROM customerio_raw.activities")
    return int(found)


def test_old_rows_go_and_do_not_come_back(private: Private) -> None:
    """Activities and deleted people beyond their age; within a week of the last time none, then again."""
    warehouse, clock = private.warehouse, private.warehouse.sandbox.clock
    private.rules("version: 1")
    warehouse.sync()
    assert _oldest(private) < clock.now() - 25 * DAY
    ((gone,),) = warehouse.query("SELECT min(cio_id) FROM customerio_raw.people")
    private.world.change(
        "UPDATE customerio_raw.people SET deleted_at = ? WHERE cio_id = ?", clock.now() - 11 * DAY, gone
    )
    private.world.change(
        "INSERT INTO customerio_raw.people BY NAME SELECT * REPLACE ('kept' AS cio_id) "
        "FROM customerio_raw.people WHERE cio_id = ?",
        gone,
    )
    private.world.change(
        "UPDATE customerio_raw.people SET deleted_at = ? WHERE cio_id = 'kept'", clock.now() - DAY
    )

    private.rules(AGES)
    warehouse.sync("campaigns")
    assert _oldest(private) >= clock.now() - 20 * DAY
    assert any("of activities" in note and "of people" in note for note in warehouse.notes)
    query = "SELECT cio_id FROM customerio_raw.people WHERE cio_id IN ('kept', '{}')"
    assert [("kept",)] == warehouse.query(query.format(gone))

    warehouse.sync("activities", full=True)
    assert _oldest(private) >= clock.now() - 20 * DAY, "a full reading brings none back"
    clock.advance(2 * DAY)
    warehouse.sync("campaigns")
    assert _oldest(private) < clock.now() - 20 * DAY, "not yet a week"
    clock.advance(6 * DAY)
    warehouse.sync("campaigns")
    assert _oldest(private) >= clock.now() - 20 * DAY


def test_models_lose_the_rows_too(private: Private) -> None:
    """The next transform builds them anew."""
    warehouse, clock = private.warehouse, private.warehouse.sandbox.clock
    private.rules("version: 1")
    warehouse.sync()
    transform(private.settings)
    ((before,),) = warehouse.query("SELECT count(*) FROM staging.stg_activities")
    private.rules(AGES)
    warehouse.sync("campaigns")
    assert transform(private.settings).full
    ((after, oldest),) = warehouse.query(
        "SELECT count(*), epoch(min(happened_at)) FROM staging.stg_activities"
    )
    assert after < before
    assert oldest >= clock.now() - 20 * DAY
