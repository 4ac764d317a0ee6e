"""The truth of tables that say something about one other thing each: usage, counts, contents, choices."""

from collections.abc import Callable, Iterator

from sources.customerio.sandbox.state.rules import preferences, senders, views
from sources.customerio.sandbox.state.store import collections
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

ADDRESSES = ("35.188.196.183", "104.198.177.219", "104.154.232.87", "130.211.229.195")


def shown(table: str) -> Callable[[Workspace], Iterator[Record]]:
    """The rows of a piece of furniture."""
    return lambda workspace: workspace.tables[table].shown()


def segment_usage(workspace: Workspace) -> Iterator[Record]:
    """What uses each segment."""
    return (views.used_by(workspace, segment["id"]) for segment in workspace.tables["segments"])


def segment_counts(workspace: Workspace) -> Iterator[Record]:
    """How many are in each segment now, those aside that are being built."""
    for segment in workspace.tables["segments"]:
        if segment["state"] == "finished":
            count = workspace.segments.count(segment["id"])
            yield {"segment_id": segment["id"], "counted_at": workspace.now, "count": count}


def sender_usage(workspace: Workspace) -> Iterator[Record]:
    """What uses each sender."""
    for sender in workspace.tables["sender_identities"]:
        yield {"sender_id": sender["id"], **senders.used_by(workspace, sender["id"])}


def collection_rows(workspace: Workspace) -> Iterator[Record]:
    """The contents of each collection."""
    for collection in workspace.tables["collections"]:
        for number, row in enumerate(collections.contents(collection), start=1):
            yield {"collection_id": collection["id"], "row_number": number, "row": row}


def subscription_preferences(workspace: Workspace) -> Iterator[Record]:
    """What each person chose."""
    for person in workspace.people:
        yield {"cio_id": person.cio_id, **preferences.of(workspace, person)}


def ip_addresses(workspace: Workspace) -> Iterator[Record]:  # noqa: ARG001 -- they are everybody's
    """The addresses that Customer.io sends from."""
    return ({"address": address} for address in ADDRESSES)
