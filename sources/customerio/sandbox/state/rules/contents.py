"""Contents of messages: actions of campaigns and broadcasts, contents of newsletters and templates.

All are records with a parent. Each language of a message is a record of its own; `language` is "" for the
default one.
"""

from collections.abc import Callable, Iterable, Iterator

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.records import RECORD_KINDS
from sources.customerio.sandbox.state.workspace import Workspace

Rows = Callable[[Workspace], Iterator[Record]]


def children(workspace: Workspace, table: str, parent_id: int) -> list[Record]:
    """The stored records of a table that belong to one parent; NotFound if the parent does not exist."""
    parent, field = _parent(table)
    workspace.tables[parent].get(parent_id)
    return [row for row in workspace.tables[table] if row[field] == parent_id]


def child(workspace: Workspace, table: str, parent_id: int, record_id: int) -> Record:
    """One record of a parent; NotFound if the parent does not exist or has no such record."""
    for row in children(workspace, table, parent_id):
        if row["id"] == record_id:
            return row
    msg = f"{RECORD_KINDS[table].noun} with id {record_id} does not exist"
    raise NotFound(msg)


def in_language(rows: Iterable[Record], language: str) -> Record:
    """The record in that language; BadRequest if the message has none, as the API answers [spec25]."""
    for row in rows:
        if row["language"] == language:
            return row
    msg = f"language {language!r} does not exist for this message"
    raise BadRequest(msg)


def translations(workspace: Workspace, table: str, parent_id: int, action_id: int) -> list[Record]:
    """An action in all its languages: the records that share its branch [airbyte]."""
    action = child(workspace, table, parent_id, action_id)
    branch = action.get("multi_language_branch_action_id")
    if branch is None:
        return [action]
    rows = children(workspace, table, parent_id)
    return [row for row in rows if row.get("multi_language_branch_action_id") == branch]


def for_language(rows: Iterable[Record], language: str | None) -> Record:
    """The record for a person's language: in that language, or else the default one."""
    languages = list(rows)
    return next((row for row in languages if language and row["language"] == language), languages[0])


def test_group(workspace: Workspace, newsletter_id: int, number: int) -> list[Record]:
    """The contents of one test group, whose numbers begin at 0; NotFound if there is no such group."""
    for group in children(workspace, "newsletter_test_groups", newsletter_id):
        if group["number"] == number:
            rows = children(workspace, "newsletter_contents", newsletter_id)
            return [row for row in rows if row["id"] in group["content_ids"]]
    msg = f"test group with id {number} does not exist"
    raise NotFound(msg)


def shown(workspace: Workspace, table: str, row: Record) -> Record:
    """A record as the API shows it."""
    fields = _SHOWN_FIELDS.get(table)
    return workspace.tables[table].show({**row, **fields(row, workspace.now)} if fields else row)


def table_rows(table: str) -> Rows:
    """A reader of all rows of a table of children: each record as shown, with its parent's id."""

    def rows(workspace: Workspace) -> Iterator[Record]:
        _, field = _parent(table)
        for row in workspace.tables[table]:
            yield {field: row[field], **shown(workspace, table, row)}

    return rows


def _parent(table: str) -> tuple[str, str]:
    parent = RECORD_KINDS[table].parent
    if parent is None:
        msg = f"{table} has no parent"
        raise LookupError(msg)
    return parent


_SHOWN_FIELDS: dict[str, Callable[[Record, int], Record]] = {
    # Text in its own list, an integer in its campaign's [live-airbyte].
    "campaign_actions": lambda row, now: {"id": str(row["id"])},  # noqa: ARG005
    # Groups count within their newsletter [spec25].
    "newsletter_test_groups": lambda row, now: {"id": row["number"]},  # noqa: ARG005
    # The value before a trigger is processed is unverified.
    "broadcast_triggers": lambda row, now: {
        "processed_at": row["processed_at"] if row["processed_at"] <= now else None
    },
}
