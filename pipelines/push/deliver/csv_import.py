"""The import lane: a CSV file instead of many batches.

    items -> CSV -> staged -> import ordered -> waited for -> reports -> rows

The rows that Customer.io's error report names are rejected, with its reasons; what the warning report says is
kept beside rows that were accepted. An import that does not come to its end leaves its rows unknown, so they
are sent again: an import says what shall be, not what shall change.
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
from pipelines.push.confirm.read_back import attributes_of
from pipelines.push.deliver.batch import Item, Packed
from pipelines.push.deliver.staging import staged
from pipelines.push.deliver.track_api import Rejected, Sent
from pipelines.push.plan.payload import STORED
from pipelines.push.plan.transport import IMPORT_TYPES
from pipelines.push.spec.spec import PushSpec
from sources.customerio.client import BadAnswer, Client, RetryLater

DEADLINE_S = 6 * 3600.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_LONGEST = 300
_Cells = dict[str, str]


class Importer:
    """Sends rows as imports.

    Args:
        client: The client of the App API.
        declaration: The sync.
        pause: Waits for that many seconds between two looks.
    """

    def __init__(
        self, client: Client, declaration: PushSpec, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._declaration = declaration
        self._pause = pause

    def send(self, packed: Packed) -> Sent:
        """Have it imported, and read the reports."""
        rows = {item.seq: cells(item, self._declaration) for item in packed.items}
        # Several machines and workspaces may share a store.
        name = f"{self._declaration.sync}-{secrets.token_hex(8)}.csv"
        ordered = False
        try:
            with staged(str(self._declaration.deliver.staging), name, _csv(rows.values())) as link:
                number = self._order(name, link)
                ordered = True
                record = self._wait(number)
            if record["state"] != "imported":
                why = record.get("error") or record["state"]
                msg = f"Customer.io did not finish the import {number}: {why}."
                raise BadAnswer(msg, operation="import")
            rejected = self._report(record, "error", rows)
            refused = {seq for seq, *_ in rejected}
            warned = tuple(each for each in self._report(record, "warning", rows) if each[0] not in refused)
            return Sent(state="accepted", status=200, rejected=rejected, warned=warned)
        except EltError as error:
            unknown = ordered or error.ambiguous
            return Sent(
                state="unknown" if unknown else "unsent", error=str(error), status=error.status, stop=error
            )

    def _order(self, name: str, link: str) -> int:
        declaration = self._declaration
        wanted = {
            "name": name,
            "data_file_url": link,
            "type": IMPORT_TYPES[declaration.object],
            "identifier": declaration.person.kind if declaration.person else None,
            "object_type_id": declaration.object_type_id,
            "data_to_process": "only_existing" if declaration.mode == "update_only" else "all",
        }
        body = {"import": {name: value for name, value in wanted.items() if value is not None}}
        return int(self._client.call("import", body=body).json()["import"]["id"])

    def _wait(self, number: int) -> dict[str, Any]:
        pause, waited = _FIRST_PAUSE_S, 0.0
        while True:
            record: dict[str, Any] = self._client.call("getImport", path={"import_id": number}).json()[
                "import"
            ]
            if record["state"] in ("imported", "failed", "canceled"):
                return record
            if waited >= DEADLINE_S:
                msg = f"The import {number} is still {record['state']} after {waited / 3600:.0f} hours."
                raise RetryLater(msg, operation="getImport", ambiguous=True)
            self._pause(pause)
            waited, pause = waited + pause, min(_LONGEST_PAUSE_S, 2 * pause)

    def _report(
        self, record: Mapping[str, Any], kind: str, rows: Mapping[int, _Cells]
    ) -> tuple[Rejected, ...]:
        export = record.get(f"{kind}_export_id")
        if export is None:
            return ()
        url = self._client.call("downloadExport", path={"export_id": export}).json()["url"]
        with TemporaryDirectory() as folder:
            file = Path(folder) / "report.csv"
            self._client.download(url, file)
            with file.open(encoding="utf-8-sig", newline="") as text:
                return tuple(_named(csv.DictReader(text), rows, self._key_columns()))

    def _key_columns(self) -> tuple[str, ...]:
        declaration = self._declaration
        person = (declaration.person.kind,) if declaration.person else ()
        return (*(("object_id",) if declaration.object_id else ()), *person)


def cells(item: Item, declaration: PushSpec) -> _Cells:
    """A row of the file: identifiers and attributes, as text."""
    payload = orjson.loads(item.body)
    named = dict(payload["identifiers"])
    if declaration.object == "object":
        # A file has one type, which the order names; a column of that name would be an attribute.
        del named["object_type_id"]
    for entry in payload.get("cio_relationships", ()):
        named |= entry["identifiers"]
    return {
        name: _cell(value)
        for name, value in {**attributes_of(payload, STORED[declaration.object]), **named}.items()
    }


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


def _named(
    report: Iterable[Mapping[str, str]], rows: Mapping[int, _Cells], key: tuple[str, ...]
) -> Iterable[Rejected]:
    """The rows that a report names, by what they are about; its own columns are not documented.

    Raises:
        BadAnswer: a line of it names no row of ours.
    """
    numbers = {_folded(row, key): seq for seq, row in rows.items()}
    for line in report:
        seq = numbers.get(_folded(line, key))
        if seq is None:
            msg = "A report of the import names a row that was not in the file; its rows count as unknown."
            raise BadAnswer(msg, operation="getImport")
        yield seq, (line.get("reason") or line.get("error") or "named in the report")[:_LONGEST], None


def _folded(row: Mapping[str, str], key: tuple[str, ...]) -> tuple[str, ...]:
    """What a row is about; an address may come back in another case."""
    cells = {name: (row.get(name) or "").strip() for name in key}
    return tuple(cell.lower() if name == "email" else cell for name, cell in cells.items())
