"""Runs an audit: its order of work.

model -> wanted rows -> what Customer.io has -> differences ──> drift
└─ repair ──> diff -> brakes -> deliver -> confirm
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from pipelines.push.audit.absent import tell_apart
from pipelines.push.audit.difference import DIFFERENCES, GONE, IN_DOUBT, UNREPAIRED, Difference, store
from pipelines.push.audit.exported import by_export
from pipelines.push.audit.members import by_membership
from pipelines.push.audit.reads import by_reads
from pipelines.push.audit.source import By, Source, choose_source
from pipelines.push.audit.wanted import WANTED, count_wanted, make_wanted
from pipelines.push.context import PushContext, open_context
from pipelines.push.journal.database import Journal
from pipelines.push.journal.drift import close_repaired, record_drift
from pipelines.push.journal.publish import publish_journal
from pipelines.push.plan.doubt import doubt
from pipelines.push.plan.owners import with_owners
from pipelines.push.plan.plan import masked
from pipelines.push.plan.prepare import PreparedModel
from pipelines.push.plan.query import planning_database
from pipelines.push.recover import recover
from pipelines.push.run import PushOptions, PushResult, prepare, push
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings
from sources.customerio.client import reading_answers

_SAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """The options of an audit.

    Attributes:
        repair: Plan and send the rows that differ.
        by: The way to read; `auto` takes the one with fewer requests.
        show_values: Show people's data in the samples.
        push: Options of the run that repairs.
        pause: Waits for that many seconds between two requests for the state of an export.
    """

    repair: bool = False
    by: By = "auto"
    show_values: bool = False
    push: PushOptions = field(default_factory=PushOptions)
    pause: Callable[[float], object] = time.sleep


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The findings of an audit.

    Attributes:
        rows: The rows that were compared.
        source: The way in which Customer.io was read.
        requests: The requests that reading took.
        counts: Differences by kind, without pending ones.
        pending: Differences of rows that the push has not sent as the model has them now.
        attributes: Differences by attribute.
        returned: By attribute, differences that came back after an audit no longer found them.
        samples: Some differences of each kind.
    """

    rows: int
    source: str
    requests: int
    counts: Mapping[str, int]
    pending: int
    attributes: Mapping[str, int]
    returned: Mapping[str, int]
    samples: Sequence[Mapping[str, Any]]

    @property
    def drift(self) -> int:
        """The differences that no run of the push ends by itself."""
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class AuditResult:
    """The result of an audit; `push` is that of the repair, None without one."""

    sync: str
    findings: Findings
    push: PushResult | None = None

    @property
    def complete(self) -> bool:
        """True if Customer.io has the rows that the model wants, or will have them after the repair."""
        if self.push is None:
            return not self.findings.drift
        left = sum(rows for kind, rows in self.findings.counts.items() if kind in UNREPAIRED)
        return self.push.complete and not self.push.brakes and not left

    @property
    def document(self) -> dict[str, Any]:
        """The result as JSON."""
        repair = None if self.push is None else self.push.document
        return {
            "sync": self.sync,
            **asdict(self.findings),
            "drift": self.findings.drift,
            "repair": repair,
        }


def audit_push(
    settings: Settings, spec: PushSpec, *, folder: Path, options: AuditOptions | None = None
) -> AuditResult:
    """Compare what Customer.io has with the rows that the model wants; send nothing, unless to repair.

    `folder` has the file of the spec. The differences are in the journal's table `drift` afterwards.

    Raises:
        InvalidSpec: rows of this kind cannot be audited.
        LeaseHeld: another process runs this push.
        ModelFailed: the model cannot be run.
        CustomerioError: Customer.io cannot be read.
    """
    options = options or AuditOptions()
    found: list[Findings] = []

    def find(context: PushContext, database: duckdb.DuckDBPyConnection, prepared: PreparedModel) -> None:
        found.append(_find(context, database, prepared, options))
        doubt(database, _doubts(database, context.spec))

    if options.repair:
        repair = replace(options.push, find_doubts=find, publish=False)
        result = push(settings, spec, folder=folder, options=repair)
    else:
        result = None
        owned = with_owners(settings, spec, folder)
        with open_context(settings, owned, notify=options.push.notify) as context:
            recover(context)
            with planning_database(settings) as database:
                find(context, database, prepare(context, database, folder))
    journal = Journal(settings.cio_elt_data)
    if result is not None and result.run is not None:
        close_repaired(journal, result.run.run_id)
    publish_journal(settings, journal, notify=options.push.notify)
    return AuditResult(sync=spec.sync, findings=found[-1], push=result)


