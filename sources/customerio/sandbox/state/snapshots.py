"""What an export's file holds: header and cells, as of the moment when it is ordered."""

from collections.abc import Iterable, Sequence
from typing import Any

from sources.customerio.sandbox.state.exports import Cells
from sources.customerio.sandbox.state.people import IDENTIFIERS, Person, Record

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


def people_cells(people: Sequence[Person], attributes: Sequence[str] | None) -> tuple[Cells, list[Cells]]:
    """One column per attribute, headers verbatim: `Name` and `name` are two columns [keboola]."""
    if attributes is None:
        names = sorted({name for person in people for name in person.attributes})
    else:
        names = [name for name in dict.fromkeys(attributes) if name not in IDENTIFIERS]
    header = (*IDENTIFIERS, *names)
    return header, [tuple(person.attribute(name) or "" for name in header) for person in people]


def delivery_cells(
    records: Iterable[tuple[Record, Person | None]],
    columns: Sequence[tuple[str, str]],
    attributes: Sequence[str],
) -> tuple[Cells, list[Cells]]:
    """The given columns, and behind them one for each attribute that was asked for."""
    header = (*(name for name, _ in columns), *attributes)
    paths = [(first, second) for first, _, second in (path.partition(".") for _, path in columns)]
    cells = []
    for record, person in records:
        values = [_cell(record, first, second) for first, second in paths]
        values += [(person.attribute(name) or "") if person else "" for name in attributes]
        cells.append(tuple(values))
    return header, cells


def _cell(record: Record, first: str, second: str) -> str:
    value: Any = record.get(first)
    if second:
        value = value.get(second) if value else None
    return "" if value is None else str(value)
