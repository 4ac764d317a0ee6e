"""Several pushes, one after the other: a push waits if one that it comes after did not run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from pipelines.errors import EltError
from pipelines.push.journal.database import Journal
from pipelines.push.journal.publish import publish_journal
from pipelines.push.run import PushOptions, PushResult, push
from pipelines.push.spec.loader import Declared
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings


class RunOnePush(Protocol):
    """Runs one push, as `run.push` does."""

    def __call__(
        self, settings: Settings, spec: PushSpec, *, folder: Path, options: PushOptions
    ) -> PushResult:
        """Run it."""


@dataclass(frozen=True, kw_only=True)
class PushOutcome:
    """The outcome of one of several pushes: its result, or the error or the other push that prevented it."""

    sync: str
    result: PushResult | None = None
    error: EltError | None = None
    waits_for: str | None = None

    @property
    def stopped(self) -> bool:
        """True if brakes stopped it."""
        return self.result is not None and bool(self.result.brakes)

    @property
    def ran(self) -> bool:
        """True if it ran to its end, even if single rows were rejected or dropped."""
        return self.result is not None and not self.stopped

    @property
    def complete(self) -> bool:
        """True if it ran to its end, and no row is known to be rejected, unknown or dropped."""
        return self.result is not None and not self.result.brakes and self.result.complete

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
    declared: Declared,
    *,
    folder: Path,
    options: PushOptions,
    on_outcome: Callable[[PushOutcome], None] = lambda _: None,
    push_one: RunOnePush = push,
) -> list[PushOutcome]:
    """Run each push by `push_one`, in the order given; `on_outcome` is called with each outcome.

    A file that cannot be used is an outcome too, and the pushes after it wait.

    Raises:
        EltError: there is only one push, and it could not run.
    """
    outcomes = {name: PushOutcome(sync=name, error=error) for name, error in declared.errors.items()}
    for outcome in outcomes.values():
        on_outcome(outcome)
    alone = len(declared.specs) + len(declared.errors) == 1
    for spec in declared.specs:
        waits_for = _waits_for(spec, outcomes)
        if waits_for is not None:
            outcome = PushOutcome(sync=spec.sync, waits_for=waits_for)
        else:
            # The journal is published once, at the end.
            unpublished = replace(options, publish=False)
            work = partial(push_one, settings, spec, folder=folder, options=unpublished)
            outcome = _outcome_of(work, spec.sync, alone=alone)
        outcomes[spec.sync] = outcome
        on_outcome(outcome)
    if any(outcome.result and outcome.result.run for outcome in outcomes.values()):
        publish_journal(settings, Journal(settings.cio_elt_data), notify=options.notify)
    return list(outcomes.values())


def _waits_for(spec: PushSpec, before: dict[str, PushOutcome]) -> str | None:
    """The first push that this one comes after and that did not run."""
    return next((name for name in spec.after if name in before and not before[name].ran), None)


def _outcome_of(work: Callable[[], PushResult], name: str, *, alone: bool) -> PushOutcome:
    try:
        return PushOutcome(sync=name, result=work())
    except EltError as error:
        if alone:
            raise
        return PushOutcome(sync=name, error=error)