def _find(
    context: PushContext,
    database: duckdb.DuckDBPyConnection,
    prepared: PreparedModel,
    options: AuditOptions,
) -> Findings:
    """Find the differences and write them into the journal."""
    requests: list[object] = []
    watched = replace(context, client=context.client.watching(requests.append))
    with context.journal.attached(database):
        make_wanted(database, prepared)
    source = choose_source(database, context.spec, options.by)
    context.notify(f"{context.spec.sync}: {count_wanted(database):,} rows are read {source}.")
    names = [each.name for each in prepared.payload.fields]
    with reading_answers("a call of the audit"):
        store(database, _differences(watched, database, source, names, options))
    with context.journal.attached(database):
        returned = record_drift(database, context.push_id, _WITH_PENDING)
    return _findings(database, source, len(requests), returned, show=options.show_values)


def _differences(
    context: PushContext,
    database: duckdb.DuckDBPyConnection,
    source: Source,
    names: Sequence[str],
    options: AuditOptions,
) -> list[Difference]:
    match source.way:
        case "export":
            found = by_export(context, database, names, options.pause)
        case "members":
            found = by_membership(context, database)
        case "reads":
            found = by_reads(context, database)
    return list(tell_apart(context, database, found) if context.spec.kind.profile else found)


_WITH_PENDING = f"""
SELECT d.*, coalesce(w.pending, false) AS pending
FROM {DIFFERENCES} AS d LEFT JOIN {WANTED} AS w ON w.key = d.key
"""


def _doubts(database: duckdb.DuckDBPyConnection, spec: PushSpec) -> dict[str, bool]:
    """The keys of the rows that a repair sends, and if they are gone in Customer.io."""
    creates = not spec.kind.profile or spec.mode != "update_only"
    kinds = (*IN_DOUBT, *GONE) if creates else IN_DOUBT
    found = database.execute(
        f"SELECT key, bool_or(difference IN {GONE}) FROM {DIFFERENCES} WHERE difference IN {kinds} "
        "GROUP BY key"
    )
    return {str(key): bool(gone) for key, gone in found.fetchall()}


def _findings(
    database: duckdb.DuckDBPyConnection,
    source: Source,
    requests: int,
    returned: Mapping[str, int],
    *,
    show: bool,
) -> Findings:
    differences = f"({_WITH_PENDING})"
    ((pending,),) = database.execute(f"SELECT count(*) FILTER (pending) FROM {differences}").fetchall()
    samples = database.execute(
        f"""
        SELECT key, difference, attribute, wanted, found FROM {differences} WHERE NOT pending
        QUALIFY row_number() OVER (PARTITION BY difference ORDER BY key, attribute) <= {_SAMPLES}
        ORDER BY difference, key, attribute
        """
    ).fetchall()
    return Findings(
        rows=count_wanted(database),
        source=str(source),
        requests=requests,
        counts=_counted(database, "difference", "NOT pending"),
        pending=int(pending),
        attributes=_counted(database, "attribute", "attribute <> ''"),
        returned=returned,
        samples=[
            {
                "key": masked(key, show=show),
                "difference": kind,
                "attribute": attribute,
                "wanted": masked(wanted, show=show),
                "found": masked(held, show=show),
            }
            for key, kind, attribute, wanted, held in samples
        ],
    )


def _counted(database: duckdb.DuckDBPyConnection, column: str, condition: str) -> dict[str, int]:
    found = database.execute(
        f"SELECT {column}, count(*) FROM ({_WITH_PENDING}) WHERE {condition} GROUP BY ALL ORDER BY ALL"
    )
    return {str(value): int(count) for value, count in found.fetchall()}
