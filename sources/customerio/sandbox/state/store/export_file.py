"""What an export's file holds: header and cells, as of the moment when it is ordered.

A snapshot copies the people as they are at that moment. Of deliveries it keeps the rows alone: what is seen
of a row depends on nothing but the clock, so its cells can be made when the file is written, whatever has
happened since.
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
from sources.customerio.sandbox.state.store.delivery_view import DeliveryRecords
from sources.customerio.sandbox.state.store.ids import DeliveryIds
from sources.customerio.sandbox.state.store.people import IDENTIFIERS, People, Person, Record

Cells = tuple[str, ...]

# (header, field). Customer.io publishes no headers of deliveries exports, so these can be set otherwise.
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
_RECORDS_AT_ONCE = 5000

# Files of so many rows are written when they are ordered; larger ones behind the scenes, over minutes.
_WRITTEN_AT_ONCE = 20_000

# An attribute's value may be longer than the 128 KiB at which Python's reader gives up.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(kw_only=True)
class ExportRules:
    """How files are made: seconds until one is ready, whether it is gzipped, and its deliveries columns.

    `keeps` is the share of its bytes that the store has in the end, and `miscounts` what `total` says beyond
    the file's rows.
    """

    takes_s: int = 30
    gzipped: bool = False
    fails: bool = False
    keeps: float = 1.0
    miscounts: int = 0
    delivery_columns: Sequence[tuple[str, str]] = DELIVERY_COLUMNS


class Snapshot(Protocol):
    """What was true when an export was ordered."""

    header: Cells

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Cells]: ...


class ExportFile:
    """A file on disk, which is served without being read whole.

    `keeps` is the share of its bytes that the store keeps: less than 1 makes a truncated file.
    """

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
    def is_there(self) -> bool:
        """Whether it is written."""
        return self._written.is_set()

    @cached_property
    def size(self) -> int:
        """How many bytes the store has."""
        return int(self.path.stat().st_size * self._keeps)

    @cached_property
    def etag(self) -> str:
        """What tells this file from any other; a file is written once."""
        return f'"{self.path.stat().st_mtime_ns:x}-{self.size:x}"'

    def rows(self) -> Iterator[dict[str, str]]:
        """The rows as they were written, header to cell."""
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
    """People: one column per attribute, headers verbatim, `Name` and `name` are two columns [keboola]."""

    def __init__(self, people: Iterable[Person], attributes: Sequence[str] | None) -> None:
        """`attributes` chooses the columns beside the identifiers; None takes every attribute there is."""
        self._people = [_copied(person) for person in people]
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
    """Deliveries: the given columns, and behind them one for each attribute that was asked for."""

    def __init__(
        self,
        deliveries: Deliveries,
        people: People,
        ids: DeliveryIds,
        *,
        rows: NDArray[np.int64],
        now: int,
        columns: Sequence[tuple[str, str]],
        attributes: Sequence[str],
    ) -> None:
        """`rows` as of the instant `now`."""
        self._rows = rows
        self._now = now
        self._attributes = tuple(attributes)
        self._numbers = deliveries.columns["person"][rows]
        self._people = _those(people, np.unique(self._numbers).tolist())
        self._records = DeliveryRecords(deliveries, self._people, ids)
        self._paths = [(first, second) for first, _, second in (path.partition(".") for _, path in columns)]
        self.header: Cells = (*(name for name, _ in columns), *attributes)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Cells]:
        for start in range(0, len(self), _RECORDS_AT_ONCE):
            some = slice(start, start + _RECORDS_AT_ONCE)
            records = self._records.of(self._rows[some], self._now)
            for record, number in zip(records, self._numbers[some].tolist(), strict=True):
                yield self._cells(record, self._people.get(number))

    def _cells(self, record: Record, person: Person | None) -> Cells:
        values = [_cell(record, first, second) for first, second in self._paths]
        values += [(person.attribute(name) or "") if person else "" for name in self._attributes]
        return tuple(values)


def _copied(person: Person) -> Person:
    return replace(person, attributes=dict(person.attributes), former_emails=list(person.former_emails))


def _those(people: People, numbers: Sequence[int]) -> People:
    """A copy of those people, and of what is remembered of those who left."""
    some = People()
    for number in numbers:
        person = people.get(number)
        if person is not None:
            some.put(_copied(person))
        elif number in people.gone:
            some.gone[number] = people.gone[number]
    return some


def _cell(record: Record, first: str, second: str) -> str:
    value: Any = record.get(first)
    if second:
        value = value.get(second) if value else None
    return "" if value is None else str(value)
