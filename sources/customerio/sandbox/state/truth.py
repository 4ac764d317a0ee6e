"""The truth: what is in a workspace at one instant, table by table, without pages or windows.

Tests compare a warehouse with it, field by field. Records are shaped as the API shows them.
"""

from collections.abc import Callable, Iterator

from sources.customerio.sandbox.state import views
from sources.customerio.sandbox.state.activities import Wanted
from sources.customerio.sandbox.state.deliveries import Selection
from sources.customerio.sandbox.state.exports import ExportType
from sources.customerio.sandbox.state.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

Chunks = Iterator[list[Record]]

_CHUNK = 5000


def chunks(workspace: Workspace, table: str) -> Chunks:
    """Every row of a table as of now, some at a time; ValueError naming the tables if there is no such one.

    Between two chunks the workspace may change: the long tables go on from the row where they were.
    """
    if table not in TABLES:
        msg = f"The sandbox knows no table {table!r}; it has {', '.join(sorted(TABLES))}."
        raise ValueError(msg)
    if table in _LONG:
        return _LONG[table](workspace, workspace.now)
    return iter([list(_SHORT[table](workspace))])


def rows(workspace: Workspace, table: str) -> Iterator[Record]:
    """Every row of a table as of now."""
    return (row for chunk in chunks(workspace, table) for row in chunk)


def _campaign_actions(workspace: Workspace) -> Iterator[Record]:
    return (views.campaign_action(row) for row in workspace.tables["campaign_actions"])


def _memberships(workspace: Workspace) -> Iterator[Record]:
    for segment in workspace.tables["segments"]:
        for member in views.members(workspace, segment["id"]):
            yield {"segment_id": segment["id"], **member}


def _messages(workspace: Workspace, now: int) -> Chunks:
    # Drafts are hidden from every default list, so they are no rows of this table.
    wanted, before = Selection(start=0, end=now), None
    while True:
        found = workspace.deliveries.newest(wanted, now, before=before, limit=_CHUNK)
        yield workspace.delivery_records.of(found, now)
        if len(found) < _CHUNK:
            return
        before = int(workspace.deliveries.columns["seq"][found[-1]])


def _activities(workspace: Workspace, now: int) -> Chunks:
    log, before = workspace.activities, None
    while True:
        found = log.newest(Wanted(), now, before=before, limit=_CHUNK)
        if len(found):
            before = int(log.columns["timestamp"][found[-1]]), int(log.columns["order"][found[-1]])
        yield workspace.activity_records.of(found)
        if len(found) < _CHUNK:
            return


def _people(workspace: Workspace) -> Iterator[Record]:
    return (person.profile() for person in workspace.people)


def _exports(workspace: Workspace) -> Iterator[Record]:
    return (export.record(workspace.now) for export in workspace.exports)


def _exported(type_: ExportType) -> Callable[[Workspace], Iterator[Record]]:
    def exported(workspace: Workspace) -> Iterator[Record]:
        for export in workspace.exports:
            if export.type == type_ and export.status(workspace.now) == "done":
                for number, row in enumerate(export.rows(), 1):
                    yield {"export_id": export.id, "row_number": number, "row": row}

    return exported


_LONG: dict[str, Callable[[Workspace, int], Chunks]] = {"messages": _messages, "activities": _activities}
_SHORT: dict[str, Callable[[Workspace], Iterator[Record]]] = {
    "workspaces": views.workspaces,
    "campaigns": lambda workspace: iter(views.campaigns(workspace)),
    "campaign_actions": _campaign_actions,
    "broadcasts": lambda workspace: iter(views.broadcasts(workspace)),
    "newsletters": lambda workspace: map(dict, workspace.tables["newsletters"]),
    "segments": lambda workspace: map(dict, workspace.tables["segments"]),
    "segment_memberships": _memberships,
    "people": _people,
    "exports": _exports,
    "exported_people": _exported("customers"),
    "exported_deliveries": _exported("deliveries"),
}
TABLES = frozenset({*_LONG, *_SHORT})
