"""Faults as rows: each has the calls that it applies to, and the change of their answers."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any

STORAGE = "storage"
"""The operation name of downloads of export files, which are no operation of the API."""

NO_PATH: Mapping[str, str] = MappingProxyType({})
"""The path parameters of a call that has none."""

# Customer.io's own words where they are known [spec26][airbyte].
DETAILS = {
    400: "bad request",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    408: "request timeout",
    429: "rate limited to 10 requests per 1s",
    500: "internal server error",
    502: "bad gateway",
    503: "service unavailable",
    504: "gateway timeout",
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    `operation` is an operation id, None for every call, or `storage` for downloads of export files; `path`
    narrows it to calls with these values in their path, such as {"campaign_id": 7}. The first
    `after` matching calls are spared, then `times` are hit (None: all of them, until the faults are cleared).
    The effects on a hit call:

    - `status`: the answer is that error; `retry_after` adds the header, `detail` replaces the message;
    - `document`: the answer is a 200 with that JSON document, as `{}` or `[]`, in place of its own;
    - `text`: the body is that text and no JSON, as of a proxy's page; the status is `status`, or 200;
    - `date_off_s`: the `Date` header is ahead by that much, or behind if negative;
    - `drop_connection`: the connection is cut before any answer;
    - `truncate`: the connection is cut in the middle of the body;
    - `cut_at`: a file's connection is cut at that share of the file, also in answers to range requests, after
      a pause of `stall_ms` (operation `storage` alone);
    - `advance_s`: the clock moves forward by that much while a file is sent, as in a long download
      (operation `storage` alone);
    - `delay_ms`: the answer is delayed by that much;
    - `empty_page`: the page has no rows but a `next` that leads to them;
    - `null_rows`: a list without rows is null instead of [];
    - `repeat_rows`: the page has all its rows twice;
    - `give_fields`: every row of the page has these values, by field or, inside an object, by
      `object.field`: a new field, another type, a new channel or metric, which Customer.io adds
      without notice;
    - `drop_fields`: no row of the page has these fields;
    - `at_rows`: `give_fields` and `drop_fields` change the rows at these places of the page alone (0 is the
      first);
    - `drop_rows`: the page lacks the rows at these places, as an answer that is cut short and still JSON;
    - `ignore_query`: the call goes as if these parameters of its query were not sent, as behind a proxy that
      drops them;
    - `raw_records`: the page begins with these records, each the text of its JSON, which is sent as it is:
      `null`, a number, an object without id, nested thousands deep, half a surrogate pair, an integer of a
      hundred digits. In Python, U+DC80 to U+DCFF stand for the bytes 80 to FF, such as Latin-1 text;
    - `drop_items`: the operations at these places of a Track batch (0 is the first, and that of a call that
      has one) are accepted and then lost, which the activities alone show;
    - `refuse_items`: the operations at these places of a Track batch are refused, with 207;
    - `then_delete`: after the answer, (kind, id) is deleted, as when a campaign is deleted between a reader's
      list and its child call.
    """

    operation: str | None = None
    path: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None
    times: int | None = 1
    after: int = 0
    retry_after: str | None = None
    detail: str | None = None
    document: Any = None
    text: str | None = None
    date_off_s: int = 0
    drop_connection: bool = False
    truncate: bool = False
    cut_at: float | None = None
    stall_ms: int = 0
    advance_s: int = 0
    delay_ms: int = 0
    empty_page: bool = False
    null_rows: bool = False
    repeat_rows: bool = False
    give_fields: Mapping[str, Any] = field(default_factory=dict)
    drop_fields: tuple[str, ...] = ()
    at_rows: tuple[int, ...] = ()
    drop_rows: tuple[int, ...] = ()
    ignore_query: tuple[str, ...] = ()
    raw_records: tuple[str, ...] = ()
    drop_items: tuple[int, ...] = ()
    refuse_items: tuple[int, ...] = ()
    then_delete: tuple[str, str] | None = None

    @property
    def cuts(self) -> bool:
        """True if a file's connection is cut before its end."""
        return self.truncate or self.cut_at is not None

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Fault":
        """A fault from the JSON of a control call; ValueError if a key is unknown."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(given) - known)
        if unknown:
            msg = f"A fault has no {', '.join(unknown)}; it has {', '.join(sorted(known))}."
            raise ValueError(msg)
        if given.get("then_delete") is not None:
            kind, record_id = given["then_delete"]
            given = {**given, "then_delete": (str(kind), str(record_id))}
        for name in ("at_rows", "drop_rows", "drop_items", "refuse_items"):
            if name in given:
                given = {**given, name: tuple(int(place) for place in given[name])}
        for name in ("drop_fields", "ignore_query", "raw_records"):
            if name in given:
                given = {**given, name: tuple(map(str, given[name]))}
        if given.get("retry_after") is not None:
            given = {**given, "retry_after": str(given["retry_after"])}
        return cls(**given)


class Faults:
    """The faults in force, and the number of matching calls of each."""

    def __init__(self) -> None:
        self._rows: list[Fault] = []
        self._calls: list[int] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._rows))

    def add(self, *faults: Fault) -> None:
        """Put faults in force, after the earlier ones."""
        with self._lock:
            self._rows.extend(faults)
            self._calls.extend(0 for _ in faults)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._rows.clear()
            self._calls.clear()

    def hits(self, operation: str | None, path: Mapping[str, str] = NO_PATH) -> list[Fault]:
        """The faults that hit this call; the call is counted for each fault that matches it."""
        with self._lock:
            return list(self._hits(operation, path))

    def _hits(self, operation: str | None, path: Mapping[str, str]) -> Iterable[Fault]:
        for index, fault in enumerate(self._rows):
            if fault.operation != operation and (fault.operation is not None or operation == STORAGE):
                continue
            if any(path.get(name) != str(value) for name, value in fault.path.items()):
                continue
            self._calls[index] += 1
            turn = self._calls[index] - fault.after
            if turn > 0 and (fault.times is None or turn <= fault.times):
                yield fault

    def describe(self) -> list[dict[str, Any]]:
        """The faults with their `calls`, for the control routes."""
        return [{**asdict(row), "calls": calls} for row, calls in zip(self._rows, self._calls, strict=True)]
