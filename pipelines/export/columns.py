"""The columns of the warehouse that an export's file fills, and the headers of their cells.

Customer.io publishes no headers of its exports, so every column has several accepted spellings; case,
spaces and hyphens do not count where no header fits exactly. All cells are in `exported_*` as well.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipelines.export.csvfile import CsvFile
from pipelines.export.requests import METRICS
from pipelines.warehouse.sql import literal


def _text(cell: str) -> str:
    return f"nullif({cell}, '')"


def _as_is(cell: str) -> str:
    return cell


def _integer(cell: str) -> str:
    return f"try_cast({cell} AS BIGINT)"


def _moment(cell: str) -> str:
    """Unix seconds, from Unix seconds or from ISO 8601, in UTC if it names no zone."""
    # Most cells are empty, and a cast that fails is slow: only cells that are not empty are cast.
    date = f"epoch(try_cast({cell} AS TIMESTAMPTZ))::BIGINT"
    return f"CASE WHEN {cell} <> '' THEN coalesce(try_cast({cell} AS BIGINT), {date}) END"


def _truth(cell: str) -> str:
    return f"(lower({cell}) IN ('true', 't', '1', 'yes'))"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the warehouse, the headers that its cells may stand under, and the SQL of their type.

    With `exact`, a header of another case or spacing is another column.
    """

    name: str
    headers: tuple[str, ...]
    cast: Callable[[str], str] = _text
    exact: bool = False

    def cell(self, file: CsvFile) -> str | None:
        """SQL: the column's cell in that file; None if the file has none."""
        return file.exactly(self.headers[0]) if self.exact else file.column(self.headers)

    def sql(self, file: CsvFile) -> str:
        """The column from that file; null where the file has none."""
        cell = self.cell(file)
        return "NULL" if cell is None else self.cast(cell)


_CIO_ID = ("cio_id", "customer_cio_id", "cio id")
_EMAIL = ("email", "customer_email", "email_address")

# An attribute may be called `customer_id` or `Email`: these columns are a person's identifiers, and no other.
PERSON_KEY = Column(name="cio_id", headers=("cio_id",), exact=True)
PERSON = (
    # As the API shows it: '' where a person has none.
    Column(name="id", headers=("id",), cast=_as_is, exact=True),
    Column(name="unsubscribed", headers=("unsubscribed",), cast=_truth),
)
PERSON_IDENTIFIERS = tuple(
    Column(name=name, headers=(name,), exact=True) for name in ("cio_id", "email", "id")
)

DELIVERY_KEY = Column(name="id", headers=("delivery_id", "message_id", "id"))
DELIVERY = (
    Column(name="created", headers=("created", "created_at", "created_timestamp"), cast=_moment),
    Column(name="type", headers=("type", "delivery_type", "message_type", "channel")),
    Column(name="recipient", headers=("recipient", "recipient_address", "to")),
    Column(name="subject", headers=("subject", "email_subject")),
    Column(name="customer_id", headers=("customer_id", "person_id", "customer")),
    Column(name="failure_message", headers=("failure_message", "failure_reason", "failure")),
    Column(name="campaign_id", headers=("campaign_id", "campaign"), cast=_integer),
    Column(name="action_id", headers=("action_id", "action"), cast=_integer),
    Column(name="parent_action_id", headers=("parent_action_id",), cast=_integer),
    Column(name="newsletter_id", headers=("newsletter_id", "newsletter"), cast=_integer),
    Column(name="content_id", headers=("content_id", "variation_id"), cast=_integer),
    Column(name="broadcast_id", headers=("broadcast_id", "broadcast"), cast=_integer),
    Column(name="trigger_event_id", headers=("trigger_event_id", "event_id")),
    Column(
        name="transactional_message_id",
        headers=("transactional_message_id", "transactional_id"),
        cast=_integer,
    ),
    Column(
        name="msg_template_id",
        headers=("msg_template_id", "message_template_id", "template_id"),
        cast=_integer,
    ),
)
DELIVERY_IDENTIFIERS = (
    Column(name="cio_id", headers=_CIO_ID),
    Column(name="email", headers=_EMAIL),
    Column(name="id", headers=("customer_id", "person_id")),
)
_METRIC_HEADERS = tuple(
    (name, (name, f"{name}_at", f"{name}_timestamp", f"metrics.{name}")) for name in METRICS
)


def person_columns(file: CsvFile) -> dict[str, str]:
    """Columns of `people` besides its key, as SQL; null where the file has no such column.

    `attributes` are the cells that are not empty, by header in order, as the API shows a profile: so the
    same person is the same text in any order of the file's columns.
    """
    by_name = sorted(range(len(file.names)), key=lambda place: file.names[place])
    return {
        **{column.name: column.sql(file) for column in PERSON},
        "identifiers": _identifiers(file, PERSON_IDENTIFIERS),
        "attributes": file.json(by_name, filled=True),
    }


def delivery_columns(file: CsvFile) -> dict[str, str]:
    """Columns of `messages` besides its key, as SQL; `metrics` has those with a time."""
    cells = [(name, file.column(headers)) for name, headers in _METRIC_HEADERS]
    pairs = [f"'\"{name}\":' || {_moment(cell)}" for name, cell in cells if cell is not None]
    return {
        **{column.name: column.sql(file) for column in DELIVERY},
        "customer_identifiers": _identifiers(file, DELIVERY_IDENTIFIERS),
        "metrics": f"('{{' || concat_ws(',', {', '.join(pairs)}) || '}}')::JSON" if pairs else "NULL",
    }


def _identifiers(file: CsvFile, columns: Iterable[Column]) -> str:
    """A JSON object of the identifiers that the file has columns for; null if all are empty."""
    present = {column.name: column.sql(file) for column in columns if column.cell(file)}
    if not present:
        return "NULL"
    pairs = ", ".join(f"{literal(name)}, {cell}" for name, cell in present.items())
    # A suppressed person has no identifiers, as in the API's `null`.
    return f"CASE WHEN coalesce({', '.join(present.values())}) IS NOT NULL THEN json_object({pairs}) END"
