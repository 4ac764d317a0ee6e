"""Archived copies: what a message said when it was sent, whatever its template says by now."""

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.deliveries import Letter
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

_PAGE = "<!DOCTYPE html><html><head><title>{title}</title></head><body><p>{text}</p></body></html>"
_NOTHING = Letter()


def archived(workspace: Workspace, rows: NDArray[np.int64]) -> list[Record]:
    """The archived copies of those deliveries, in that order."""
    columns = workspace.deliveries.columns
    people, numbers = columns["person"][rows].tolist(), columns["seq"][rows].tolist()
    records = workspace.delivery_records.of(rows, workspace.now)
    return [
        _copy(record, _first_name(workspace, person), workspace.letters.get(number, _NOTHING))
        for record, person, number in zip(records, people, numbers, strict=True)
    ]


def _copy(record: Record, first_name: str, letter: Letter) -> Record:
    """The copy of one delivery; a forgotten one has no content."""
    email, webhook = record["type"] == "email", record["type"] == "webhook"
    text = f"Hello {first_name}" if letter.body is None else letter.body
    body = _PAGE.format(title=record["subject"] or "", text=text) if email else text
    return {
        "id": record["id"],
        "body": "" if record["forgotten"] else body,
        "from": letter.sender or ("Acme <hello@example.com>" if email else ""),
        "reply_to": letter.reply_to or "",
        "recipient": record["recipient"],
        "subject": record["subject"],
        "bcc": letter.bcc or "",
        "fake_bcc": bool(letter.fake_bcc),
        "preheader_text": letter.preheader or "",
        "url": record["recipient"] if webhook else "",
        "request_method": "POST" if webhook else "",
        "headers": {"Content-Type": "application/json"} if webhook else {},
        "forgotten": record["forgotten"],
    }


def _first_name(workspace: Workspace, number: int) -> str:
    """The name in the greeting: kept of somebody who was deleted, not of somebody who was suppressed."""
    person = workspace.people.get(number)
    if person is None:
        gone = workspace.people.gone.get(number)
        person = gone.person if gone is not None and gone.how == "deleted" else None
    return person.attributes.get("first_name", "") if person is not None else ""
