"""Brakes: limits that are checked before anything is sent. Each is a row; an exceeded one stops the run.

A person releases them by approving a plan: `cio-elt push run SYNC --plan ID --approve`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.push.forecast.forecast import Forecast
from pipelines.push.spec.spec import PushSpec


@dataclass(frozen=True, kw_only=True)
class PlanCounts:
    """The rows of a plan, for brakes.

    `rows` are the model's, `held` those that Customer.io has by this push, `people` those in the warehouse
    (None: not known), `creates` the people that would be created, `invalid` the rows that cannot be sent and
    should be, `last` the rows of the last run (None: there was none), `forecast` the people who would enter
    campaigns.
    """

    rows: int
    held: int
    adds: int
    changes: int
    removes: int
    creates: int
    people: int | None
    invalid: int
    last: int | None
    forecast: Forecast


@dataclass(frozen=True, kw_only=True)
class Brake:
    """A brake that was checked: `limit` and `found` are rows or percent; `stops` stops the run."""

    name: str
    limit: float
    found: float
    stops: bool
    message: str

    @property
    def document(self) -> dict[str, Any]:
        """The brake as JSON."""
        return {
            "name": self.name,
            "limit": self.limit,
            "found": self.found,
            "grips": self.stops,
            "says": self.message,
        }


_Limit = Callable[[PushSpec, PlanCounts], float | None]
_Found = Callable[[PushSpec, PlanCounts], float | None]


def _share(part: int, whole: int | None) -> float | None:
    """Percent; None if the whole is empty or unknown."""
    return 100 * part / whole if whole else None


def _creates(counts: PlanCounts) -> float | None:
    """Percent of the people in the warehouse; if it has none, any new person counts as 100 %."""
    return 100.0 * bool(counts.creates) if counts.people == 0 else _share(counts.creates, counts.people)


def _unchecked(spec: PushSpec, counts: PlanCounts) -> int | None:
    """Rows that may create people, where the warehouse has no people to check them against."""
    creates = spec.kind.profile and spec.mode != "update_only"
    return counts.adds if creates and counts.people is None else None


def _appended(spec: PushSpec, counts: PlanCounts) -> int | None:
    """Rows that would be appended; they cannot be taken back, and may start campaigns."""
    return counts.adds if spec.mode == "append" else None


def _most_appended(spec: PushSpec, counts: PlanCounts) -> float | None:
    """The most rows that an append may add, by the rows of the last run; None on the first run."""
    percent = spec.brakes.max_adds_percent
    if percent is None or counts.last is None:
        return None
    return counts.last + max(counts.last * percent / 100, spec.brakes.spare_adds)


def _unclear_campaigns(_: PushSpec, counts: PlanCounts) -> int:
    """Campaigns of which it cannot be said how many people would enter."""
    return len(counts.forecast.unclear)


def _to_approve(spec: PushSpec, counts: PlanCounts) -> int:
    """Rows whose action needs approval; removals do not if the spec allows them up to the other brakes."""
    rows: Mapping[str, int] = {"add": counts.adds, "change": counts.changes, "remove": counts.removes}
    unattended = ("remove",) if spec.brakes.removes_unattended else ()
    return sum(rows[action] for action in spec.kind.approval if action not in unattended)


_UPPER_LIMITS: tuple[tuple[str, _Limit, _Found, str], ...] = (
    (
        "max_deletes",
        lambda spec, _: spec.brakes.max_deletes,
        lambda _, counts: counts.removes,
        "{found:,.0f} rows would be removed, and {limit:,.0f} may be",
    ),
    (
        "max_deletes_percent",
        lambda spec, _: spec.brakes.max_deletes_percent,
        lambda _, counts: _share(counts.removes, counts.held),
        "{found:.1f} % of the rows would be removed, and {limit:.1f} % may be",
    ),
    (
        "max_creates_percent",
        lambda spec, _: spec.brakes.max_creates_percent,
        lambda _, counts: _creates(counts),
        "{found:.1f} % more people would be created, and {limit:.1f} % may be",
    ),
    (
        "unchecked_people",
        lambda spec, _: None if spec.brakes.max_creates_percent is None else 0,
        _unchecked,
        "{found:,.0f} people may be created, and the warehouse has no people: run `cio-elt sync people`",
    ),
    (
        "max_changes_percent",
        lambda spec, _: spec.brakes.max_changes_percent,
        lambda _, counts: _share(counts.changes, counts.held),
        "{found:.1f} % of the rows would be changed, and {limit:.1f} % may be",
    ),
    (
        "max_adds_percent",
        _most_appended,
        _appended,
        "{found:,.0f} rows would be added, and {limit:,.0f} may be, after the number of the last run",
    ),
    (
        "max_invalid_percent",
        lambda spec, _: spec.brakes.max_invalid_percent,
        lambda _, counts: _share(counts.invalid, counts.rows),
        "{found:.1f} % of the rows are invalid, and {limit:.1f} % may be",
    ),
    (
        "max_campaign_entries",
        lambda spec, _: spec.brakes.max_campaign_entries,
        lambda _, counts: counts.forecast.most,
        "people may enter campaigns {found:,.0f} times, and {limit:,.0f} are allowed",
    ),
    (
        "unclear_campaigns",
        lambda spec, _: None if spec.brakes.max_campaign_entries is None else 0,
        _unclear_campaigns,
        "of {found:,.0f} campaigns it cannot be said how many people would enter",
    ),
    (
        "unchecked_campaigns",
        lambda spec, _: None if spec.brakes.max_campaign_entries is None else 0,
        lambda _, counts: len(counts.forecast.missing),
        "people may enter campaigns that the warehouse lacks: run `cio-elt sync campaigns segments`",
    ),
    (
        "approval",
        lambda _, __: 0,
        _to_approve,
        "{found:,.0f} would be deleted or suppressed for good, which a person has to approve",
    ),
)


def check_brakes(spec: PushSpec, counts: PlanCounts) -> list[Brake]:
    """Every brake of a push; those with `stops` stop the run."""
    checked = [
        Brake(
            name=name,
            limit=limit,
            found=found,
            stops=found > limit,
            message=message.format(found=found, limit=limit),
        )
        for name, limit_of, found_of, message in _UPPER_LIMITS
        if (limit := limit_of(spec, counts)) is not None and (found := found_of(spec, counts)) is not None
    ]
    return [*checked, _check_min_rows(spec, counts)]


def _check_min_rows(spec: PushSpec, counts: PlanCounts) -> Brake:
    least = spec.brakes.min_rows
    if spec.mode != "append" and counts.held:
        least = max(least, 1)
    message = f"the model has {counts.rows:,} rows, and has to have {least:,}"
    return Brake(name="min_rows", limit=least, found=counts.rows, stops=counts.rows < least, message=message)
