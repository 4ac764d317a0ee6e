"""A history is all deliveries of a time, by exports side by side; one that pages brought too is one row."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipelines.errors import ExportFailed, FileBroken, StillPending
from pipelines.export import (
    AHEAD,
    DeliveriesRequest,
    ExportResult,
    HistoryPlan,
    HistoryProgress,
    PeopleRequest,
    create,
    history,
    looks,
    prepare_history,
)
from pipelines.export.history import pause_s
from pipelines.export.registry import folder, open_registry
from sources.customerio.catalogue import resource
from sources.customerio.sandbox import Fault
from tests.conftest import settings_for
from tests.pipelines.export.conftest import Exporting

pytestmark = pytest.mark.proof

DAY = 86_400
MESSAGES = resource("messages")
PARENTS = ("campaigns", "broadcasts", "newsletters", "transactional_messages")


def _run(
    exporting: Exporting, plan: HistoryPlan, progress: HistoryProgress | None = None, **how: float
) -> Iterator[ExportResult]:
    """The history of the plan, which waits by the sandbox's clock."""
    return history(
        exporting.warehouse.settings,
        plan,
        notify=exporting.warehouse.notes.append,
        pause=exporting.pause,
        progress=progress,
        **how,
    )


def _planned(exporting: Exporting) -> HistoryPlan:
    """The plan of 150 days, once the warehouse knows campaigns and newsletters."""
    exporting.warehouse.sync("campaigns", "newsletters")
    return prepare_history(exporting.warehouse.settings, _start(exporting))


def _start(exporting: Exporting) -> int:
    return exporting.warehouse.sandbox.clock.start - 150 * DAY


def test_every_parent_s_deliveries_of_that_time_are_there_once(exporting: Exporting) -> None:
    """Old deliveries come by export; those that a sync read by pages stay unchanged."""
    warehouse = exporting.warehouse
    now = warehouse.sandbox.clock.now()
    warehouse.settings = settings_for(
        warehouse.sandbox,
        warehouse.served,
        warehouse.settings.cio_elt_data,
        customerio_start=now - 20 * DAY,
    )
    warehouse.sync(*PARENTS, "messages")
    before = warehouse.rows(MESSAGES)
    truth = warehouse.truth(MESSAGES)

    results = list(_run(exporting, prepare_history(warehouse.settings, now - 310 * DAY)))

    found = warehouse.rows(MESSAGES)
    assert {key for key, row in truth.items() if row["created"] >= now - 310 * DAY} == found.keys()
    assert before == {key: found[key] for key in before}
    assert len(found) - len(before) == sum(result.new for result in results)
    assert [] == warehouse.sync("messages").failed
    assert found.keys() == warehouse.rows(MESSAGES).keys()


def test_a_place_that_gets_free_is_taken_at_once(exporting: Exporting) -> None:
    """As many exports are under way as Customer.io makes, so the whole takes what their number needs."""
    sandbox, plan = exporting.warehouse.sandbox, _planned(exporting)
    began, most = sandbox.clock.now(), 0
    sandbox.stats.clear()
    progress = HistoryProgress()

    for _ in _run(exporting, plan, progress):
        most = max(most, progress.under_way)

    rounds = -(-len(plan.requests) // AHEAD)
    asked = sandbox.stats.by_operation
    assert AHEAD == most < len(plan.requests)
    assert sandbox.clock.now() - began <= 1.2 * rounds * sandbox.knobs.export_takes_s
    assert "getExport" not in asked, "one list answers for all"
    assert looks(len(plan.requests), sandbox.knobs.export_takes_s) == pytest.approx(
        asked["listExports"], abs=2
    )
    assert len(plan.requests) == asked["exportDeliveriesData"] == asked["downloadExport"] == progress.loaded
    assert {200} == set(sandbox.stats.by_status), "no order was refused"


def test_exports_of_others_take_places_too(exporting: Exporting) -> None:
    """Four exports of the workspace are under way: one is ordered at a time, and none is refused."""
    settings, sandbox, plan = exporting.warehouse.settings, exporting.warehouse.sandbox, _planned(exporting)
    sandbox.knobs.export_takes_s = 3600
    for number in range(AHEAD - 1):
        create(settings, DeliveriesRequest(campaign_id=1, start=0, end=number))
    sandbox.knobs.export_takes_s = 30
    sandbox.stats.clear()

    results = list(_run(exporting, replace(plan, requests=plan.requests[:3])))

    assert 3 == len(results)
    assert {200} == set(sandbox.stats.by_status)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(operation="exportDeliveriesData", status=400, detail="Cannot have more than 5 exports queued"),
        Fault(operation="exportDeliveriesData", status=429, retry_after="20"),
        Fault(operation="exportDeliveriesData", status=503, drop_connection=True),
    ],
    ids=["queue full", "rate limit", "broken connection"],
)
def test_an_order_that_is_refused_for_now_is_repeated_after_a_pause(
    exporting: Exporting, fault: Fault
) -> None:
    """The history goes on; no export is created twice."""
    sandbox, plan = exporting.warehouse.sandbox, _planned(exporting)
    sandbox.faults.add(replace(fault, after=2))
    sandbox.stats.clear()
    progress = HistoryProgress()

    results = list(_run(exporting, plan, progress))

    assert ([], len(plan.requests)) == (progress.failed, len(results))
    made = [row for row in sandbox.rows("exports") if row["created_at"] >= sandbox.clock.start]
    assert len(plan.requests) == len(made)


