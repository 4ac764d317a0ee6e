"""Events of the workspace: records and people come, change and go, time passes, others order exports."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import httpx

from sources.customerio.sandbox import Sandbox, Served
from sources.customerio.sandbox.state.store.errors import Refused

_HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event: its kind, a row of `KINDS`, and a number in [0, 1) that picks the record it happens to."""

    kind: str
    pick: float


def happen(event: Event, sandbox: Sandbox, served: Served) -> None:
    """Let it happen; nothing happens where there is no such record, or Customer.io refuses it."""
    with suppress(Refused, LookupError):
        KINDS[event.kind](event.pick, sandbox, served)


def _picked(sandbox: Sandbox, table: str, pick: float, column: str = "id") -> str:
    ids = sorted(str(row[column]) for row in sandbox.rows(table))
    return ids[int(pick * len(ids))]


def _add(pick: float, sandbox: Sandbox, _served: Served) -> None:
    sandbox.add(_KINDS[int(pick * len(_KINDS))], name=f"Added {pick:.6f}")


def _edit(pick: float, sandbox: Sandbox, _served: Served) -> None:
    kind = _KINDS[int(pick * len(_KINDS))]
    sandbox.edit(kind, _picked(sandbox, kind, pick * 7 % 1), name=f"Renamed {pick:.6f}")


def _delete(pick: float, sandbox: Sandbox, _served: Served) -> None:
    kind = _KINDS[int(pick * len(_KINDS))]
    sandbox.delete(kind, _picked(sandbox, kind, pick * 7 % 1))


def _add_person(pick: float, sandbox: Sandbox, _served: Served) -> None:
    sandbox.add("people", id=f"added-{pick:.9f}", email=f"added-{pick:.9f}@example.com", plan="pro")


def _edit_person(pick: float, sandbox: Sandbox, _served: Served) -> None:
    person = _picked(sandbox, "people", pick, "cio_id")
    sandbox.edit("people", person, plan=f"plan {pick:.3f}")


def _delete_person(pick: float, sandbox: Sandbox, _served: Served) -> None:
    sandbox.delete("people", _picked(sandbox, "people", pick, "cio_id"))


def _suppress(pick: float, sandbox: Sandbox, _served: Served) -> None:
    sandbox.suppress(_picked(sandbox, "people", pick, "cio_id"))


def _manual(sandbox: Sandbox, pick: float) -> int:
    ids = sorted(int(row["id"]) for row in sandbox.rows("segments") if row["type"] == "manual")
    return ids[int(pick * len(ids))]


def _join(pick: float, sandbox: Sandbox, _served: Served) -> None:
    person = _picked(sandbox, "people", pick * 7 % 1, "cio_id")
    sandbox.join_segment(_manual(sandbox, pick), person)


def _leave(pick: float, sandbox: Sandbox, _served: Served) -> None:
    segment = _manual(sandbox, pick)
    members = sorted(
        row["cio_id"] for row in sandbox.rows("segment_memberships") if row["segment_id"] == segment
    )
    sandbox.leave_segment(segment, members[int(pick * 7 % 1 * len(members))])


def _pass_time(pick: float, sandbox: Sandbox, _served: Served) -> None:
    sandbox.clock.advance(int(pick * 6 * _HOUR))


def _order(_pick: float, sandbox: Sandbox, served: Served) -> None:
    sandbox.knobs.export_takes_s = 0
    keyed = {"Authorization": f"Bearer {sandbox.app_api_key}"}
    body = {"filters": {"attribute": {"field": "email", "operator": "exists"}}}
    httpx.post(f"{served.app_url}/v1/exports/customers", headers=keyed, json=body)


_KINDS = (
    *("campaigns", "newsletters", "segments", "broadcasts", "transactional_messages"),
    *("sender_identities", "subscription_topics", "reporting_webhooks"),
)

KINDS: Mapping[str, Callable[[float, Sandbox, Served], None]] = {
    "a record comes": _add,
    "a record changes": _edit,
    "a record goes": _delete,
    "a person comes": _add_person,
    "a person changes": _edit_person,
    "a person goes": _delete_person,
    "a person is suppressed": _suppress,
    "a person joins": _join,
    "a person leaves": _leave,
    "hours pass": _pass_time,
    "an export is ordered": _order,
}
"""The events by their names."""
