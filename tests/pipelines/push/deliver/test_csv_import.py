"""The import lane: a file instead of batches, and its reports brought back to the rows."""

from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from pipelines.push.deliver.staging import staged
from pipelines.push.journal.database import SCHEMA
from pipelines.push.plan.transport import choose_lane
from sources.customerio.client import BadAnswer, ConfigError
from tests.pipelines.push.conftest import Pushing

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"email": "text", "plan": "text", "active": "boolean", "tags": "list"},
    "deliver": {"lane": "import", "staging": "local"},
}  # fmt: skip


def _rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "user_id": f"i{number}",
            "email": f"i{number}@example.com",
            "plan": 'a "b", c\né',
            "active": True,
            "tags": ["x"],
        }
        for number in range(count)
    ]


def test_people_arrive_by_import(pushing: Pushing) -> None:
    """One import instead of batches; every value arrives, and the next push sends nothing."""
    pushing.sandbox.knobs.import_takes_s = 0
    sync = pushing.declare("users", _rows(40), **_PERSON)
    assert "import" == pushing.plan(sync).lane
    result = pushing.push(sync)
    assert result.complete, result.document
    asked = pushing.sandbox.stats.by_operation
    assert (1, None) == (asked["import"], asked.get("batch"))
    assert ('a "b", c\né', "true") == (pushing.people()["i7"]["plan"], pushing.people()["i7"]["active"])
    assert 0 == pushing.push(sync).plan.sends


def test_reports_are_brought_back_to_the_rows(pushing: Pushing) -> None:
    """A row that the error report names is rejected with its reason, and the others are accepted."""
    pushing.sandbox.knobs.import_takes_s = 0
    suppressed = pushing.sandbox.add("people", id="i3")
    pushing.sandbox.suppress(suppressed)
    result = pushing.push(pushing.declare("users", _rows(10), **_PERSON))
    assert result.run is not None
    assert (9, 1) == (result.run.delivery.accepted, result.run.delivery.rejected)
    assert [("i3", "the identifier is suppressed")] == pushing.query(
        f"SELECT key, reason FROM {SCHEMA}.rejects"
    )


def test_an_import_that_fails_leaves_its_rows_to_the_next_run(pushing: Pushing) -> None:
    """Nothing counts as accepted, and what may be there is sent again."""
    pushing.sandbox.knobs.import_takes_s = 0
    pushing.sandbox.knobs.import_fails = True
    sync = pushing.declare("users", _rows(10), **_PERSON)
    with pytest.raises(BadAnswer, match="did not finish the import"):
        pushing.push(sync)
    assert {"unknown": 10} == pushing.states()
    pushing.sandbox.knobs.import_fails = False
    assert pushing.push(sync).complete
    assert 10 == sum(user.startswith("i") for user in pushing.people())


def test_objects_arrive_by_import(pushing: Pushing) -> None:
    """Objects and relationships have files of their own kinds."""
    pushing.sandbox.knobs.import_takes_s = 0
    lane = {"lane": "import", "staging": "local"}
    companies = pushing.declare(
        "companies", [{"company": "ic", "seats": 4}], object="object", mode="upsert", object_type_id="1",
        object_id="company", fields={"seats": "integer"}, deliver=lane,
    )  # fmt: skip
    assert pushing.push(companies).complete
    members = pushing.declare(
        "members", [{"company": "ic", "who": pushing.ids()[0], "role": "owner"}], object="relationship",
        mode="upsert", object_type_id="1", object_id="company", person={"id": "who"},
        fields={"role": "text"}, deliver=lane,
    )  # fmt: skip
    assert pushing.push(members).complete
    assert 2 == pushing.sandbox.stats.by_operation["import"]


def test_the_cheaper_lane_is_chosen(pushing: Pushing) -> None:
    """Many new people go by import where files can be staged; few, and everything else, in batches."""
    auto = {**_PERSON, "deliver": {"staging": "s3://bucket/x", "requests_per_second": 0.5}}
    sync = pushing.declare("users", _rows(1), **auto)
    assert ["batch", "import"] == [
        choose_lane(sync, adds=n, requests=n // 1_000 + 1).name for n in (10_000, 1_000_000)
    ]
    nowhere = pushing.declare("users", _rows(1), **{**_PERSON, "deliver": {}})
    assert "batch" == choose_lane(nowhere, adds=1_000_000, requests=1_000).name
    forced = pushing.declare("users", _rows(1), **{**_PERSON, "deliver": {"lane": "import"}})
    with pytest.raises(InvalidSpec, match="needs deliver"):
        pushing.plan(forced)


def test_a_store_that_signs_no_links_is_refused() -> None:
    """The message says which ones do, and the file is gone again."""
    import fsspec

    with pytest.raises(ConfigError, match="signs no links"), staged("memory://folder", "x.csv", b"a"):
        pass
    assert [] == fsspec.filesystem("memory").glob("/folder/*")
    with pytest.raises(ConfigError, match="cannot be staged"), staged("nothing://folder", "x.csv", b"a"):
        pass


def test_files_of_this_machine_are_for_sandboxes(pushing: Pushing) -> None:
    """The real Customer.io could not fetch them, which is said before anything is sent."""
    sync = pushing.declare("users", _rows(1), **_PERSON)
    real = pushing.settings.model_copy(update={"customerio_app_url": None})
    from pipelines.push import push

    with pytest.raises(ConfigError, match="cannot fetch files from this machine"):
        push(real, sync, folder=pushing.folder)
