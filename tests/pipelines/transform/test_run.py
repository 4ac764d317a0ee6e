"""`cio-elt transform`: builds, tests and publishes; with readers, over days, and when it fails."""

import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.ingest.sync import sync
from pipelines.transform import TransformResult, transform
from pipelines.warehouse.publish import publish
from sources.customerio.extract import RunSummary
from sources.customerio.sandbox import Fault
from tests.conftest import Warehouse, share_parsed
from tests.pipelines.conftest import PATIENCE_S, Shell, ended

DAY = 86_400
GROWN = {"built_in", "loaded_by"}
DRIFT = ("new ", "vanished ", "retyped ")


@pytest.fixture(scope="module")
def base(built: tuple[Warehouse, TransformResult]) -> Warehouse:
    """The warehouse of `built`."""
    return built[0]


@pytest.fixture
def copy(base: Warehouse, tmp_path: Path) -> Warehouse:
    """A copy of that warehouse, of the same workspace."""
    shutil.copytree(base.settings.cio_elt_data, tmp_path / "data")
    settings = base.settings.model_copy(update={"cio_elt_data": tmp_path / "data"})
    return Warehouse(base.sandbox, base.served, settings)


def _written(copy: Warehouse, *statements: str) -> None:
    """Write into the private file, as a load would."""
    with duckdb.connect(copy.settings.load_file) as connection:
        for statement in statements:
            connection.execute(statement)


