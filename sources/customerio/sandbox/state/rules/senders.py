"""Senders: the messages that use them, and the domains of their addresses."""

from collections.abc import Iterable

from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

_NAMES = ("from_id", "reply_to_id")


def usage(workspace: Workspace, sender_id: int) -> Record:
    """The ids of the campaigns and newsletters that use a sender; NotFound if there is no such sender."""
    workspace.tables["sender_identities"].get(sender_id)
    campaigns = _parents(workspace, "campaign_actions", "campaign_id", sender_id)
    newsletters = _parents(workspace, "newsletter_contents", "newsletter_id", sender_id)
    sent = {row["id"] for row in workspace.tables["newsletters"] if row["sent_at"] is not None}
    return {
        "campaigns": sorted(campaigns),
        "sent_newsletters": sorted(newsletters & sent),
        "draft_newsletters": sorted(newsletters - sent),
    }


def domains(workspace: Workspace) -> list[str]:
    """The domains of the senders' addresses, the first sender's first."""
    addresses = (row["email"] for row in workspace.tables["sender_identities"])
    return list(dict.fromkeys(address.rpartition("@")[2] for address in addresses if "@" in address))


def _parents(workspace: Workspace, table: str, parent: str, sender_id: int) -> set[int]:
    rows: Iterable[Record] = workspace.tables.get(table, ())
    return {row[parent] for row in rows if sender_id in [row.get(name) for name in _NAMES]}
