"""Taking an import's rows in: each becomes an operation of the Track API and is applied like one.

    row -> operation -> applied, an error, or a warning -> reports

Nobody is asked whether a row should wait: an import is late enough.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from sources.customerio.sandbox.state.rules.apply import apply
from sources.customerio.sandbox.state.rules.create_export import order_file
from sources.customerio.sandbox.state.store.drop_reasons import Dropped
from sources.customerio.sandbox.state.store.export_file import Cells, ExportRules
from sources.customerio.sandbox.state.store.exports import ExportType
from sources.customerio.sandbox.state.store.imports import Import, Remark, Row
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.track_operation import Op, problem
from sources.customerio.sandbox.state.store.write_queue import ApplyRules
from sources.customerio.sandbox.state.workspace import Workspace

# So many rows are taken in at a look; then others may have the workspace.
_AT_ONCE = 20_000


class RunSummary:
    """The rows of a report, as an export's file: what is wrong, and the row as it came (unverified)."""

    def __init__(self, header: Cells, remarks: list[Remark]) -> None:
        self.header = ("row_number", "reason", *header)
        self._columns = header
        self._remarks = remarks

    def __len__(self) -> int:
        return len(self._remarks)

    def __iter__(self) -> Iterator[Cells]:
        for remark in self._remarks:
            yield (str(remark.number), remark.reason, *(remark.row.get(name, "") for name in self._columns))


def take_in(workspace: Workspace, rules: ApplyRules) -> None:
    """Take some more rows of every import that is due."""
    for due in workspace.imports:
        if due.is_due(workspace.now):
            _some(workspace, due, rules)


def _some(workspace: Workspace, due: Import, rules: ApplyRules) -> None:
    due.updated_at = workspace.now
    due.error = due.error or due.file.error or _missing_type(workspace, due.given)
    if due.error is not None:
        due.ended = True
        return
    if due.rows is None:
        due.rows = enumerate(due.file.read(), start=1)
    some = list(islice(due.rows, _AT_ONCE))
    for number, row in some:
        _one(workspace, due, number, row, rules)
    if len(some) < _AT_ONCE:
        due.ended = True
        _report(workspace, due, "error", due.errors)
        _report(workspace, due, "warning", due.warnings)


def _missing_type(workspace: Workspace, given: Record) -> str | None:
    type_id = given.get("object_type_id")
    if type_id is None or str(type_id) in workspace.objects.types:
        return None
    return "The specified Object Type does not exist."


def _one(workspace: Workspace, due: Import, number: int, row: Row, rules: ApplyRules) -> None:
    op = _OPERATIONS[due.given["type"]](due, row)
    wrong = problem(op)
    if wrong is not None:
        due.errors.append(Remark(number, wrong.message, row))
        return
    skipped = _skipped(workspace, due, row)
    if skipped:
        due.warnings.append(Remark(number, skipped, row))
        return
    write = workspace.inbox.note("import", op, at=workspace.now)
    try:
        write.reason = apply(workspace, op, workspace.now, rules)
    except Dropped as dropped:
        write.outcome, write.reason = "dropped", dropped.reason
        due.errors.append(Remark(number, dropped.reason, row))
        return
    write.outcome = "applied"
    due.imported += 1
    if write.reason:
        due.warnings.append(Remark(number, write.reason, row))


def _skipped(workspace: Workspace, due: Import, row: Row) -> str:
    """Why `data_to_process` leaves a row out; empty if it does not."""
    amount = due.given.get("data_to_process") or due.given.get("people_to_process") or "all"
    if amount == "all" or due.given["type"] == "relationship":
        return ""
    if due.given["type"] == "object":
        named = {"object_type_id": str(due.given["object_type_id"]), "object_id": row["object_id"]}
        there = workspace.objects.find(named) is not None
    else:
        there = workspace.people.find(row[due.identifier], due.identifier) is not None
    if amount == "only_new" and there:
        return "skipped: it exists already, and only new ones are imported"
    if amount == "only_existing" and not there:
        return "skipped: it does not exist, and only existing ones are imported"
    return ""


def _report(workspace: Workspace, due: Import, kind: str, remarks: list[Remark]) -> None:
    if remarks:
        type_: ExportType = "import_errors" if kind == "error" else "import_warnings"
        description = f"{kind.capitalize()}s of import {due.id}"
        made = order_file(
            workspace, type_, RunSummary(due.file.header, remarks), ExportRules(takes_s=0), description
        )
        due.reports[kind] = made.id


def _rest(row: Row, *taken: str) -> Record:
    """The other cells as attributes; an empty one leaves the attribute as it is (unverified)."""
    return {name: value for name, value in row.items() if name not in taken and value != ""}


def _person(due: Import, row: Row) -> Op:
    named = {due.identifier: row.get(due.identifier, "")}
    rest = _rest(row, due.identifier)
    return {"type": "person", "action": "identify", "identifiers": named, "attributes": rest}


def _event(due: Import, row: Row) -> Op:
    op: Op = {
        "type": "person",
        "action": "event",
        "identifiers": {due.identifier: row.get(due.identifier, "")},
        "name": row.get("name", ""),
        "attributes": _rest(row, due.identifier, "name", "timestamp"),
    }
    stamp = row.get("timestamp", "")
    if stamp:
        op["timestamp"] = int(stamp) if stamp.isdecimal() else stamp
    return op


def _object(due: Import, row: Row) -> Op:
    named = {"object_type_id": str(due.given["object_type_id"]), "object_id": row.get("object_id", "")}
    return {
        "type": "object", "action": "identify", "identifiers": named, "attributes": _rest(row, "object_id"),
    }  # fmt: skip


def _relationship(due: Import, row: Row) -> Op:
    type_id = row.get("object_type_id") or str(due.given.get("object_type_id") or "")
    entry = {
        "identifiers": {due.identifier: row.get(due.identifier, "")},
        "relationship_attributes": _rest(row, due.identifier, "object_type_id", "object_id"),
    }
    return {
        "type": "object",
        "action": "add_relationships",
        "identifiers": {"object_type_id": type_id, "object_id": row.get("object_id", "")},
        "cio_relationships": [entry],
    }


_OPERATIONS: dict[str, Callable[[Import, Row], Op]] = {
    "people": _person,
    "event": _event,
    "object": _object,
    "relationship": _relationship,
}
