"""The reporting webhooks of a workspace: sees what happens, and posts it.

The stretch that is looked at reaches a day back, because reported metrics can be older than their report; an
event is known by its number. A webhook gets the events that it has not seen since it is there; while it is
disabled it gets none, and what waited is lost (unverified).
"""

import hmac
import threading
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import count
from typing import Any

from sources.customerio.sandbox.clock import DAY
from sources.customerio.sandbox.keys import Keys
from sources.customerio.sandbox.reporting import events
from sources.customerio.sandbox.reporting.backlog import Backlog, Event, Outcome
from sources.customerio.sandbox.reporting.post import TIMEOUT_S, allowed, post
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

_KEPT = 10_000
_LOOKBACK_S = DAY


def signing_key(keys: Keys) -> str:
    """The key with which a workspace signs its events; Customer.io shows it on a page alone."""
    return hmac.new(keys.link_secret.encode(), b"reporting webhooks", sha256).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request to a webhook: when, with which event and answer (status 0: no connection, -1: too late)."""

    number: int
    at: int
    webhook_id: int
    event_id: str
    status: int
    outcome: Outcome


class _Target:
    """One webhook that is posted to."""

    def __init__(self, webhook: Record, seen: set[int]) -> None:
        self.webhook = webhook
        self.seen = seen
        self.backlog = Backlog()


class Reporter:
    """Posts the events of one workspace; `observe` is called under the workspace's lock, `report` without."""

    def __init__(self, key: str, timeout_s: float = TIMEOUT_S) -> None:
        self.key = key
        self._timeout_s = timeout_s
        self._targets: dict[int, _Target] = {}
        self._observed = 0
        self._numbers = count(1)
        self._attempts: deque[Attempt] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()  # of the backlogs
        self._reporting = threading.Lock()  # of the requests: each event is on its way once

    @property
    def is_watching(self) -> bool:
        """True if there is a webhook that is posted to."""
        return bool(self._targets)

    def attempts(self) -> list[dict[str, Any]]:
        """The last requests, in the order in which they were made."""
        with self._lock:
            return [asdict(attempt) for attempt in self._attempts]

    def observe(self, workspace: Workspace, hosts: Collection[str]) -> None:
        """Add what happened since the last time to the backlogs of the webhooks that ask for it."""
        wanted = {
            row["id"]: row
            for row in workspace.tables["reporting_webhooks"]
            if not row["disabled"] and allowed(row["endpoint"], hosts)
        }
        if not wanted:
            self._targets.clear()
            return
        since = min(self._observed or workspace.now, workspace.now) - _LOOKBACK_S
        found = events.numbers(workspace, since, workspace.now)
        with self._lock:
            self._observed = workspace.now
            self._targets = {key: self._target(row, found) for key, row in wanted.items()}
            for target in self._targets.values():
                target.backlog.waiting.extend(_new(workspace, target, found))
                target.seen = {number for number, _ in found}

    def report(self, now: int, retry_s: int) -> int:
        """Post every event that is due; returns the number of requests."""
        made = 0
        with self._reporting:
            while True:
                with self._lock:
                    due = self._due(now)
                if due is None:
                    return made
                target, event, at = due
                status = post(
                    target.webhook["endpoint"],
                    event.body,
                    key=self.key,
                    timestamp=at,
                    timeout_s=self._timeout_s,
                )
                with self._lock:
                    outcome = target.backlog.answered(status, at, retry_s)
                    self._attempts.append(
                        Attempt(
                            number=next(self._numbers),
                            at=at,
                            webhook_id=target.webhook["id"],
                            event_id=event.id,
                            status=status,
                            outcome=outcome,
                        )
                    )
                made += 1

    def _target(self, webhook: Record, found: list[events.Numbered]) -> _Target:
        """The target of a webhook, as it is configured; a new one has seen what there is already."""
        target = self._targets.get(webhook["id"]) or _Target(webhook, {number for number, _ in found})
        target.webhook = webhook
        return target

    def _due(self, now: int) -> tuple[_Target, Event, int] | None:
        """The request that comes first by the clock."""
        waiting = [
            (at, target, event)
            for target in self._targets.values()
            for event, at in filter(None, [target.backlog.due(now)])
        ]
        if not waiting:
            return None
        at, target, event = min(waiting, key=lambda one: one[0])
        return target, event, at


def _new(workspace: Workspace, target: _Target, found: list[events.Numbered]) -> Iterator[Event]:
    for number, at in found:
        if number not in target.seen:
            event = events.event(workspace, target.webhook, number, at)
            if event is not None:
                yield event
