"""The messages of actions: those of a campaign or broadcast that send something, each in its languages."""

from collections.abc import Iterable, Iterator
from typing import Literal

from sources.customerio.sandbox.state.rules import contents
from sources.customerio.sandbox.state.rules.create_deliveries import Message
from sources.customerio.sandbox.state.store.deliveries import Source
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

ActionTable = Literal["campaign_actions", "broadcast_actions"]
_CHANNELS = frozenset({"email", "push", "twilio", "in_app", "webhook", "slack"})


def messages(actions: Iterable[Record]) -> Iterator[list[Record]]:
    """The enabled messages among actions, each as the records of its languages."""
    branches: dict[int, list[Record]] = {}
    for row in actions:
        branch: int = row.get("multi_language_branch_action_id") or row["id"]
        branches.setdefault(branch, []).append(row)
    for rows in branches.values():
        if rows[0]["type"] in _CHANNELS and rows[0].get("sending_state") != "off":
            yield rows


def message_to(
    workspace: Workspace, table: ActionTable, number: int, rows: list[Record], *, begins: bool = False
) -> Message:
    """The message of an action to one person, in that person's language; a journey may begin with it."""
    person = workspace.people.get(number)
    row = contents.for_language(rows, person.attribute("language") if person else None)
    fixed = {"webhook": row.get("url"), "slack": row.get("recipient")}.get(row["type"])
    source = Source(
        channel=row["type"],
        template_id=workspace.tables[table].template_id(row["id"]),
        campaign_id=row.get("campaign_id"),
        broadcast_id=row.get("broadcast_id"),
        action_id=row["id"],
        parent_action_id=row.get("parent_action_id") if table == "campaign_actions" else None,
        subject=row.get("subject") or None,
        recipient=fixed or None,
    )
    return Message(
        person=number, source=source, draft=row.get("sending_state") == "draft", begins_journey=begins
    )
