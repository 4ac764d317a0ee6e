"""Imports: CSV files that Customer.io downloads and applies row by row.

    preprocessing -> preprocessed -> validating -> validated -> importing -> imported | failed

The file is downloaded at once, in a thread; the state follows the clock, and rows are applied in chunks, one
at each request. Rows with errors or warnings are listed in two reports, which are exports.
"""

import csv
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sources.customerio.sandbox.state.store.errors import BadRequest, NotFound
from sources.customerio.sandbox.state.store.people import Record
from sources.permissions import make_private_file

TYPES = ("people", "event", "object", "relationship")
IDENTIFIERS = ("id", "email", "cio_id")
AMOUNTS = ("all", "only_new", "only_existing")
FIRST_ID = 31
# (share of its duration, the state until then).
_STATES = ((0.2, "preprocessing"), (0.3, "preprocessed"), (0.5, "validating"), (0.6, "validated"))
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TIMEOUT_S, _BLOCK = 10, 1 << 20

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row in a report; `number` 1 is the first row below the header (unverified)."""

    number: int
    reason: str
    row: Row


class DataFile:
    """The CSV of an import, downloaded in a thread: from https, or from http on loopback."""

    def __init__(self, url: str, path: Path, identifier: str) -> None:
        self.error: str | None = None
        self.rows = 0
        self.header: tuple[str, ...] = ()
        self._path = path
        self._identifier = identifier
        self._fetched = threading.Event()
        threading.Thread(target=self._fetch, args=(url,), name=path.name, daemon=True).start()

    @property
    def is_fetched(self) -> bool:
        """True once the file is downloaded, or has failed to be."""
        return self._fetched.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the file is downloaded or has failed to be; False if that takes longer."""
        return self._fetched.wait(timeout_s)

    def read(self) -> Iterator[Row]:
        """The rows, each a dict of header to cell."""
        with self._path.open(encoding="utf-8-sig", newline="") as text:
            for row in csv.DictReader(text):
                yield {name: value or "" for name, value in row.items() if name}

    def _fetch(self, url: str) -> None:
        try:
            _download(url, self._path)
            self._inspect()
        except (OSError, ValueError, csv.Error, urllib.error.URLError) as error:
            self.error = f"The data file could not be read: {error}"
        self._fetched.set()

    def _inspect(self) -> None:
        with self._path.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text)
            self.header = tuple(reader.fieldnames or ())
            if self._identifier not in self.header:
                msg = f"it has no column {self._identifier}"
                raise ValueError(msg)
            self.rows = sum(bool(row[self._identifier]) for row in reader)


@dataclass(kw_only=True)
class Import:
    """One import: its definition (the body's `import`), its file and its progress."""

    id: int
    created_at: int
    takes_s: int
    definition: Record
    file: DataFile
    error: str | None = None
    imported: int = 0
    updated_at: int = 0
    ended: bool = False
    errors: list[ReportRow] = field(default_factory=list)
    warnings: list[ReportRow] = field(default_factory=list)
    reports: dict[str, int] = field(default_factory=dict)  # "error" and "warning" to the export's id
    rows: Iterator[tuple[int, Row]] | None = None

    @property
    def identifier(self) -> str:
        """The column that identifies a row's person or object."""
        return _identifier(self.definition)

    def is_due(self, now: int) -> bool:
        """True if its rows can be applied now."""
        return not self.ended and self.file.is_fetched and now >= self.created_at + self.takes_s

    def state(self, now: int) -> str:
        """The state at an instant."""
        if self.ended:
            return "failed" if self.error else "imported"
        share = (now - self.created_at) / max(self.takes_s, 1) if self.file.is_fetched else 0.0
        return next((state for until, state in _STATES if share < until), "importing")

    def record(self, now: int) -> Record:
        """The import as the API shows it, without its reports."""
        definition = self.definition
        amount = definition.get("data_to_process") or definition.get("people_to_process") or "all"
        row: Record = {
            "id": self.id,
            "created_at": self.created_at,
            "updated_at": self.updated_at or self.created_at,
            "name": definition["name"],
            "description": definition.get("description", ""),
            "rows_to_import": self.file.rows if self.file.is_fetched else 0,
            "rows_imported": self.imported,
            "state": self.state(now),
            "type": definition["type"],
            "data_to_process": amount,
        }
        if definition["type"] != "object":
            row["identifier"] = definition["identifier"]
        if definition["type"] in ("people", "event"):
            row["people_to_process"] = amount
        if definition.get("object_type_id") is not None:
            row["object_type_id"] = str(definition["object_type_id"])
        if self.error is not None:
            row["error"] = self.error
        return row


class Imports:
    """The imports of a workspace, oldest first."""

    def __init__(self) -> None:
        self._imports: dict[int, Import] = {}

    def __iter__(self) -> Iterator[Import]:
        return iter(self._imports.values())

    def create(self, given: object, folder: Path, *, at: int, takes_s: int, fails: bool) -> Import:
        """Create an import and begin to download its file.

        Raises:
            BadRequest: the definition is incomplete or has a value that is not allowed.
        """
        checked = _checked(given)
        import_id = FIRST_ID + len(self._imports)
        file = DataFile(checked["data_file_url"], folder / f"import-{import_id}.csv", _identifier(checked))
        created = Import(id=import_id, created_at=at, takes_s=takes_s, definition=checked, file=file)
        if fails:
            created.error = "The import was stopped by an internal error."
        self._imports[import_id] = created
        return created

    def get(self, import_id: int) -> Import:
        """One import; NotFound if there is no such id."""
        if import_id not in self._imports:
            msg = f"import with id {import_id} does not exist"
            raise NotFound(msg)
        return self._imports[import_id]


def _identifier(given: Record) -> str:
    return "object_id" if given["type"] == "object" else str(given["identifier"])


def _checked(given: object) -> Record:
    """The body's `import` if it is complete; the file is validated later, once it is downloaded [spec25]."""
    if not isinstance(given, dict):
        msg = "import is required"
        raise BadRequest(msg)
    needed = {"name", "data_file_url", "type"}
    needed |= {"object_type_id"} if given.get("type") == "object" else {"identifier"}
    missing = sorted(name for name in needed if given.get(name) in (None, ""))
    if missing:
        msg = f"import needs {', '.join(missing)}"
        raise BadRequest(msg)
    allowed = {
        "type": TYPES,
        "identifier": IDENTIFIERS if given["type"] == "relationship" else IDENTIFIERS[:2],
        "data_to_process": (AMOUNTS[0], AMOUNTS[2]) if given["type"] == "event" else AMOUNTS,
    }
    for name, values in allowed.items():
        if given.get(name) is not None and given[name] not in values:
            msg = f"{name} must be one of {', '.join(values)}"
            raise BadRequest(msg)
    return given


def _download(url: str, path: Path) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        msg = "it must be at an https URL"
        raise ValueError(msg)
    handlers = [urllib.request.ProxyHandler({})] if parts.hostname in _LOOPBACK else []
    opener = urllib.request.build_opener(*handlers)
    make_private_file(path)
    with opener.open(url, timeout=_TIMEOUT_S) as response, path.open("wb") as file:
        while block := response.read(_BLOCK):
            file.write(block)
