"""What stops a push before anything is sent: each brake is a row, and any that grips stops the run.

A person lets go of them by approving the plan that they have seen:
`cio-elt push run SYNC --plan ID --approve`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.push.plan.payload import DESTROYS
from pipelines.push.spec.spec import PushSpec


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a plan would do, in rows.

    `rows` are the model's, `held` those that Customer.io has by this sync, `people` those in the warehouse
    (None: not known), `creates` the people that would be made.
    """

    rows: int
    held: int
    adds: int
    changes: int
    removes: int
    creates: int
    people: int | None


@dataclass(frozen=True, kw_only=True)
class Brake:
    """A brake that was looked at. `limit` and `found` are rows, or percent."""

    name: str
    limit: float
    found: float
    grips: bool
    says: str


_Limit = Callable[[PushSpec], float | None]
_Found = Callable[[PushSpec, Facts], float | None]


def _share(part: int, whole: int | None) -> float | None:
    """Percent; None where there is nothing to be a share of."""
    return 100 * part / whole if whole else None


def _creates(facts: Facts) -> float | None:
    """Percent of the people who are there; whoever is made where there is nobody is all of them."""
    return 100.0 * bool(facts.creates) if facts.people == 0 else _share(facts.creates, facts.people)


def _unchecked(sync: PushSpec, facts: Facts) -> int | None:
    """Rows that may make people of whom the warehouse cannot tell whether they are there."""
    makes = sync.object == "person" and sync.mode != "update_only"
    return facts.adds if makes and facts.people is None else None


_ABOVE: tuple[tuple[str, _Limit, _Found, str], ...] = (
    (
        "max_deletes",
        lambda sync: sync.brakes.max_deletes,
        lambda _, facts: facts.removes,
        "{found:,.0f} rows would be removed, and {limit:,.0f} may be",
    ),
    (
        "max_deletes_percent",
        lambda sync: sync.brakes.max_deletes_percent,
        lambda _, facts: _share(facts.removes, facts.held),
        "{found:.1f} % of the rows would be removed, and {limit:.1f} % may be",
    ),
    (
        "max_creates_percent",
        lambda sync: sync.brakes.max_creates_percent,
        lambda _, facts: _creates(facts),
        "{found:.1f} % more people would be made, and {limit:.1f} % may be",
    ),
    (
        "unchecked_people",
        lambda sync: None if sync.brakes.max_creates_percent is None else 0,
        lambda sync, facts: _unchecked(sync, facts),
        "{found:,.0f} people may be made, and the warehouse has no people: run `cio-elt sync people`",
    ),
    (
        "max_changes_percent",
        lambda sync: sync.brakes.max_changes_percent,
        lambda _, facts: _share(facts.changes, facts.held),
        "{found:.1f} % of the rows would be changed, and {limit:.1f} % may be",
    ),
    (
        "approval",
        lambda _: 0,
        lambda sync, facts: _destroyed(sync, facts),
        "{found:,.0f} would be deleted or suppressed for good, which a person has to approve",
    ),
)


def look(declaration: PushSpec, facts: Facts) -> list[Brake]:
    """Every brake, and whether it grips."""
    found = [
        Brake(
            name=name,
            limit=limit,
            found=value,
            grips=value > limit,
            says=says.format(found=value, limit=limit),
        )
        for name, limit_of, found_of, says in _ABOVE
        if (limit := limit_of(declaration)) is not None
        and (value := found_of(declaration, facts)) is not None
    ]
    least = declaration.brakes.min_rows
    if declaration.mode != "append" and facts.held:
        least = max(least, 1)
    says = f"the model has {facts.rows:,} rows, and has to have {least:,}"
    return [
        *found,
        Brake(name="min_rows", limit=least, found=facts.rows, grips=facts.rows < least, says=says),
    ]


def _destroyed(declaration: PushSpec, facts: Facts) -> int:
    if declaration.object == "suppression":
        return facts.adds
    return facts.removes if declaration.object in DESTROYS else 0
