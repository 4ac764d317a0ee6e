"""The rows of every table of a workspace at one instant, without pages or time windows.

Tests compare a warehouse with them, field by field. Rows have the shape in which the API shows them.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.rules import contents, optouts, suppressions, views
from sources.customerio.sandbox.state.rules.archive import archived
from sources.customerio.sandbox.state.store.activities import ActivityFilter
from sources.customerio.sandbox.state.store.deliveries import DeliveryFilter
from sources.customerio.sandbox.state.store.exports import ExportType
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.truth import (
    folder_rows,
    metric_rows,
    object_rows,
    workspace_records,
)
from sources.customerio.sandbox.state.workspace import Workspace

Chunks = Iterator[list[Record]]

_CHUNK = 5000


def chunks(workspace: Workspace, table: str) -> Chunks:
    """Every row of a table as of now, in chunks.

    The workspace may change between two chunks: long tables resume after the last row.

    Raises:
        ValueError: there is no such table; the message has the tables.
    """
    if table not in TABLES:
        msg = f"The sandbox has no table {table!r}; it has {', '.join(sorted(TABLES))}."
        raise ValueError(msg)
    if table in _LONG:
        return _LONG[table](workspace, workspace.now)
    return iter([list(_SHORT[table](workspace))])


def rows(workspace: Workspace, table: str) -> Iterator[Record]:
    """Every row of a table as of now."""
    return (row for chunk in chunks(workspace, table) for row in chunk)


def _memberships(workspace: Workspace) -> Iterator[Record]:
    for segment in workspace.tables["segments"]:
        for member in views.members(workspace, segment["id"]):
            yield {"segment_id": segment["id"], **member}


def _messages(workspace: Workspace, now: int) -> Chunks:
    return (workspace.delivery_view.records(found, now, responses=True) for found in _sent(workspace, now))


def _archived(workspace: Workspace, now: int) -> Chunks:
    return (archived(workspace, found) for found in _sent(workspace, now))


def _sent(workspace: Workspace, now: int) -> Iterator[NDArray[np.int64]]:
    # Default lists have no drafts, so these tables have none either.
    filter_, before = DeliveryFilter(start=0, end=now), None
    while True:
        found = workspace.deliveries.newest(filter_, now, before=before, limit=_CHUNK)
        last = int(workspace.deliveries.columns["seq"][found[-1]]) if len(found) else 0
        yield found
        if len(found) < _CHUNK:
            return
        before = last


def _activities(workspace: Workspace, now: int) -> Chunks:
    log, before = workspace.activities, None
    while True:
        found = log.newest(ActivityFilter(), now, before=before, limit=_CHUNK)
        if len(found):
            before = int(log.columns["timestamp"][found[-1]]), int(log.columns["order"][found[-1]])
        yield workspace.activity_view.records(found)
        if len(found) < _CHUNK:
            return


def _people(workspace: Workspace) -> Iterator[Record]:
    return (person.profile() for person in workspace.people)


def _optouts(workspace: Workspace) -> Iterator[Record]:
    for person in optouts.rows(workspace):
        names = {name: person[name] for name in ("cio_id", "customer_id")}
        yield from ({**names, **optout} for optout in person["optouts"])


def _exports(workspace: Workspace) -> Iterator[Record]:
    return (export.record(workspace.now) for export in workspace.exports)


def _exported(type_: ExportType) -> Callable[[Workspace], Iterator[Record]]:
    def exported(workspace: Workspace) -> Iterator[Record]:
        for export in workspace.exports:
            if export.type == type_ and export.status(workspace.now) == "done":
                for number, row in enumerate(export.rows(), 1):
                    yield {"export_id": export.id, "row_number": number, "row": row}

    return exported


_LONG: dict[str, Callable[[Workspace, int], Chunks]] = {
    "messages": _messages,
    "archived_messages": _archived,
    "activities": _activities,
}
_SHORT: dict[str, Callable[[Workspace], Iterator[Record]]] = {
    "workspaces": views.workspaces,
    "campaigns": lambda workspace: iter(views.campaigns(workspace)),
    "campaign_actions": contents.table_rows("campaign_actions"),
    "broadcasts": lambda workspace: iter(views.broadcasts(workspace)),
    "broadcast_actions": contents.table_rows("broadcast_actions"),
    "broadcast_triggers": contents.table_rows("broadcast_triggers"),
    "newsletters": lambda workspace: map(dict, workspace.tables["newsletters"]),
    "newsletter_contents": contents.table_rows("newsletter_contents"),
    "newsletter_test_groups": contents.table_rows("newsletter_test_groups"),
    "transactional_messages": workspace_records.shown("transactional_messages"),
    "transactional_contents": contents.table_rows("transactional_contents"),
    "segments": lambda workspace: map(dict, workspace.tables["segments"]),
    "segment_memberships": _memberships,
    "segment_usage": workspace_records.segment_usage,
    "segment_counts": workspace_records.segment_counts,
    "sender_identities": workspace_records.shown("sender_identities"),
    "sender_usage": workspace_records.sender_usage,
    "snippets": workspace_records.shown("snippets"),
    "collections": workspace_records.shown("collections"),
    "collection_rows": workspace_records.collection_rows,
    "reporting_webhooks": workspace_records.shown("reporting_webhooks"),
    "subscription_topics": workspace_records.shown("subscription_topics"),
    "subscription_channels": workspace_records.shown("subscription_channels"),
    "subscription_preferences": workspace_records.subscription_preferences,
    "optouts": _optouts,
    "esp_suppressions": suppressions.rows,
    "ip_addresses": workspace_records.ip_addresses,
    "object_types": object_rows.types,
    "objects": object_rows.objects,
    "relationships": object_rows.relationships,
    "people": _people,
    "exports": _exports,
    "exported_people": _exported("customers"),
    "exported_deliveries": _exported("deliveries"),
    **folder_rows.TABLES,
    **metric_rows.TABLES,
}
TABLES = frozenset({*_LONG, *_SHORT})
