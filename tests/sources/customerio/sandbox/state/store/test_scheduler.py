"""Tasks of later instants."""

from sources.customerio.sandbox.state.store.scheduler import NEVER, Scheduler


def test_tasks_run_by_instant_and_then_in_order() -> None:
    """The earliest task runs first; tasks of one instant run as they were scheduled."""
    scheduler, ran = Scheduler(), list[str]()
    for at, name in ((20, "late"), (10, "first"), (10, "second")):
        scheduler.schedule(at, lambda name=name: ran.append(name))  # type: ignore[misc]

    instants = []
    while scheduler.next_at != NEVER:
        instants.append(scheduler.next_at)
        scheduler.run_next()

    assert ran == ["first", "second", "late"]
    assert instants == [10, 10, 20]
