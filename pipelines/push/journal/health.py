"""The health of pushes: degraded if many rows fail, or if nothing is sent though the model changes.

Each run writes it. A change is told once: to the operator of a schedule, who asks for changes that were not
told yet.
"""

import time
from dataclasses import dataclass

from pipelines.push.journal.database import SCHEMA, Journal, PushId
from pipelines.push.spec.spec import Alerts
from pipelines.settings import Settings


@dataclass(frozen=True, kw_only=True)
class RunHealth:
    """The numbers of a run: rows sent, accepted, and failed: rejected or dropped.

    `differing` is a digest of the rows that differ from those that Customer.io accepted before.
    """

    sent: int
    accepted: int
    failed: int
    differing: str


@dataclass(frozen=True, kw_only=True)
class HealthChange:
    """A change of a push's health; `reason` says why it is degraded, and is empty once it has recovered."""

    sync: str
    degraded: bool
    reason: str

    @property
    def message(self) -> str:
        """The change in a sentence."""
        if self.degraded:
            return f"The push {self.sync} is degraded: {self.reason}. See `cio-elt push status`."
        return f"The push {self.sync} has recovered."


def record_health(journal: Journal, push_id: PushId, alerts: Alerts, run: RunHealth) -> None:
    """Write the health of a push after a run."""
    with journal.open() as connection:
        held = connection.execute(
            f"SELECT silent_runs, differing, degraded, since, told FROM {SCHEMA}.health WHERE {push_id.where}"
        ).fetchall()
        silent_runs, before, was, since, told = held[0] if held else (0, "", False, time.time(), False)
        silent = _silent_runs(int(silent_runs), str(before), run)
        reason = _reason(alerts, silent, run)
        connection.execute(f"DELETE FROM {SCHEMA}.health WHERE {push_id.where}")
        connection.execute(
            f"INSERT INTO {SCHEMA}.health VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                push_id.workspace,
                push_id.name,
                bool(reason),
                reason,
                silent,
                run.differing,
                since if bool(reason) == was else time.time(),
                told,
            ],
        )


def changes_to_tell(settings: Settings) -> list[HealthChange]:
    """The changes of health that were not told yet; from now on they count as told."""
    with Journal(settings.cio_elt_data).open() as connection:
        found = connection.execute(
            f"SELECT sync, degraded, reason FROM {SCHEMA}.health WHERE degraded <> told ORDER BY sync"
        ).fetchall()
        connection.execute(f"UPDATE {SCHEMA}.health SET told = degraded WHERE degraded <> told")
    return [HealthChange(sync=sync, degraded=degraded, reason=reason) for sync, degraded, reason in found]


def _silent_runs(before: int, differed: str, run: RunHealth) -> int:
    """The number of runs in a row that sent nothing though the rows that differ had changed."""
    if run.accepted or not run.differing:
        return 0
    return before + (run.differing != differed)


def _reason(alerts: Alerts, silent_runs: int, run: RunHealth) -> str:
    """The reason why a push is degraded; empty if it is not."""
    share = 100 * run.failed / run.sent if run.sent else 0.0
    if share > alerts.max_failed_percent:
        return (
            f"{run.failed:,} of {run.sent:,} rows were rejected or dropped, {share:.1f} %, and "
            f"{alerts.max_failed_percent:.1f} % may be"
        )
    if silent_runs >= alerts.silent_runs:
        return f"no row was accepted in {silent_runs:,} runs, though the rows of its model changed"
    return ""
