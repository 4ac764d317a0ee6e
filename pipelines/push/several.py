"""Several syncs, one after the other: what comes after one that did not end well waits for the next time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from pipelines.errors import EltError
from pipelines.push.journal.database import Journal
from pipelines.push.journal.publish import publish_journal
from pipelines.push.run import How, PushResult, push
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings


class PushOne(Protocol):
    """What pushes a sync, as `run.push` does."""

    def __call__(self, settings: Settings, declaration: PushSpec, *, folder: Path, how: How) -> PushResult:
        """Push it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One of several syncs: its result, or why there is none."""

    sync: str
    result: PushResult | None = None
    error: EltError | None = None
    waits_for: str | None = None

    @property
    def stopped(self) -> bool:
        """Whether a brake grips."""
        return self.result is not None and bool(self.result.brakes)

    @property
    def went_through(self) -> bool:
        """Whether it was pushed, whatever became of single rows."""
        return self.result is not None and not self.stopped

    @property
    def well(self) -> bool:
        """Whether it was pushed, and everything of it arrived."""
        return self.result is not None and not self.result.brakes and self.result.whole

    @property
    def document(self) -> dict[str, Any]:
        """The outcome as JSON."""
        if self.result is not None:
            return self.result.document
        return {
            "sync": self.sync,
            "error": None if self.error is None else str(self.error),
            "waits_for": self.waits_for,
        }


def push_all(
    settings: Settings,
    syncs: Sequence[PushSpec],
    *,
    folder: Path,
    how: How,
    told: Callable[[Outcome], None] = lambda _: None,
    push_one: PushOne = push,
) -> list[Outcome]:
    """Push each, in the order given, by `push_one`; `told` hears of each as it ends.

    Raises:
        CustomerioError: there is but one, and it could not be pushed.
    """
    outcomes: dict[str, Outcome] = {}
    for sync in syncs:
        waits_for = _waits_for(sync, outcomes)
        if waits_for is not None:
            outcome = Outcome(sync=sync.sync, waits_for=waits_for)
        else:
            work = partial(push_one, settings, sync, folder=folder, how=replace(how, publish=False))
            outcome = _pushed(work, sync.sync, alone=len(syncs) == 1)
        outcomes[sync.sync] = outcome
        told(outcome)
    if any(outcome.result and outcome.result.carried for outcome in outcomes.values()):
        publish_journal(settings, Journal(settings.cio_elt_data), notify=how.notify)
    return list(outcomes.values())


def _waits_for(sync: PushSpec, before: dict[str, Outcome]) -> str | None:
    """What this sync comes after that was not pushed."""
    return next((name for name in sync.after if name in before and not before[name].went_through), None)


def _pushed(work: Callable[[], PushResult], sync: str, *, alone: bool) -> Outcome:
    try:
        return Outcome(sync=sync, result=work())
    except EltError as error:
        if alone:
            raise
        return Outcome(sync=sync, error=error)
