"""What messages say: the actions of campaigns and broadcasts, contents of newsletters and templates.

All are furniture with a parent. Where a message has languages, each is a record of its own, and `language` is
"" for the default one.
"""

from collections.abc import Callable, Iterable, Iterator

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.records import KINDS
from sources.customerio.sandbox.state.workspace import Workspace

Truth = Callable[[Workspace], Iterator[Record]]


def of_parent(workspace: Workspace, table: str, parent_id: int) -> list[Record]:
    """The stored records of a table that belong to one parent; NotFound if the parent is gone."""
    parent, field = _parent(table)
    workspace.tables[parent].get(parent_id)
    return [row for row in workspace.tables[table] if row[field] == parent_id]


def one(workspace: Workspace, table: str, parent_id: int, record_id: int) -> Record:
    """One of a parent's records; NotFound if either is gone or they do not belong together."""
    for row in of_parent(workspace, table, parent_id):
        if row["id"] == record_id:
            return row
    msg = f"{KINDS[table].noun} with id {record_id} does not exist"
    raise NotFound(msg)


def in_language(rows: Iterable[Record], language: str) -> Record:
    """The record in that language; BadRequest if the message has none, as the API answers [spec25]."""
    for row in rows:
        if row["language"] == language:
            return row
    msg = f"language {language!r} does not exist for this message"
    raise BadRequest(msg)


def translations(workspace: Workspace, table: str, parent_id: int, action_id: int) -> list[Record]:
    """An action in all its languages: the objects that share its branch [airbyte]."""
    action = one(workspace, table, parent_id, action_id)
    branch = action.get("multi_language_branch_action_id")
    if branch is None:
        return [action]
    rows = of_parent(workspace, table, parent_id)
    return [row for row in rows if row.get("multi_language_branch_action_id") == branch]


def speaking(rows: Iterable[Record], language: str | None) -> Record:
    """The record that somebody with that language gets: theirs, or else the default one."""
    of_all = list(rows)
    return next((row for row in of_all if language and row["language"] == language), of_all[0])


def test_group(workspace: Workspace, newsletter_id: int, number: int) -> list[Record]:
    """The contents of one test group, whose numbers begin at 0; NotFound if there is no such group."""
    for group in of_parent(workspace, "newsletter_test_groups", newsletter_id):
        if group["number"] == number:
            rows = of_parent(workspace, "newsletter_contents", newsletter_id)
            return [row for row in rows if row["id"] in group["content_ids"]]
    msg = f"test group with id {number} does not exist"
    raise NotFound(msg)


def shown(workspace: Workspace, table: str, row: Record) -> Record:
    """A record as the API shows it."""
    look = _LOOKS.get(table)
    return workspace.tables[table].show({**row, **look(row, workspace.now)} if look else row)


def everything(table: str) -> Truth:
    """What makes the truth of a table of children: each record as shown, with its parent's id."""

    def rows(workspace: Workspace) -> Iterator[Record]:
        _, field = _parent(table)
        for row in workspace.tables[table]:
            yield {field: row[field], **shown(workspace, table, row)}

    return rows


def _parent(table: str) -> tuple[str, str]:
    parent = KINDS[table].parent
    if parent is None:
        msg = f"{table} has no parent"
        raise LookupError(msg)
    return parent


_LOOKS: dict[str, Callable[[Record, int], Record]] = {
    # Text in its own list, an integer in its campaign's [live-airbyte].
    "campaign_actions": lambda row, now: {"id": str(row["id"])},  # noqa: ARG005
    # Groups count within their newsletter [spec25].
    "newsletter_test_groups": lambda row, now: {"id": row["number"]},  # noqa: ARG005
    # What it is before a trigger is processed nobody says (unverified).
    "broadcast_triggers": lambda row, now: {
        "processed_at": row["processed_at"] if row["processed_at"] <= now else None
    },
}