def test_what_fails_does_not_stop_the_others(exporting: Exporting) -> None:
    """One export failed at Customer.io, one has a broken file: the others are loaded, and both are named."""
    settings, sandbox, plan = exporting.warehouse.settings, exporting.warehouse.sandbox, _planned(exporting)
    sandbox.knobs.export_fails = True
    create(settings, plan.requests[0])
    sandbox.knobs.set({"export_fails": False, "export_miscounts": 1})
    create(settings, plan.requests[1])
    sandbox.knobs.export_miscounts = 0
    progress = HistoryProgress()

    results = list(_run(exporting, plan, progress))

    assert len(plan.requests) - 2 == len(results) == progress.loaded
    kinds = {request: type(error) for request, error in progress.failed}
    assert {plan.requests[0]: ExportFailed, plan.requests[1]: FileBroken} == kinds
    assert "downloaded twice" in str(progress.failed[1][1])
    assert not list(folder(settings).glob("*.csv*"))
    assert plan.requests[:2] == prepare_history(settings, _start(exporting)).requests


def test_a_third_failure_within_a_day_is_not_tried(exporting: Exporting) -> None:
    """Two runs order an export that fails; the third one orders none, and says so. A day later it does."""
    sandbox, plan = exporting.warehouse.sandbox, _planned(exporting)
    one = replace(plan, requests=plan.requests[:1])
    sandbox.knobs.export_fails = True
    errors = []
    for _ in range(3):
        progress = HistoryProgress()
        assert [] == list(_run(exporting, one, progress))
        errors += [str(error) for _, error in progress.failed]
    sandbox.knobs.export_fails = False
    sandbox.clock.advance(DAY + 60)

    results = list(_run(exporting, replace(one, at=sandbox.clock.now())))

    assert 2 == sum("failed at Customer.io" in error for error in errors)
    assert "2 exports of it failed within a day, so no other was created" in errors[2]
    assert 1 == len(results)


def test_files_that_are_ready_are_published_together(
    exporting: Exporting,
) -> None:
    """The published file is replaced once for each group, and an export is noted as loaded after that."""
    settings, plan = exporting.warehouse.settings, _planned(exporting)
    files = [settings.published_file.stat().st_ino]

    for result in _run(exporting, replace(plan, requests=plan.requests[:AHEAD])):
        rows = "SELECT count(*) FROM customerio_raw.exported_deliveries WHERE export_id = "
        assert [(result.rows,)] == exporting.warehouse.query(f"{rows}{result.export_id}")
        files.append(settings.published_file.stat().st_ino)

    assert AHEAD + 1 == len(files)
    assert 1 == len(set(files[1:]))


def test_a_history_that_was_stopped_goes_on_where_it_was(exporting: Exporting) -> None:
    """Exports that were loaded, and those under way, are not ordered again."""
    sandbox, plan = exporting.warehouse.sandbox, _planned(exporting)
    sandbox.stats.clear()
    run = _run(exporting, plan)
    first = next(run)
    del run

    again = prepare_history(exporting.warehouse.settings, _start(exporting))
    results = list(_run(exporting, again))

    assert len(plan.requests) == sandbox.stats.by_operation["exportDeliveriesData"]
    assert first.export_id not in {result.export_id for result in results}
    assert again.done + len(again.requests) == len(plan.requests) == again.done + len(results)
    assert any("Resuming" in note for note in exporting.warehouse.notes)
    done = prepare_history(exporting.warehouse.settings, _start(exporting))
    assert ((), len(plan.requests)) == (done.requests, done.done)


def test_an_export_that_left_the_list_is_looked_up(exporting: Exporting) -> None:
    """Customer.io lists old exports no longer; one that it does not know at all has failed."""
    settings, sandbox, plan = exporting.warehouse.settings, exporting.warehouse.sandbox, _planned(exporting)
    created = create(settings, plan.requests[0])
    with open_registry(settings) as registry:
        lost = registry.add_intent(plan.requests[1], known_id=0, intended_at=0)
        registry.set_created(lost, export_id=9_999, created_at=sandbox.clock.now())
    sandbox.clock.advance(60)
    sandbox.faults.add(Fault(operation="listExports", document={"exports": None}))
    progress = HistoryProgress()

    (result,) = _run(exporting, replace(plan, requests=plan.requests[:2]), progress)

    assert created.export_id == result.export_id
    ((request, error),) = progress.failed
    assert plan.requests[1] == request
    assert "knows no export 9999" in str(error)


def test_a_deadline_ends_the_waiting(exporting: Exporting) -> None:
    """An export that is not made in time is named; without a free place the history ends, to go on later."""
    settings, sandbox, plan = exporting.warehouse.settings, exporting.warehouse.sandbox, _planned(exporting)
    sandbox.knobs.export_takes_s = 10**6
    for number in range(AHEAD - 1):
        create(settings, PeopleRequest(attributes=(str(number),)))
    progress = HistoryProgress()

    with pytest.raises(StillPending, match="No export could be ordered"):
        list(_run(exporting, replace(plan, requests=plan.requests[:2]), progress, deadline_s=600))

    ((request, error),) = progress.failed
    assert plan.requests[0] == request
    assert isinstance(error, StillPending)


def test_pauses_grow_with_the_wait() -> None:
    """The first look is when the quickest export was ready; then the pause is a tenth of the wait."""
    assert [1.0, 1.0, 3.0, 60.0] == [pause_s(age, None) for age in (0, 5, 30, 10_000)]
    assert [30.0, 10.0, 1.0, 4.0] == [pause_s(age, 30.0) for age in (0, 20, 29.5, 40)]
    assert 60.0 == pause_s(0, 3600.0)


def test_the_time_left_is_known_once_an_export_has_ended() -> None:
    """It is the mean of those that have ended, for each that is left."""
    progress = HistoryProgress(exports=4)
    assert progress.left_s is None
    progress.loaded, progress.began = 1, progress.began - 10
    assert progress.left_s == pytest.approx(30, abs=1)
