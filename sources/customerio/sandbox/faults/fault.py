"""What to break, as rows: each names the calls it is for and what becomes of their answers."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

STORAGE = "storage"
"""The downloads of export files, as the operation of a fault; the API itself has none for them."""

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
    """One thing that goes wrong.

    `operation` is an operation id, None for every call, or `storage` for downloads of export files. The first
    `after` matching calls are spared, then `times` are hit (None: all of them, until the faults are cleared).
    What happens to a hit call:

    - `status`: it is answered with that error; `retry_after` adds the header, `detail` changes the words;
    - `drop_connection`: the connection is cut before any answer;
    - `truncate`: the connection is cut in the middle of the body;
    - `cut_at`: a file's connection is cut at that share of the file, whatever part of it was asked for, and
      `stall_ms` is how long nothing comes before the cut (operation `storage` alone);
    - `advance_s`: the clock moves on by that much while a file is sent, as in a long download
      (operation `storage` alone);
    - `delay_ms`: the answer comes that much later;
    - `empty_page`: the page has no rows but a `next` that leads to them;
    - `null_rows`: a list without rows is null instead of [];
    - `give_fields`: every row of the page has these values, by the field's name or, inside of an object, by
      `object.field`: a field that is new, one of another type, a channel or a metric that nobody knew;
      Customer.io adds them without notice;
    - `drop_fields`: no row of the page has these fields;
    - `drop_items`: the operations at these places of a Track batch (0 is the first, and that of a call that
      has one) are accepted and then lost, which shows in the activities alone;
    - `refuse_items`: the operations at these places of a Track batch are refused, with 207;
    - `then_delete`: once it is answered, (kind, id) is deleted, as when somebody deletes a campaign between
      a reader's list and its child call.
    """

    operation: str | None = None
    status: int | None = None
    times: int | None = 1
    after: int = 0
    retry_after: str | None = None
    detail: str | None = None
    drop_connection: bool = False
    truncate: bool = False
    cut_at: float | None = None
    stall_ms: int = 0
    advance_s: int = 0
    delay_ms: int = 0
    empty_page: bool = False
    null_rows: bool = False
    give_fields: Mapping[str, Any] = field(default_factory=dict)
    drop_fields: tuple[str, ...] = ()
    drop_items: tuple[int, ...] = ()
    refuse_items: tuple[int, ...] = ()
    then_delete: tuple[str, str] | None = None

    @property
    def cuts(self) -> bool:
        """Whether a file's connection is cut before its end."""
        return self.truncate or self.cut_at is not None

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Fault":
        """A fault from a control call's JSON; ValueError naming the keys if one is unknown."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(given) - known)
        if unknown:
            msg = f"A fault has no {', '.join(unknown)}; it has {', '.join(sorted(known))}."
            raise ValueError(msg)
        if given.get("then_delete") is not None:
            kind, record_id = given["then_delete"]
            given = {**given, "then_delete": (str(kind), str(record_id))}
        for name in ("drop_items", "refuse_items"):
            if name in given:
                given = {**given, name: tuple(int(place) for place in given[name])}
        if "drop_fields" in given:
            given = {**given, "drop_fields": tuple(map(str, given["drop_fields"]))}
        if given.get("retry_after") is not None:
            given = {**given, "retry_after": str(given["retry_after"])}
        return cls(**given)


class Faults:
    """The faults in force, and how often each has hit."""

    def __init__(self) -> None:
        self._rows: list[Fault] = []
        self._seen: list[int] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._rows))

    def add(self, *faults: Fault) -> None:
        """Put faults in force; earlier ones are asked first."""
        with self._lock:
            self._rows.extend(faults)
            self._seen.extend(0 for _ in faults)

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._rows.clear()
            self._seen.clear()

    def strike(self, operation: str | None) -> list[Fault]:
        """The faults that hit this call; each call counts once for every fault that is for it."""
        with self._lock:
            return list(self._strike(operation))

    def _strike(self, operation: str | None) -> Iterable[Fault]:
        for index, fault in enumerate(self._rows):
            if fault.operation != operation and (fault.operation is not None or operation == STORAGE):
                continue
            self._seen[index] += 1
            turn = self._seen[index] - fault.after
            if turn > 0 and (fault.times is None or turn <= fault.times):
                yield fault

    def describe(self) -> list[dict[str, Any]]:
        """The faults and their counts, for the control page."""
        return [{**asdict(row), "calls": seen} for row, seen in zip(self._rows, self._seen, strict=True)]
