"""Addresses that the email provider refuses to deliver to.

Its lists are the domains', not the workspace's: others who send from the same domain have filled them too
[live-airbyte]. Beside what stands in them, there is every address that one of our emails bounced from or
that complained about one, from the moment that this became known.
"""

from collections.abc import Iterator

from sources.customerio.sandbox.state.rules.senders import domains
from sources.customerio.sandbox.state.store.deliveries import METRIC, Selection
from sources.customerio.sandbox.state.store.errors import BadRequest
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.suppressions import CATEGORIES, suppressed
from sources.customerio.sandbox.state.workspace import Workspace

_CAUSES = (("bounced", "bounces", "550 5.1.1 No such mailbox"), ("spammed", "spam_reports", "Complaint"))
TABLE = "esp_suppressions"


def listed(workspace: Workspace, kind: str, domain: str | None = None) -> list[Record]:
    """The addresses of a kind as stored, by address; of all domains where none is given.

    BadRequest if there is no such kind; a domain that nobody sends from has none.
    """
    if kind not in CATEGORIES:
        msg = f"suppression type must be one of {', '.join(CATEGORIES)}"
        raise BadRequest(msg)
    found = {
        (row["email"], row["domain"]): row
        for row in (*_caused(workspace, kind), *workspace.tables[TABLE])
        if row["suppression_type"] == kind and domain in (None, row["domain"])
    }
    return [found[key] for key in sorted(found)]


def suppress(workspace: Workspace, kind: str, email: str) -> None:
    """Put an address on the list of the first sender's domain; it stays the one it was if it is there."""
    if any(row["email"] == email.lower() for row in listed(workspace, kind)):
        return
    workspace.freed.discard((kind, email.lower()))
    domain = next(iter(domains(workspace)), "")
    fields = suppressed(kind, email, domain, workspace.now, "Uploaded manually via api.customer.io")
    workspace.add_record(TABLE, fields, workspace.now)


def free(workspace: Workspace, kind: str, email: str) -> None:
    """Take an address off a list, on every domain; nothing happens if it is not there."""
    for row in listed(workspace, kind):
        if row["email"] == email.lower() and "id" in row:
            workspace.delete_record(TABLE, int(row["id"]), workspace.now)
    workspace.freed.add((kind, email.lower()))


def rows(workspace: Workspace) -> Iterator[Record]:
    """Every answer's rows, each with what was asked: its kind, and its domain or ''."""
    table = workspace.tables[TABLE]
    for kind in CATEGORIES:
        for domain in (None, *domains(workspace)):
            asked = {"suppression_type": kind, "domain": domain or ""}
            once: dict[str, Record] = {}
            for row in listed(workspace, kind, domain):
                once.setdefault(row["email"], row)
            yield from ({**table.show(row), **asked} for row in once.values())


def _caused(workspace: Workspace, kind: str) -> Iterator[Record]:
    """What our own emails have brought about by now."""
    now, columns = workspace.now, workspace.deliveries.columns
    domain, done = next(iter(domains(workspace)), ""), set[str]()
    for metric, caused, reason in _CAUSES:
        if caused != kind:
            continue
        found = workspace.deliveries.newest(Selection(start=0, end=now, channel="email", metric=metric), now)
        for row in reversed(found.tolist()):
            address = _address(workspace, int(columns["person"][row]), int(columns["created"][row]))
            if address is not None and address not in done and (kind, address) not in workspace.freed:
                done.add(address)
                at = int(columns["metrics"][row, METRIC[metric]])
                yield suppressed(kind, address, domain, at, reason)


def _address(workspace: Workspace, number: int, at: int) -> str | None:
    """Where an email to somebody went; the provider remembers it when Customer.io has forgotten them."""
    person = workspace.people.get(number) or workspace.people.gone[number].person
    address = person.email_at(at)
    return address.lower() if address else None
