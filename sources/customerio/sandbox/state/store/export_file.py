"""Files of exports: header and cells as of the moment when the export was created, and the CSV on disk.

A snapshot of people copies them. A snapshot of deliveries keeps row numbers: the visible cells of a row
depend on the clock alone, so they can be made when the file is written.
"""

import csv
import gzip
import io
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.deliveries import Deliveries
from sources.customerio.sandbox.state.store.delivery_view import DeliveryView
from sources.customerio.sandbox.state.store.ids import WorkspaceIds
from sources.customerio.sandbox.state.store.people import IDENTIFIERS, People, Person, Record
from sources.permissions import make_private_file

Cells = tuple[str, ...]

# (header, field). Customer.io publishes no headers of deliveries exports; a knob, `delivery_columns`, sets
# others.
DELIVERY_COLUMNS: tuple[tuple[str, str], ...] = (
    ("delivery_id", "id"),
    ("type", "type"),
    ("created", "created"),
    ("recipient", "recipient"),
    ("subject", "subject"),
    ("customer_id", "customer_id"),
    ("cio_id", "customer_identifiers.cio_id"),
    ("email", "customer_identifiers.email"),
    ("campaign_id", "campaign_id"),
    ("action_id", "action_id"),
    ("newsletter_id", "newsletter_id"),
    ("content_id", "content_id"),
    ("broadcast_id", "broadcast_id"),
    ("transactional_message_id", "transactional_message_id"),
    ("sent", "metrics.sent"),
    ("delivered", "metrics.delivered"),
    ("opened", "metrics.opened"),
    ("human_opened", "metrics.human_opened"),
    ("clicked", "metrics.clicked"),
    ("converted", "metrics.converted"),
    ("bounced", "metrics.bounced"),
    ("dropped", "metrics.dropped"),
    ("failed", "metrics.failed"),
    ("unsubscribed", "metrics.unsubscribed"),
    ("failure_message", "failure_message"),
)
# Records that are made at a time.
_CHUNK = 5000
# Files of up to so many rows are written at once, larger ones in a thread of their own.
_WRITTEN_AT_ONCE = 20_000

# An attribute's value may be longer than the 128 KiB at which Python's reader gives up.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(kw_only=True)
class ExportOptions:
    """Options of making exports: ready after `takes_s` seconds, gzipped or not, with these delivery columns.

    `fails` makes the export fail; `keeps` is the share of the file's bytes that storage has, below 1 it is
    truncated; `miscounts` is what `total` says beyond the file's rows.
    """

    takes_s: int = 30
    gzipped: bool = False
    fails: bool = False
    keeps: float = 1.0
    miscounts: int = 0
    delivery_columns: Sequence[tuple[str, str]] = DELIVERY_COLUMNS


class Snapshot(Protocol):
    """The rows of an export as of its creation."""

    header: Cells

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Cells]: ...


class ExportFile:
    """A CSV file on disk; `keeps` is the share of its bytes that storage has, below 1 it is truncated."""

    def __init__(self, snapshot: Snapshot, path: Path, *, gzipped: bool = False, keeps: float = 1.0) -> None:
        self.path = path
        self._gzipped = gzipped
        self._keeps = keeps
        self._written = threading.Event()
        if len(snapshot) <= _WRITTEN_AT_ONCE:
            self._write(snapshot)
        else:
            threading.Thread(target=self._write, args=(snapshot,), name=path.name, daemon=True).start()

    @property
    def is_written(self) -> bool:
        """True once the file is complete."""
        return self._written.is_set()

    @cached_property
    def size(self) -> int:
        """The number of bytes that storage has."""
        return int(self.path.stat().st_size * self._keeps)

    @cached_property
    def etag(self) -> str:
        """The entity tag of the file, which is written once."""
        return f'"{self.path.stat().st_mtime_ns:x}-{self.size:x}"'

    def rows(self) -> Iterator[dict[str, str]]:
        """The rows as written, each a dict of header to cell."""
        opener = gzip.open if self._gzipped else open
        with opener(self.path, "rt", encoding="utf-8", newline="") as text:
            yield from csv.DictReader(text)

    def _write(self, snapshot: Snapshot) -> None:
        with _written(self.path, self._gzipped) as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(snapshot.header)
            writer.writerows(snapshot)
        self._written.set()


@contextmanager
def _written(path: Path, gzipped: bool) -> Iterator[TextIO]:
    make_private_file(path)
    with path.open("wb") as raw:
        if not gzipped:
            with io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
                yield text
            return
        with (
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
        ):
            yield text


class PeopleSnapshot:
    """People: one column for each attribute, verbatim; `Name` and `name` are two columns [keboola]."""

    def __init__(self, people: Iterable[Person], attributes: Sequence[str] | None) -> None:
        """`attributes` are the columns beside the identifiers; None takes every attribute of the people."""
        self._people = [_copy(person) for person in people]
        if attributes is None:
            names = sorted({name for person in self._people for name in person.attributes})
        else:
            names = [name for name in dict.fromkeys(attributes) if name not in IDENTIFIERS]
        self.header: Cells = (*IDENTIFIERS, *names)

    def __len__(self) -> int:
        return len(self._people)

    def __iter__(self) -> Iterator[Cells]:
        for person in self._people:
            yield tuple(person.attribute(name) or "" for name in self.header)


class DeliveriesSnapshot:
    """Deliveries: the given columns, then one for each attribute that was asked for."""

    def __init__(
        self,
        deliveries: Deliveries,
        people: People,
        ids: WorkspaceIds,
        *,
        rows: NDArray[np.int64],
        now: int,
        columns: Sequence[tuple[str, str]],
        attributes: Sequence[str],
    ) -> None:
        """Take the row numbers of deliveries, and `now`, the instant whose metrics are shown."""
        self._rows = rows
        self._now = now
        self._attributes = tuple(attributes)
        self._numbers = deliveries.columns["person"][rows]
        self._people = _copy_of(people, np.unique(self._numbers).tolist())
        self._view = DeliveryView(deliveries, self._people, ids)
        self._paths = [(first, second) for first, _, second in (path.partition(".") for _, path in columns)]
        self.header: Cells = (*(name for name, _ in columns), *attributes)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Cells]:
        for start in range(0, len(self), _CHUNK):
            some = slice(start, start + _CHUNK)
            records = self._view.records(self._rows[some], self._now)
            for record, number in zip(records, self._numbers[some].tolist(), strict=True):
                yield self._cells(record, self._people.get(number))

    def _cells(self, record: Record, person: Person | None) -> Cells:
        values = [_cell(record, first, second) for first, second in self._paths]
        values += [(person.attribute(name) or "") if person else "" for name in self._attributes]
        return tuple(values)


def _copy(person: Person) -> Person:
    return replace(person, attributes=dict(person.attributes), former_emails=list(person.former_emails))


def _copy_of(people: People, numbers: Sequence[int]) -> People:
    """A copy of those people, and of the tombstones of the removed ones."""
    some = People()
    for number in numbers:
        person = people.get(number)
        if person is not None:
            some.add(_copy(person))
        elif number in people.tombstones:
            some.tombstones[number] = people.tombstones[number]
    return some


def _cell(record: Record, first: str, second: str) -> str:
    value: Any = record.get(first)
    if second:
        value = value.get(second) if value else None
    return "" if value is None else str(value)
