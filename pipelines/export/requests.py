"""Export requests: people, or the deliveries of one parent. Checked before they are sent.

Two requests are equal if their bodies are equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import orjson

from pipelines.errors import ConfigError
from pipelines.times import DAY, utc
from sources.customerio.catalogue import DELIVERY_METRIC_NAMES
from sources.customerio.catalogue.people_filter import ALL_PEOPLE

Kind = Literal["people", "deliveries"]

LONGEST_S = 366 * DAY
"""A deliveries export spans 12 months at most; of a longer range only the last 12 would come."""

METRICS = DELIVERY_METRIC_NAMES
"""The names in a delivery's `metrics` [live-airbyte]."""


@dataclass(frozen=True, kw_only=True)
class PeopleRequest:
    """People that `filters` matches, all by default; with all attributes, or those named.

    Raises:
        ConfigError: the filter has a wrong shape.
    """

    kind: ClassVar[Kind] = "people"
    operation: ClassVar[str] = "exportPeopleData"
    type: ClassVar[str] = "customers"
    table: ClassVar[str] = "exported_people"

    filters: Mapping[str, Any] = field(default_factory=lambda: ALL_PEOPLE)
    attributes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        _check_filter(self.filters)

    @property
    def body(self) -> dict[str, Any]:
        """The request's body; the key is `filters` here, `filter` in a search."""
        chosen = {} if self.attributes is None else {"attributes": list(self.attributes)}
        return {"filters": self.filters, **chosen}

    @property
    def subject(self) -> str:
        """The subject of the export, for a message."""
        return "people"

    @property
    def is_everybody(self) -> bool:
        """Checks if the file holds all people: then a person who is not in it is deleted."""
        return self.filters == ALL_PEOPLE


@dataclass(frozen=True, kw_only=True)
class DeliveriesRequest:
    """Deliveries of exactly one parent, created from `start` to `end` (Unix seconds, both included).

    `metric` keeps those that reached it; `drafts` adds drafts to what was sent; `attributes` adds columns.
    Without bounds Customer.io exports the last 6 months.

    Raises:
        ConfigError: not exactly one parent, half a range, a range that is too long, or an unknown metric.
    """

    kind: ClassVar[Kind] = "deliveries"
    operation: ClassVar[str] = "exportDeliveriesData"
    type: ClassVar[str] = "deliveries"
    table: ClassVar[str] = "exported_deliveries"

    campaign_id: int | None = None
    newsletter_id: int | None = None
    transactional_message_id: int | None = None
    action_id: int | None = None
    start: int | None = None
    end: int | None = None
    attributes: tuple[str, ...] | None = None
    metric: str | None = None
    drafts: bool = False

    def __post_init__(self) -> None:
        _check_deliveries(self)

    @property
    def subject(self) -> str:
        """The subject of the export, for a message: the parent, and the time if there is one."""
        parent = ", ".join(f"{name[:-3].replace('_', ' ')} {number}" for name, number in self.parents.items())
        return parent if self.start is None else f"{parent}, {utc(self.start)} to {utc(self.end or 0)}"

    @property
    def parents(self) -> dict[str, int]:
        """The parents that are named."""
        names = ("campaign_id", "newsletter_id", "transactional_message_id", "action_id")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def body(self) -> dict[str, Any]:
        """The request's body."""
        given = {
            **self.parents,
            "start": self.start,
            "end": self.end,
            "attributes": None if self.attributes is None else list(self.attributes),
            "metric": self.metric,
            "drafts": self.drafts or None,
        }
        return {name: value for name, value in given.items() if value is not None}


ExportRequest = PeopleRequest | DeliveriesRequest
REQUESTS: Mapping[str, type[PeopleRequest] | type[DeliveriesRequest]] = {
    "people": PeopleRequest,
    "deliveries": DeliveriesRequest,
}


def to_json(request: ExportRequest) -> str:
    """The request as JSON: equal for equal requests."""
    return orjson.dumps(request.body, option=orjson.OPT_SORT_KEYS).decode()


def from_json(kind: str, text: str) -> ExportRequest:
    """The request that `to_json` wrote."""
    body = orjson.loads(text)
    if body.get("attributes") is not None:
        body["attributes"] = tuple(body["attributes"])
    return REQUESTS[kind](**body)


def _check_deliveries(request: DeliveriesRequest) -> None:
    if len(request.parents) != 1:
        named = ", ".join(request.parents) or "none"
        msg = (
            f"A deliveries export has exactly one parent, and {named} was given. Give one of campaign_id, "
            "newsletter_id, transactional_message_id and action_id."
        )
        raise ConfigError(msg)
    if request.metric is not None and request.metric not in METRICS:
        msg = f"There is no metric {request.metric!r}. There are {', '.join(METRICS)}."
        raise ConfigError(msg)
    if request.start is None and request.end is None:
        return
    if request.start is None or request.end is None:
        msg = "A deliveries export has both a start and an end, or neither for the last 6 months; give both."
        raise ConfigError(msg)
    if not 0 <= request.start <= request.end:
        msg = f"The range from {request.start} to {request.end} is empty: the end comes first. Swap them."
        raise ConfigError(msg)
    if request.end - request.start > LONGEST_S:
        days = (request.end - request.start) / DAY
        msg = (
            f"The range spans {days:,.0f} days; an export has 12 months at most. Export each year on its own."
        )
        raise ConfigError(msg)


_LEAVES = {"segment": "an object with an integer id", "attribute": "an object with field and operator"}


def _check_filter(given: object) -> None:
    """Check that a filter follows the grammar that searches and exports share."""
    if not isinstance(given, Mapping) or len(given) != 1:
        msg = "A filter is an object with exactly one key: and, or, not, segment or attribute."
        raise ConfigError(msg)
    ((kind, inner),) = given.items()
    if kind in ("and", "or") and isinstance(inner, list) and inner:
        for item in inner:
            _check_filter(item)
    elif kind == "not":
        _check_filter(inner)
    elif kind not in _LEAVES:
        msg = f"A filter has no {kind!r} of that shape: and, or (lists of filters), not, segment, attribute."
        raise ConfigError(msg)
    elif not _is_leaf(kind, inner):
        msg = f"In a filter, {kind} takes {_LEAVES[kind]}; the operators are exists, and eq with a value."
        raise ConfigError(msg)


def _is_leaf(kind: str, inner: object) -> bool:
    if not isinstance(inner, Mapping):
        return False
    if kind == "segment":
        return isinstance(inner.get("id"), int)
    operator = inner.get("operator")
    return isinstance(inner.get("field"), str) and (
        operator == "exists" or (operator == "eq" and "value" in inner)
    )
