"""Rows of records, and of tables with one or more rows for each record: usage, counts, contents, choices."""

from collections.abc import Callable, Iterator

from sources.customerio.sandbox.state.rules import preferences, senders, views
from sources.customerio.sandbox.state.store import collections
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

ADDRESSES = ("35.188.196.183", "104.198.177.219", "104.154.232.87", "130.211.229.195")


def shown(table: str) -> Callable[[Workspace], Iterator[Record]]:
    """Returns a function that lists a table's records in the form of the API."""
    return lambda workspace: workspace.tables[table].shown()


def segment_usage(workspace: Workspace) -> Iterator[Record]:
    """The usage of each segment."""
    return (views.segment_usage(workspace, segment["id"]) for segment in workspace.tables["segments"])


def segment_counts(workspace: Workspace) -> Iterator[Record]:
    """The number of members of each segment, except for segments in state `build`."""
    for segment in workspace.tables["segments"]:
        if segment["state"] == "finished":
            count = workspace.segments.count(segment["id"])
            yield {"segment_id": segment["id"], "counted_at": workspace.now, "count": count}


def sender_usage(workspace: Workspace) -> Iterator[Record]:
    """The usage of each sender."""
    for sender in workspace.tables["sender_identities"]:
        yield {"sender_id": sender["id"], **senders.usage(workspace, sender["id"])}


def collection_rows(workspace: Workspace) -> Iterator[Record]:
    """The contents of each collection."""
    for collection in workspace.tables["collections"]:
        for number, row in enumerate(collections.contents(collection), start=1):
            yield {"collection_id": collection["id"], "row_number": number, "row": row}


def subscription_preferences(workspace: Workspace) -> Iterator[Record]:
    """The subscription preferences of each person."""
    for person in workspace.people:
        yield {"cio_id": person.cio_id, **preferences.of(workspace, person)}


def ip_addresses(workspace: Workspace) -> Iterator[Record]:  # noqa: ARG001 -- the addresses are the same for all workspaces
    """The addresses that Customer.io sends from."""
    return ({"address": address} for address in ADDRESSES)