def _marts(copy: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    with duckdb.connect(copy.settings.published_file, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for (table,) in connection.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'main' AND table_type = 'BASE TABLE'"
        ).fetchall():
            columns = connection.execute(f"SELECT * FROM {table} LIMIT 0").description
            kept = ", ".join(f'"{column[0]}"' for column in columns if column[0] not in GROWN)
            # As text, so that NULL sorts and floats compare as they are stored.
            found[table] = connection.execute(
                f"SELECT ({kept})::VARCHAR AS cells FROM {table} ORDER BY 1"
            ).fetchall()
    return found


@pytest.mark.proof
def test_without_a_warehouse(shell: Shell) -> None:
    """Without a warehouse, the error names the command to run."""
    shell.refused(shell.run("transform"), 2, "There is no warehouse", "cio-elt sync")


@pytest.mark.proof
def test_on_a_server(shell: Shell) -> None:
    """On a server, the error names dbt."""
    ran = shell.run("transform", CIO_ELT_DESTINATION="postgres")
    shell.refused(ran, 2, "CIO_ELT_DESTINATION", "postgres", "dbt")


@pytest.mark.proof
def test_command(copy: Warehouse, shell: Shell) -> None:
    """It updates, tests and publishes; `--json` prints the result as one document.

    The data folder may have moved: dbt parses the models of another path anew only if they changed.
    """
    shell.env["CIO_ELT_DATA"] = str(copy.settings.cio_elt_data)
    log = copy.settings.cio_elt_data / "dbt" / "logs" / "dbt.log"
    log.unlink()
    ran = shell.run("transform", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["full"] is False
    assert {node["status"] for node in ran.document["nodes"]} <= {"success", "pass"}
    assert "fct_delivery" in {node["name"] for node in ran.document["nodes"]}
    assert "Unable to do partial parsing" not in log.read_text()


@pytest.mark.proof
def test_nothing_new_builds_nothing(base: Warehouse, shell: Shell) -> None:
    """As long as nothing was written, neither file changes; a file that is lost is noticed."""
    settings = base.settings
    files = (settings.load_file, settings.published_file)
    before = [file.read_bytes() for file in files]
    shell.env["CIO_ELT_DATA"] = str(settings.cio_elt_data)

    ran = shell.run("transform")

    assert (0, "Nothing has changed since the last transform, so nothing was built.") == (
        ran.code,
        ran.out.strip(),
    )
    assert before == [file.read_bytes() for file in files]
    settings.published_file.unlink()
    assert not transform(settings).unchanged
    assert transform(settings).unchanged


@pytest.mark.proof
def test_selection(copy: Warehouse, shell: Shell) -> None:
    """Some models alone are built; a name of none is refused."""
    shell.env["CIO_ELT_DATA"] = str(copy.settings.cio_elt_data)
    ran = shell.run("transform", "--select", "link_performance", "--json")
    assert {"link_performance"} == {node["name"] for node in ran.document["nodes"] if node["kind"] == "model"}
    shell.refused(shell.run("transform", "--select", "nonsense"), 2, "nonsense")


@pytest.mark.proof
def test_day_by_day_is_as_built_anew(copy: Warehouse) -> None:
    """After two days with late metrics, updated marts equal marts that are built anew."""
    before = copy.sandbox.clock.now()
    try:
        for _ in range(2):
            copy.sandbox.clock.advance(DAY)
            sync(copy.settings, summary=RunSummary())
            assert not transform(copy.settings).full
        grown = _marts(copy)
        assert transform(copy.settings, full=True).full
        anew = _marts(copy)
    finally:
        copy.sandbox.reset()
        assert copy.sandbox.clock.now() == before
    assert set(grown) == set(anew)
    for table, rows in anew.items():
        assert rows == grown[table], table


@pytest.mark.proof
def test_deliveries_that_were_built_anew_alone_are_summed_anew(copy: Warehouse) -> None:
    """Changes that reach the deliveries by a full build of them alone reach the sums with the next build."""
    _written(
        copy,
        "UPDATE customerio_raw.messages SET _dlt_load_id = '9.0', "
        "metrics = json_merge_patch(metrics, '{\"opened\": ' || created || '}') WHERE id LIKE '%1'",
    )
    transform(copy.settings, ["fct_delivery"], full=True)

    assert not transform(copy.settings).full

    grown = _marts(copy)
    transform(copy.settings, full=True)
    assert grown == _marts(copy)


@pytest.mark.proof
def test_a_compacted_warehouse_is_built_on(copy: Warehouse) -> None:
    """It has the same marts, which the next build updates."""
    settings, before = copy.settings, _marts(copy)
    _written(
        copy,
        "CREATE TABLE gone AS SELECT hash(i), hash(i + 0.5) FROM range(8000000) AS numbers(i)",
        "CHECKPOINT",
        "DROP TABLE gone",
    )
    size = settings.load_file.stat().st_size
    publish(settings.load_file, settings.published_file)
    assert settings.load_file.stat().st_size < size / 2
    assert before == _marts(copy)
    ((gone,),) = copy.query("SELECT min(id) FROM customerio_raw.messages")
    _written(copy, f"DELETE FROM customerio_raw.messages WHERE id = '{gone}'")

    assert not transform(settings).full

    grown = _marts(copy)
    assert before != grown
    transform(settings, full=True)
    assert grown == _marts(copy)


@pytest.mark.proof
def test_erased_deliveries_go(copy: Warehouse) -> None:
    """A delivery that was taken out of the raw table leaves every mart at the next build."""
    ((gone,),) = copy.query("SELECT min(id) FROM customerio_raw.messages")
    _written(copy, f"DELETE FROM customerio_raw.messages WHERE id = '{gone}'")
    transform(copy.settings)
    for table in ("fct_delivery", "fct_delivery_event"):
        assert [(0,)] == copy.query(f"SELECT count(*) FROM {table} WHERE delivery_id = '{gone}'")


@pytest.mark.proof
def test_members_who_leave_and_come_back(copy: Warehouse) -> None:
    """Intervals of membership end, begin again, and outlive a build from nothing."""
    member = "segment_id = 1 AND cio_id = (SELECT min(cio_id) FROM customerio_raw.segment_memberships)"
    interval = "SELECT valid_to IS NULL FROM segment_membership_history WHERE segment_id = 1 AND cio_id = "
    interval += "(SELECT min(cio_id) FROM customerio_raw.segment_memberships) ORDER BY valid_from"
    assert [(True,)] == copy.query(interval)
    now = copy.sandbox.clock.now()
    _written(copy, f"UPDATE customerio_raw.segment_memberships SET deleted_at = {now + DAY} WHERE {member}")
    transform(copy.settings, ["segment_membership_history"])
    assert [(False,)] == copy.query(interval)
    _written(copy, f"UPDATE customerio_raw.segment_memberships SET deleted_at = NULL WHERE {member}")
    transform(copy.settings, ["segment_membership_history"], full=True)
    assert [(False,), (True,)] == copy.query(interval)


@pytest.mark.proof
def test_failing_test_publishes_nothing(copy: Warehouse, shell: Shell) -> None:
    """A data test that fails ends with 1 and its name; both files of the warehouse stay as they were."""
    before = copy.settings.published_file.read_bytes()
    _written(
        copy,
        "INSERT INTO customerio_raw.people SELECT * FROM customerio_raw.people LIMIT 1",
    )
    loaded = copy.settings.load_file.read_bytes()
    shell.env["CIO_ELT_DATA"] = str(copy.settings.cio_elt_data)
    shell.refused(shell.run("transform"), 1, "keyed_person_360_cio_id", "nothing was published")
    assert before == copy.settings.published_file.read_bytes()
    assert loaded == copy.settings.load_file.read_bytes()


@pytest.mark.proof
def test_few_tables_are_enough(base: Warehouse, tmp_path: Path) -> None:
    """A warehouse that holds one table, and an older shape of it, has all marts."""
    settings = base.settings.model_copy(update={"cio_elt_data": tmp_path / "data"})
    sync(settings, ["messages"], summary=RunSummary())
    warehouse = Warehouse(base.sandbox, base.served, settings)
    _written(warehouse, "ALTER TABLE customerio_raw.messages DROP COLUMN msg_template_id")
    share_parsed(base, settings.cio_elt_data / "dbt")
    transform(settings)
    assert warehouse.query("SELECT count(*) FROM fct_delivery") == base.query(
        "SELECT count(*) FROM fct_delivery"
    )
    assert [(0,)] == warehouse.query("SELECT count(*) FROM person_360")
    assert [(0,)] == warehouse.query("SELECT count(*) FROM ops.reconciliation")


@pytest.mark.proof
def test_new_channel_and_field(copy: Warehouse) -> None:
    """The marts hold an unknown channel, metric and field, and the result reports them."""
    _written(
        copy,
        "ALTER TABLE customerio_raw.messages ADD COLUMN mood JSON",
        "INSERT INTO customerio_raw.messages BY NAME "
        "SELECT 'new' AS id, 1790000000 AS created, 'fax' AS type, "
        """'{"sent": 1790000001, "delivered": 1790000002, "read_aloud": 1790000009, """
        """ "link:7": 1000000000000000000, "link:8": true, "link:9": 1790000003}' AS metrics, """
        "false AS forgotten, '\"good\"' AS mood, '9999999999.0' AS _dlt_load_id",
    )
    result = transform(copy.settings)
    assert {("new_column", "mood"), ("new_channel", "fax"), ("new_metric", "read_aloud")} == {
        (change.change, change.name) for change in result.changes
    }
    assert {
        "known_values_fct_delivery_channel__ref_channels_",
        "known_values_fct_delivery_event_metric__ref_delivery_metrics_",
    } == {node.name for node in result.warnings}
    assert [(True, 1)] == copy.query(
        "SELECT is_reached, count(*) FROM fct_delivery WHERE channel = 'fax' GROUP BY 1"
    )
    assert [(1,)] == copy.query("SELECT count(*) FROM fct_delivery_event WHERE metric = 'read_aloud'")
    assert 3 == len(copy.query("FROM ops.schema_changes"))
    assert [(9,)] == copy.query("SELECT link_id FROM fct_link_click WHERE delivery_id = 'new'")


@pytest.mark.proof
def test_drift_from_end_to_end(copy: Warehouse, shell: Shell) -> None:
    """Changed fields of the API are loaded and in the marts; both commands and the log report them."""
    shell.env["CIO_ELT_DATA"] = str(copy.settings.cio_elt_data)
    shell.sandbox.faults.add(
        Fault(
            operation="listCampaigns",
            times=None,
            give_fields={"mood": "good", "tags": {"colour": "red"}, "first_started": "last week"},
            drop_fields=("deduplicate_id",),
        ),
        Fault(
            operation="listMessages",
            times=None,
            give_fields={"metrics.read_aloud": shell.sandbox.clock.now(), "type": "fax"},
        ),
    )
    shell.sandbox.clock.advance(DAY)

    synced = shell.run("sync", "campaigns", "messages")
    # New columns: all is built anew.
    built = ended(shell.start(["transform"]), time.monotonic(), patience_s=600)

    assert (0, 0) == (synced.code, built.code), synced.err + built.err
    assert "New columns: campaigns.first_started_as_sent, campaigns.mood." in synced.out.splitlines()
    told = {
        "new column: campaigns.mood",
        "vanished column: campaigns.deduplicate_id",
        "retyped column: campaigns.first_started (was BIGINT, is VARCHAR)",
        "retyped column: campaigns.tags (was ARRAY, is ARRAY or OBJECT)",
        "new metric: messages.read_aloud",
        "new channel: messages.fax",
    }
    assert told == {line for line in built.out.splitlines() if line.startswith(DRIFT)}
    with duckdb.connect(shell.published, read_only=True) as connection:
        logged = connection.execute("SELECT change, table_name, name FROM ops.schema_changes").fetchall()
        raw = connection.execute(
            "SELECT DISTINCT mood->>'$', tags->>'colour', first_started, first_started_as_sent->>'$', "
            "deduplicate_id FROM customerio_raw.campaigns"
        ).fetchall()
        ((faxes, aloud, sent, aloud_events),) = connection.execute(
            """
            SELECT (SELECT count(*) FROM customerio_raw.messages WHERE type = 'fax'),
                   (SELECT count(*) FROM customerio_raw.messages WHERE (metrics->'read_aloud') IS NOT NULL),
                   (SELECT sum(deliveries) FROM channel_daily WHERE channel = 'fax' AND clock = 'cohort'),
                   (SELECT count(*) FROM fct_delivery_event WHERE metric = 'read_aloud')
            """
        ).fetchall()
    assert {f"{change.replace('_', ' ')}: {table}.{name}" for change, table, name in logged} == {
        line.partition(" (")[0] for line in told
    }
    assert [("good", "red", None, "last week", None)] == raw
    assert 0 < faxes == aloud == sent == aloud_events


@pytest.mark.proof
def test_readers_see_whole_builds(copy: Warehouse) -> None:
    """Readers during builds have no error, and sums that agree across marts."""
    sums = """
        SELECT (SELECT count(*) FROM fct_delivery), (SELECT sum(deliveries) FROM message_performance),
               (SELECT sum(deliveries) FROM channel_daily WHERE clock = 'event'),
               (SELECT count(*) FROM customerio_raw.messages)
    """
    seen: set[tuple[int, ...]] = set()
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.update(copy.query(sums))
            time.sleep(0.25)

    readers = [_Reader(read) for _ in range(2)]
    for number in range(2):
        _written(
            copy,
            f"INSERT INTO customerio_raw.messages BY NAME SELECT * REPLACE ('more-{number}' AS id, "
            f"'999999999{number}.0' AS _dlt_load_id) FROM customerio_raw.messages LIMIT 1",
        )
        transform(copy.settings)
    deadline = time.monotonic() + PATIENCE_S
    while len(seen) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    over.set()
    for reader in readers:
        reader.finish()
    assert 3 == len(seen)
    assert all(len(set(row)) == 1 for row in seen), seen


class _Reader:
    """A thread that keeps its error."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error

    def finish(self) -> None:
        """Wait for the thread's end, and raise its error."""
        self._thread.join()
        if self._error is not None:
            raise self._error


@pytest.mark.proof
def test_stopped_in_the_middle(copy: Warehouse, shell: Shell) -> None:
    """Terminated during a build, it leaves the warehouse as it was, and the next transform builds."""
    before = copy.settings.published_file.read_bytes()
    shell.env["CIO_ELT_DATA"] = str(copy.settings.cio_elt_data)
    results = copy.settings.cio_elt_data / "dbt/target/run_results.json"
    results.touch()
    process = shell.start(["transform", "--full-refresh"])
    deadline = time.monotonic() + PATIENCE_S
    # dbt is about to build once the results of the run before are gone.
    while results.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(2.0)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert before == copy.settings.published_file.read_bytes()
    transform(copy.settings)


@pytest.mark.proof
def test_marts_hold_what_people_send(warehouse: Warehouse, base: Warehouse) -> None:
    """Times in ms, in µs, as ISO text or as nonsense, and metrics that are no numbers, break no mart.

    Of a person who came by an export alone, whether there is a device is not known.
    """
    sent = {
        "ms": 1_790_000_000_000,
        "us": 1_790_000_000_000_000,
        "iso": "2026-01-02T03:04:05",
        "beyond": 10**19,
        "text": "soon",
        "truth": True,
        "infinity": "infinity",
    }
    for name, created_at in sent.items():
        warehouse.sandbox.add("people", email=f"{name}@example.com", created_at=created_at)
    odd: dict[str, object] = {"metrics.sent": True, "metrics.opened": "soon", "metrics.clicked": 10**18}
    warehouse.sandbox.faults.add(
        Fault(operation="listMessages", times=None, give_fields=odd, at_rows=(0, 1)),
        Fault(operation="listCampaigns", times=None, give_fields={"updated": 10**18}, at_rows=(0,)),
    )
    warehouse.sync("people", "messages", "campaigns")
    exported = "devices = NULL, timestamps = NULL WHERE identifiers->>'email' = 'ms@example.com'"
    _written(warehouse, f"UPDATE customerio_raw.people SET {exported}")
    share_parsed(base, warehouse.settings.cio_elt_data / "dbt")

    transform(warehouse.settings)

    found = warehouse.query(
        "SELECT split_part(email, '@', 1), epoch(created_at)::BIGINT FROM person_360 "
        "WHERE email SIMILAR TO '(ms|us|iso|beyond|text|truth|infinity)@example.com'"
    )
    at = 1_790_000_000
    assert dict(found) == {**dict.fromkeys(sent), "ms": at, "us": at, "iso": 1_767_323_045}
    assert [("iso", False), ("ms", None)] == warehouse.query(
        "SELECT split_part(email, '@', 1), can_push FROM person_360 "
        "WHERE email SIMILAR TO '(ms|iso)@example.com' ORDER BY ALL"
    )
