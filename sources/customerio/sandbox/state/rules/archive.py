"""Archived copies of messages: their content when they were sent."""

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.deliveries import ContentOverrides
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

_PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body><p>{text}</p></body></html>"
_NO_OVERRIDES = ContentOverrides()


def archived(workspace: Workspace, rows: NDArray[np.int64]) -> list[Record]:
    """The archived copies of the deliveries in the given rows, in their order."""
    columns = workspace.deliveries.columns
    people, numbers = columns["person"][rows].tolist(), columns["seq"][rows].tolist()
    records = workspace.delivery_view.records(rows, workspace.now)
    return [
        _copy(record, _first_name(workspace, person), workspace.content_overrides.get(number, _NO_OVERRIDES))
        for record, person, number in zip(records, people, numbers, strict=True)
    ]


def _copy(record: Record, first_name: str, overrides: ContentOverrides) -> Record:
    """The copy of one delivery; a `forgotten` one has no content."""
    email, webhook = record["type"] == "email", record["type"] == "webhook"
    text = f"Hello {first_name}" if overrides.body is None else overrides.body
    body = _PAGE.format(title=record["subject"] or "", text=text) if email else text
    return {
        "id": record["id"],
        "body": "" if record["forgotten"] else body,
        "from": overrides.sender or ("Acme <hello@example.com>" if email else ""),
        "reply_to": overrides.reply_to or "",
        "recipient": record["recipient"],
        "subject": record["subject"],
        "bcc": overrides.bcc or "",
        "fake_bcc": bool(overrides.fake_bcc),
        "preheader_text": overrides.preheader or "",
        "url": record["recipient"] if webhook else "",
        "request_method": "POST" if webhook else "",
        "headers": {"Content-Type": "application/json"} if webhook else {},
        "forgotten": record["forgotten"],
    }


def _first_name(workspace: Workspace, number: int) -> str:
    """The name in the greeting; it is kept after a person is deleted, not after a person is suppressed."""
    person = workspace.people.get(number)
    if person is None:
        tombstone = workspace.people.tombstones.get(number)
        person = tombstone.person if tombstone is not None and tombstone.reason == "deleted" else None
    return person.attributes.get("first_name", "") if person is not None else ""
