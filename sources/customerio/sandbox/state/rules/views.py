"""Records as the API shows them, where that is more than the stored record."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.workspace import Workspace

# Counts are cached: "up to two hours old" [spec25].
STALE_S = 7200
# A key of one workspace lists every workspace of the account [live-airbyte]: those of the sandbox by name,
# and two more, at a distance from the id of the first.
_NAMES = ("Production", "Europe", "Partners", "Archive")
_OTHERS = ((-11, "Staging", 17), (5_632, "Playground", 3))


def campaigns(workspace: Workspace) -> list[Record]:
    """All campaigns, in no useful order."""
    return [campaign(workspace, row) for row in workspace.tables["campaigns"]]


def campaign(workspace: Workspace, row: Record) -> Record:
    """A campaign with its actions, whose ids are integers here and text in their own list [live-airbyte].

    Without messages it has no `msg_templates` [live-estuary].
    """
    actions = [
        {"id": int(action["id"]), "type": action["type"]}
        for action in workspace.tables["campaign_actions"]
        if action["campaign_id"] == row["id"]
    ]
    templates = [action for action in actions if action["type"] in _MESSAGES]
    return {**row, "actions": actions, **({"msg_templates": templates} if templates else {})}


def broadcasts(workspace: Workspace) -> list[Record]:
    """All broadcasts."""
    return [broadcast(workspace, row) for row in workspace.tables["broadcasts"]]


def broadcast(workspace: Workspace, row: Record) -> Record:
    """A broadcast with its actions; live there are no `msg_template_ids` [live-estuary]."""
    actions = [
        {"id": action["id"], "type": action["type"]}
        for action in workspace.tables["broadcast_actions"]
        if action["broadcast_id"] == row["id"]
    ]
    return {**row, "actions": actions}


def segment_usage(workspace: Workspace, segment_id: int) -> Record:
    """The campaigns and newsletters that use a segment; NotFound if there is no such segment."""
    workspace.tables["segments"].get(segment_id)
    newsletters = [
        row for row in workspace.tables["newsletters"] if segment_id in row.get("recipient_segment_ids", ())
    ]
    return {
        "segment_id": segment_id,
        "campaigns": [
            row["id"]
            for row in workspace.tables["campaigns"]
            if segment_id in (*row["trigger_segment_ids"], *row.get("filter_segment_ids", ()))
        ],
        "sent_newsletters": [row["id"] for row in newsletters if row["sent_at"] is not None],
        "draft_newsletters": [row["id"] for row in newsletters if row["sent_at"] is None],
    }


def members(workspace: Workspace, segment_id: int, *, after: int = -1, limit: int = 1 << 40) -> list[Record]:
    """The identifiers of a segment's members after a person number; NotFound if there is no such segment."""
    numbers = workspace.segments.after(segment_id, after, limit)
    people = (workspace.people.get(number) for number in numbers)
    return [person.identifiers for person in people if person is not None]


def workspaces(workspace: Workspace) -> Iterator[Record]:
    """The workspaces of the account; the counts are as of the last full two hours."""
    account = list(workspace.account())
    for number, one in enumerate(account):
        name = _NAMES[number] if number < len(_NAMES) else f"Workspace {number + 1}"
        yield {"id": one.id, "name": name, **_counts(one)}
    for distance, name, people in _OTHERS:
        yield {
            "id": account[0].id + distance,
            "name": name,
            "messages_sent": 0,
            "billable_messages_sent": 0,
            "people": people,
            "object_types": 0,
            "objects": 0,
        }


def _counts(workspace: Workspace) -> Record:
    counted_at = workspace.now - workspace.now % STALE_S
    month = datetime.fromtimestamp(workspace.now, UTC).replace(day=1, hour=0, minute=0, second=0)
    since = int(month.timestamp())
    people = sum(person.created_at <= counted_at for person in workspace.people)
    people += sum(
        removed.person.created_at <= counted_at < removed.at
        for removed in workspace.people.tombstones.values()
    )
    return {
        "messages_sent": workspace.deliveries.count_metric("sent", since, counted_at),
        "billable_messages_sent": workspace.deliveries.count_metric("sent", since, counted_at, "email"),
        "people": people,
        "object_types": len(workspace.objects.types),
        "objects": workspace.objects.count_at(counted_at),
    }


_MESSAGES = frozenset({"email", "push", "twilio", "in_app", "webhook", "slack"})
