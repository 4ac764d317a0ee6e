"""Running imports: each row becomes an operation of the Track API and is applied like one.

    row -> operation -> applied, an error, or a warning -> reports

Rows are applied at once, without the delay of the write queue.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from sources.customerio.sandbox.state.rules.apply import apply
from sources.customerio.sandbox.state.rules.create_export import create_export
from sources.customerio.sandbox.state.store.drop_reasons import Dropped
from sources.customerio.sandbox.state.store.export_file import Cells, ExportOptions
from sources.customerio.sandbox.state.store.exports import ExportType
from sources.customerio.sandbox.state.store.imports import Import, ReportRow, Row
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.track_operation import Op, canonical, problem
from sources.customerio.sandbox.state.store.write_queue import ApplyOptions
from sources.customerio.sandbox.state.workspace import Workspace

# Rows applied at a time, so that other requests need not wait long.
_CHUNK = 20_000


class ReportSnapshot:
    """The content of a report: for each row its number, the reason and its cells (unverified)."""

    def __init__(self, header: Cells, rows: list[ReportRow]) -> None:
        self.header = ("row_number", "reason", *header)
        self._columns = header
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Cells]:
        for row in self._rows:
            yield (str(row.number), row.reason, *(row.row.get(name, "") for name in self._columns))


def run_due_imports(workspace: Workspace, options: ApplyOptions) -> None:
    """Apply the next chunk of rows of every import that is due."""
    for import_ in workspace.imports:
        if import_.is_due(workspace.now):
            _run_chunk(workspace, import_, options)


def _run_chunk(workspace: Workspace, import_: Import, options: ApplyOptions) -> None:
    import_.updated_at = workspace.now
    import_.error = import_.error or import_.file.error or _missing_type(workspace, import_.definition)
    if import_.error is not None:
        import_.ended = True
        return
    if import_.rows is None:
        import_.rows = enumerate(import_.file.read(), start=1)
    chunk = list(islice(import_.rows, _CHUNK))
    for number, row in chunk:
        _apply_row(workspace, import_, number, row, options)
    if len(chunk) < _CHUNK:
        import_.ended = True
        _create_report(workspace, import_, "error", import_.errors)
        _create_report(workspace, import_, "warning", import_.warnings)


def _missing_type(workspace: Workspace, given: Record) -> str | None:
    type_id = given.get("object_type_id")
    if type_id is None or str(type_id) in workspace.objects.types:
        return None
    return "The specified Object Type does not exist."


def _apply_row(workspace: Workspace, import_: Import, number: int, row: Row, options: ApplyOptions) -> None:
    op = _OPERATIONS[import_.definition["type"]](import_, row)
    wrong = problem(op)
    if wrong is not None:
        import_.errors.append(ReportRow(number, wrong.message, row))
        return
    skipped = _skipped(workspace, import_, row)
    if skipped:
        import_.warnings.append(ReportRow(number, skipped, row))
        return
    op = canonical(op)
    write = workspace.write_queue.log("import", op, at=workspace.now)
    try:
        write.reason = apply(workspace, op, workspace.now, options)
    except Dropped as dropped:
        write.outcome, write.reason = "dropped", dropped.reason
        import_.errors.append(ReportRow(number, dropped.reason, row))
        return
    write.outcome = "applied"
    import_.imported += 1
    if write.reason:
        import_.warnings.append(ReportRow(number, write.reason, row))


def _skipped(workspace: Workspace, import_: Import, row: Row) -> str:
    """Why `data_to_process` excludes a row, "" if it does not."""
    amount = import_.definition.get("data_to_process") or import_.definition.get("people_to_process") or "all"
    if amount == "all" or import_.definition["type"] == "relationship":
        return ""
    if import_.definition["type"] == "object":
        named = {"object_type_id": str(import_.definition["object_type_id"]), "object_id": row["object_id"]}
        exists = workspace.objects.find(named) is not None
    else:
        exists = workspace.people.find(row[import_.identifier], import_.identifier) is not None
    if amount == "only_new" and exists:
        return "skipped: it exists already, and only new ones are imported"
    if amount == "only_existing" and not exists:
        return "skipped: it does not exist, and only existing ones are imported"
    return ""


def _create_report(workspace: Workspace, import_: Import, kind: str, rows: list[ReportRow]) -> None:
    if rows:
        type_: ExportType = "import_errors" if kind == "error" else "import_warnings"
        description = f"{kind.capitalize()}s of import {import_.id}"
        report = create_export(
            workspace, type_, ReportSnapshot(import_.file.header, rows), ExportOptions(takes_s=0), description
        )
        import_.reports[kind] = report.id


def _attributes(row: Row, *others: str) -> Record:
    """The other cells as attributes; an empty one leaves the attribute unchanged (unverified)."""
    return {name: value for name, value in row.items() if name not in others and value != ""}


def _person(import_: Import, row: Row) -> Op:
    named = {import_.identifier: row.get(import_.identifier, "")}
    attributes = _attributes(row, import_.identifier)
    return {"type": "person", "action": "identify", "identifiers": named, "attributes": attributes}


def _event(import_: Import, row: Row) -> Op:
    op: Op = {
        "type": "person",
        "action": "event",
        "identifiers": {import_.identifier: row.get(import_.identifier, "")},
        "name": row.get("name", ""),
        "attributes": _attributes(row, import_.identifier, "name", "timestamp"),
    }
    stamp = row.get("timestamp", "")
    if stamp:
        op["timestamp"] = int(stamp) if stamp.isdecimal() else stamp
    return op


def _object(import_: Import, row: Row) -> Op:
    type_id = str(import_.definition["object_type_id"])
    return {
        "type": "object",
        "action": "identify",
        "identifiers": {"object_type_id": type_id, "object_id": row.get("object_id", "")},
        "attributes": _attributes(row, "object_id"),
    }


def _relationship(import_: Import, row: Row) -> Op:
    type_id = row.get("object_type_id") or str(import_.definition.get("object_type_id") or "")
    entry = {
        "identifiers": {import_.identifier: row.get(import_.identifier, "")},
        "relationship_attributes": _attributes(row, import_.identifier, "object_type_id", "object_id"),
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
