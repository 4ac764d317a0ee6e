"""Addresses that the email provider does not deliver to.

The provider's lists belong to sending domains, not to the workspace, so they also have addresses of other
senders on the same domain [live-airbyte]. In addition, each address from which an email of the workspace
bounced, or that complained about one, is listed from the instant of that metric.
"""

from collections.abc import Iterator

from sources.customerio.sandbox.state.rules.senders import domains
from sources.customerio.sandbox.state.store.deliveries import METRIC, DeliveryFilter
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.suppressions import CATEGORIES, suppression
from sources.customerio.sandbox.state.workspace import Workspace

_CAUSES = (("bounced", "bounces", "550 5.1.1 No such mailbox"), ("spammed", "spam_reports", "Complaint"))
TABLE = "esp_suppressions"


def list_addresses(workspace: Workspace, kind: str, domain: str | None = None) -> list[Record]:
    """The suppressions of a type as stored, sorted by address; of all domains if none is given.

    A domain without a sender has none. BadRequest if there is no such type.
    """
    if kind not in CATEGORIES:
        msg = "type is invalid"  # without a reference [live-estuary]
        raise BadRequest(msg, verbatim=True)
    found = {
        (row["email"], row["domain"]): row
        for row in (*_from_deliveries(workspace, kind), *workspace.tables[TABLE])
        if row["suppression_type"] == kind and domain in (None, row["domain"])
    }
    return [found[key] for key in sorted(found)]


def suppress(workspace: Workspace, kind: str, email: str) -> None:
    """Add an address to the list of the first sender's domain; no effect if it is listed already."""
    if any(row["email"] == email.lower() for row in list_addresses(workspace, kind)):
        return
    workspace.unsuppressed.discard((kind, email.lower()))
    domain = next(iter(domains(workspace)), "")
    fields = suppression(kind, email, domain, workspace.now, "Uploaded manually via api.customer.io")
    workspace.add_record(TABLE, fields, workspace.now)


def remove(workspace: Workspace, kind: str, email: str) -> None:
    """Remove an address from a list, of every domain; no effect if it is not listed."""
    for row in list_addresses(workspace, kind):
        if row["email"] == email.lower() and "id" in row:
            workspace.delete_record(TABLE, int(row["id"]), workspace.now)
    workspace.unsuppressed.add((kind, email.lower()))


def rows(workspace: Workspace) -> Iterator[Record]:
    """All rows of the API: each suppression with the type and domain of its request; all domains are ""."""
    table = workspace.tables[TABLE]
    for kind in CATEGORIES:
        for domain in (None, *domains(workspace)):
            request = {"suppression_type": kind, "domain": domain or ""}
            once: dict[str, Record] = {}
            for row in list_addresses(workspace, kind, domain):
                once.setdefault(row["email"], row)
            yield from ({**table.show(row), **request} for row in once.values())


def _from_deliveries(workspace: Workspace, kind: str) -> Iterator[Record]:
    """The suppressions that the workspace's own emails have caused up to now."""
    now, columns = workspace.now, workspace.deliveries.columns
    domain, listed = next(iter(domains(workspace)), ""), set[str]()
    for metric, caused, reason in _CAUSES:
        if caused != kind:
            continue
        found = workspace.deliveries.newest(
            DeliveryFilter(start=0, end=now, channel="email", metric=metric), now
        )
        for row in reversed(found.tolist()):
            address = _address(workspace, int(columns["person"][row]), int(columns["created"][row]))
            if address is None or address in listed or (kind, address) in workspace.unsuppressed:
                continue
            listed.add(address)
            at = int(columns["metrics"][row, METRIC[metric]])
            yield suppression(kind, address, domain, at, reason)


def _address(workspace: Workspace, number: int, at: int) -> str | None:
    """The address that an email was sent to, also of a removed person: the provider keeps it."""
    person = workspace.people.get(number) or workspace.people.tombstones[number].person
    address = person.email_at(at)
    return address.lower() if address else None
