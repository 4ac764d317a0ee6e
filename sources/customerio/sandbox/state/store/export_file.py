"""What an export's file holds: header and cells, as of the moment when it is ordered.

A snapshot copies the people as they are at that moment. Of deliveries it keeps the rows alone: what is seen
of a row depends on nothing but the clock, so its cells can be made when the file is written, whatever has
happened since.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.customerio.sandbox.state.store.deliveries import Deliveries
from sources.customerio.sandbox.state.store.delivery_view import DeliveryRecords
from sources.customerio.sandbox.state.store.exports import Cells
from sources.customerio.sandbox.state.store.ids import DeliveryIds
from sources.customerio.sandbox.state.store.people import IDENTIFIERS, People, Person, Record

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
