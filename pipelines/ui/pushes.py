"""The page of the pushes: declaration and brakes, last run, rows that were refused, drift.

Runs come from the journal as it was last published, at the end of a push or an audit, so that no page waits
for a push or holds one up. Keys and values of rows stay out: the page has counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.errors import EltError
from pipelines.push.journal.database import SCHEMA
from pipelines.push.spec.loader import read_specs
from pipelines.push.spec.spec import Brakes, PushSpec
from pipelines.settings import Settings
from pipelines.ui import runs
from pipelines.warehouse.queries import Query, querying

Row = Mapping[str, Any]

_RUNS = f"""
    SELECT sync, state, started_at, finished_at, planned, accepted, rejected, unknown, dropped, requests,
           share, error
    FROM {SCHEMA}.runs QUALIFY row_number() OVER (PARTITION BY sync ORDER BY started_at DESC) = 1
"""
_HELD = f"SELECT sync, count(*) AS held FROM {SCHEMA}.snapshot GROUP BY sync"
_REJECTS = f"""
    SELECT sync, count(*) FILTER (NOT dead) AS waiting, count(*) FILTER (dead) AS dead
    FROM {SCHEMA}.rejects GROUP BY sync
"""
_DRIFT = f"""
    SELECT sync, attribute, difference, count(*) AS rows, count(*) FILTER (times > 1) AS returned,
           max(seen_at) AS seen_at
    FROM {SCHEMA}.drift WHERE gone_at IS NULL GROUP BY ALL ORDER BY ALL
"""

# The unit stays on the line of its number.
_PERCENT = "\u00a0%"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A push as the page shows it.

    `spec` is None if its folder has no declaration of it, or one that cannot be used, of which `problem`
    tells. `brakes` are its limits in words with their values. `run` is its last run with its counts; None if
    the published journal has none. `drift` are the differences that audits found and that stand, by attribute
    and kind.
    """

    name: str
    spec: PushSpec | None
    problem: str
    brakes: Sequence[tuple[str, str]]
    run: Row | None
    held: int
    waiting: int
    dead: int
    drift: Sequence[Row]


def read(settings: Settings) -> dict[str, Any]:
    """The data of the page; `problems` are sentences about what cannot be shown."""
    specs, errors, problems = _declared(settings)
    found: dict[str, list[Row]] = {}
    try:
        found = _published(settings)
    except EltError as error:
        problems.append(str(error))
    if not settings.publishes:
        problems.append(
            "The journal of pushes is not published to a server, so their last runs are not shown here: "
            "`cio-elt push status` shows them."
        )
    last = {row["sync"]: row for row in found.get("runs", [])}
    names = dict.fromkeys([*specs, *errors, *last])
    latest = next((run for run in runs.read(settings)["runs"] if run.command == "push run"), None)
    return {
        "pushes": [_shown(name, specs.get(name), errors.get(name, ""), last, found) for name in names],
        "problems": problems,
        "specs": settings.cio_elt_push,
        "stopped": latest if latest is not None and latest.state == "stopped" else None,
    }


def _declared(settings: Settings) -> tuple[dict[str, PushSpec], dict[str, str], list[str]]:
    """The declared pushes in the order in which they run, the errors of single files, and of the folder."""
    try:
        declared = read_specs(settings.cio_elt_push)
    except EltError as error:
        return {}, {}, [str(error)]
    errors = {name: str(error) for name, error in declared.errors.items()}
    return {spec.sync: spec for spec in declared.specs}, errors, []


def _published(settings: Settings) -> dict[str, list[Row]]:
    """The rows of the published journal by query; none before the first push."""
    with querying(settings) as query:
        known = query(f"SELECT 1 FROM information_schema.tables WHERE table_schema = '{SCHEMA}'")
        if not known or not settings.publishes:
            return {}
        return {
            "runs": _rows(
                query,
                _RUNS,
                (
                    *("sync", "state", "started_at", "finished_at", "planned", "accepted", "rejected"),
                    *("unknown", "dropped", "requests", "share", "error"),
                ),
            ),
            "held": _rows(query, _HELD, ("sync", "held")),
            "rejects": _rows(query, _REJECTS, ("sync", "waiting", "dead")),
            "drift": _rows(query, _DRIFT, ("sync", "attribute", "difference", "rows", "returned", "seen_at")),
        }


def _rows(query: Query, sql: str, names: Sequence[str]) -> list[Row]:
    return [dict(zip(names, cells, strict=True)) for cells in query(sql)]


def _shown(
    name: str, spec: PushSpec | None, problem: str, last: Mapping[str, Row], found: Mapping[str, list[Row]]
) -> Shown:
    def counted(key: str, column: str) -> int:
        return sum(row[column] for row in found.get(key, []) if row["sync"] == name)

    return Shown(
        name=name,
        spec=spec,
        problem=problem,
        brakes=[] if spec is None else list(brakes_of(spec.brakes)),
        run=last.get(name),
        held=counted("held", "held"),
        waiting=counted("rejects", "waiting"),
        dead=counted("rejects", "dead"),
        drift=[row for row in found.get("drift", []) if row["sync"] == name],
    )


def brakes_of(brakes: Brakes) -> Iterator[tuple[str, str]]:
    """The limits that are set, each in the words of the declaration's schema, and its value."""
    for name, field in Brakes.model_fields.items():
        value = getattr(brakes, name)
        # A least number of no rows is no limit.
        if value is None or value is False or (name.startswith("min_") and not value):
            continue
        unit = _PERCENT if name.endswith("_percent") else ""
        yield str(field.description), "yes" if value is True else f"{value:,.12g}{unit}"
