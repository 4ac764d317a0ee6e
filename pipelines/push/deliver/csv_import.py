"""Sends rows as an import: a CSV file instead of many batches.

    items -> CSV -> staged -> import started -> polled -> reports -> rows

Rows that Customer.io's error report names are rejected with its reasons; rows of the warning report are
accepted, and the warnings kept. An import that does not end leaves its rows unknown, so that they are sent
again: an import sets a state instead of changing it.
"""

import csv
import io
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from pipelines.errors import EltError
from pipelines.push.context import PushContext
from pipelines.push.deliver.batch import Batch
from pipelines.push.deliver.staging import staged
from pipelines.push.deliver.throttle import Throttle
from pipelines.push.deliver.track_api import Rejection, SendResult
from pipelines.push.journal.log import Item
from pipelines.push.spec.item import attributes_of, comparable
from pipelines.push.spec.spec import PushSpec
from sources.customerio.client import BadAnswer, RetryLater, reading_answers

DEADLINE_S = 6 * 3600.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_ENDED = ("imported", "failed", "canceled")
_Cells = dict[str, str]


class CsvImport:
    """Sends the batches of one push as imports.

    Args:
        context: The push.
        throttle: Counts the requests.
        pause: Waits for that many seconds between two polls.
    """

    def __init__(
        self, context: PushContext, throttle: Throttle, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = context.client.watching(throttle.record)
        self._spec = context.spec
        self._pause = pause

    def send(self, batch: Batch) -> SendResult:
        """Import a batch, and read the reports."""
        rows = {item.seq: _cells(item, self._spec) for item in batch.items}
        # Several machines and workspaces may share a store.
        name = f"{self._spec.sync}-{secrets.token_hex(8)}.csv"
        started = False
        try:
            with (
                staged(str(self._spec.deliver.staging), name, _csv(rows.values())) as link,
                reading_answers("`import`"),
            ):
                number = self._start(name, link)
                started = True
                record = self._poll(number)
                return self._result(record, number, rows)
        except EltError as error:
            state = "unknown" if started or error.ambiguous else "unsent"
            return SendResult(state=state, error=str(error), status=error.status, stop=error)

    def _start(self, name: str, link: str) -> int:
        spec = self._spec
        wanted = {
            "name": name,
            "data_file_url": link,
            "type": spec.kind.import_type,
            "identifier": spec.person.identifier if spec.person else None,
            "object_type_id": spec.object_type_id,
            "data_to_process": "only_existing" if spec.mode == "update_only" else "all",
        }
        body = {"import": {name: value for name, value in wanted.items() if value is not None}}
        return int(self._client.call("import", body=body).field("import")["id"])

    def _poll(self, number: int) -> dict[str, Any]:
        pause, waited = _FIRST_PAUSE_S, 0.0
        while True:
            answer = self._client.call("getImport", path={"import_id": number})
            record: dict[str, Any] = answer.field("import")
            if record["state"] in _ENDED:
                return record
            if waited >= DEADLINE_S:
                msg = f"The import {number} is still {record['state']} after {waited / 3600:.0f} hours."
                raise RetryLater(msg, operation="getImport", ambiguous=True)
            self._pause(pause)
            waited, pause = waited + pause, min(_LONGEST_PAUSE_S, 2 * pause)

    def _result(self, record: Mapping[str, Any], number: int, rows: Mapping[int, _Cells]) -> SendResult:
        if record["state"] != "imported":
            why = self._client.redacted(str(record.get("error") or record["state"]))
            msg = f"Customer.io did not finish the import {number}: {why}."
            raise BadAnswer(msg, operation="import")
        rejected = self._report(record, "error", rows)
        numbers = {seq for seq, *_ in rejected}
        warned = tuple(row for row in self._report(record, "warning", rows) if row[0] not in numbers)
        return SendResult(state="accepted", status=200, rejected=rejected, warned=warned)

    def _report(
        self, record: Mapping[str, Any], level: str, rows: Mapping[int, _Cells]
    ) -> tuple[Rejection, ...]:
        export = record.get(f"{level}_export_id")
        if export is None:
            return ()
        url = self._client.call("downloadExport", path={"export_id": export}).text("url")
        with TemporaryDirectory() as folder:
            file = Path(folder) / "report.csv"
            self._client.download(url, file)
            with file.open(encoding="utf-8-sig", newline="") as text:
                lines = csv.DictReader(text)
                named = tuple(_rows_of_report(lines, rows, _identifiers(self._spec), self._client.redacted))
        if not named:
            msg = f"The {level} report of the import names no row, so its rows count as unknown."
            raise BadAnswer(msg, operation="getImport")
        return named


def _identifiers(spec: PushSpec) -> tuple[str, ...]:
    """The columns of the file that identify a row."""
    person = (spec.person.identifier,) if spec.person else ()
    return (*(("object_id",) if spec.object_id else ()), *person)


def _cells(item: Item, spec: PushSpec) -> _Cells:
    """A row of the file: identifiers and attributes, as text."""
    payload = orjson.loads(item.body)
    identifiers = dict(payload["identifiers"])
    # A file has one object type, which the import names; a column of that name would be an attribute.
    identifiers.pop("object_type_id", None)
    for entry in payload.get("cio_relationships", ()):
        identifiers |= entry["identifiers"]
    attributes = attributes_of(payload, spec.kind.attributes)
    return {name: _cell(value) for name, value in {**attributes, **identifiers}.items()}


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _csv(rows: Iterable[_Cells]) -> bytes:
    rows = list(rows)
    header = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _rows_of_report(
    report: Iterable[Mapping[str, str]],
    rows: Mapping[int, _Cells],
    identifiers: tuple[str, ...],
    redact: Callable[[str], str],
) -> Iterable[Rejection]:
    """The rows that a report names, found by their identifiers; its other columns are not documented.

    Raises:
        BadAnswer: a line of it names no row of this file.
    """
    numbers = {_identity(row, identifiers): seq for seq, row in rows.items()}
    for line in report:
        seq = numbers.get(_identity(line, identifiers))
        if seq is None:
            msg = "A report of the import names a row that was not in the file; its rows count as unknown."
            raise BadAnswer(msg, operation="getImport")
        reason = line.get("reason") or line.get("error") or "named in the report"
        yield seq, redact(reason), None


def _identity(row: Mapping[str, str], identifiers: tuple[str, ...]) -> tuple[str, ...]:
    """The identifiers of a row; an address may come back in another case."""
    return tuple(comparable(name, (row.get(name) or "").strip()) for name in identifiers)
