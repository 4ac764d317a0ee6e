"""The reader of addresses that the email provider suppresses: each kind, of each sending domain.

A request with a domain returns its addresses. Without one Customer.io answers for the workspace, and names no
domain: those rows have `domain` ''. Pages go by offset in the order of the addresses, so if an address is
freed while its list is read, another one may be missed; the next sync reads it again.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from sources.customerio.catalogue import Resource, operation
from sources.customerio.client import Page, unexpected
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.rows import Row
from sources.customerio.extract.run_context import Options, RunContext

_SENDERS = "sender_identities"
ANY_DOMAIN = ""
# The categories of two kinds are known [spec25]; those of the others are not.
_CATEGORIES = {"bounces": "bounces", "spam_reports": "spam"}


def suppressions(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read each kind that is due, for the workspace and for each domain that it sends or has sent from."""
    client = run.client_for(resource.table)
    senders = run.listed(_SENDERS, resource.table)
    domains = sending_domains(senders, state, run.options)

    def listed(key: tuple[str, str]) -> list[Row]:
        kind, domain = key
        path = kinds[kind]
        rows = []
        for page in client.pages(resource.operation, path=path, query={"domain": domain or None}):
            _check_category(resource, path, page)
            rows += [{**row, **path, "domain": domain} for row in page.records]
        return rows

    kinds = {str(*path.values()): path for path in resource.asked}
    due = run.due(resource, state, {key: {} for key in product(kinds, (ANY_DOMAIN, *domains))})
    run.summary_of(resource.table).expect(len(due.whole))
    for rows in run.map(listed, due.whole):
        yield Batch(rows=rows)
    due.finish()
    yield Batch(rows=(), last=True, kept=lambda key: key[:2] in due.left_out)
    state["domains"] = domains


def _check_category(resource: Resource, path: Mapping[str, object], page: Page) -> None:
    """Check that a page is of the kind that was asked for, as far as kinds say so.

    Raises:
        BadAnswer: it is of another one.
    """
    told, (kind,) = page.document.get("category"), path.values()
    if kind in _CATEGORIES and told in _CATEGORIES.values() and told != _CATEGORIES[str(kind)]:
        raise unexpected(operation(resource.operation), f"addresses of the category {told}")


def sending_domains(senders: Iterable[Row], state: Mapping[str, Any], options: Options) -> list[str]:
    """The domains of the senders' addresses, and those that were ever known, sorted.

    A domain without senders may still have suppressions. A sender of text messages has no domain.
    """
    addresses = (str(sender.get("email") or "") for sender in senders)
    present = {address.rpartition("@")[2].lower() for address in addresses if "@" in address}
    return sorted({*state.get("domains", ()), *options.domains, *present})
