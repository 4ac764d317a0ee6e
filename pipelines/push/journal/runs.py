"""Runs of a push: written with their rows before the first request, finished at the end."""

import time
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
from ulid import ULID

from pipelines.errors import ConfigError, EltError
from pipelines.push.journal.database import SCHEMA, Journal, PushId
from pipelines.push.spec.spec import PushSpec
from pipelines.trace import current_id


@dataclass(frozen=True, kw_only=True)
class RunStart:
    """The facts of a run before it sends anything; `undoes` is the run that it takes back.

    `key_types` are the SQL types of the key's columns, by which a later run knows its keys' texts.
    """

    plan_id: str
    fence: int
    planned: int
    lane: str = "batch"
    approved: bool = False
    undoes: str | None = None
    key_types: str | None = None


@dataclass
class Delivery:
    """The rows of a run by outcome so far, and `stop`, the error that ended sending early."""

    planned: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    batches: int = 0
    stop: EltError | None = field(default=None, repr=False)

    @property
    def answered(self) -> int:
        """Rows whose outcome is decided."""
        return self.accepted + self.rejected + self.unknown


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """The result of reading back: `share` of the sampled rows arrived, 95 % between `low` and `high`.

    All three are None without a sample. `unreadable` accepted events do not show in the App API: they are
    older than the activities that Customer.io keeps, or in the future.
    """

    confirmed: int = 0
    dropped: int = 0
    sampled: int = 0
    share: float | None = None
    low: float | None = None
    high: float | None = None
    unreadable: int = 0


def begin_run(
    connection: duckdb.DuckDBPyConnection, spec: PushSpec, push_id: PushId, start: RunStart, rows: str
) -> str:
    """Write a run and its rows into the attached journal; returns the run's id.

    `rows` is a query of key, action, entity, payload, item, before, digest, happened_at and verdict.
    """
    run_id = str(ULID())
    values = {
        "run_id": run_id,
        "trace_id": current_id(),
        "workspace": push_id.workspace,
        "sync": push_id.name,
        "object": spec.object,
        "mode": spec.mode,
        "plan_id": start.plan_id,
        "undoes": start.undoes,
        "approved": start.approved,
        "fence": start.fence,
        "lane": start.lane,
        "started_at": time.time(),
        "state": "sending",
        "folded": False,
        "target": spec.target,
        "keyed_by": spec.told_apart_by,
        "key_types": start.key_types,
        "planned": start.planned,
    }
    names, marks = ", ".join(values), ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO journal.{SCHEMA}.runs ({names}) VALUES ({marks})", list(values.values()))
    # Rows of one operation lie together, and for one person or object removals go first.
    connection.execute(
        f"""
        INSERT INTO journal.{SCHEMA}.log
        SELECT '{run_id}', row_number() OVER (
                   ORDER BY action = 'assume', operation, entity, action <> 'remove', happened_at, key
               ), key, action, entity, payload, item, before, digest, happened_at, verdict, operation
        FROM (SELECT *, {spec.kind.operation_sql(start.lane)} AS operation FROM ({rows}))
        """
    )
    return run_id


def end_run(
    journal: Journal,
    run_id: str,
    state: Literal["done", "failed", "interrupted"],
    *,
    assumed: int = 0,
    requests: int | None = None,
    delivery: Delivery,
    confirmation: Confirmation,
) -> None:
    """Write the end of a run: its state and its counts."""
    values: dict[str, Any] = {
        "state": state,
        "finished_at": time.time(),
        "accepted": delivery.accepted + assumed,
        "rejected": delivery.rejected,
        "unknown": delivery.unknown,
        "confirmed": confirmation.confirmed,
        "dropped": confirmation.dropped,
        "sampled": confirmation.sampled,
        "share": confirmation.share,
        "share_low": confirmation.low,
        "share_high": confirmation.high,
        "requests": requests,
        "error": None if delivery.stop is None else str(delivery.stop),
    }
    changes = ", ".join(f"{name} = ?" for name in values)
    with journal.open() as connection:
        connection.execute(f"UPDATE {SCHEMA}.runs SET {changes} WHERE run_id = ?", [*values.values(), run_id])


def record_watch_start(journal: Journal, run_id: str, since: int) -> None:
    """Write the time (Customer.io's clock, Unix s) from which on failure activities may be of this run."""
    with journal.open() as connection:
        connection.execute(f"UPDATE {SCHEMA}.runs SET watched_since = ? WHERE run_id = ?", [since, run_id])


def unfinished_runs(journal: Journal, push_id: PushId) -> list[tuple[str, int | None]]:
    """Runs without an end, oldest first: id, and the start of their watch for failures (Unix s)."""
    found = journal.query(
        f"SELECT run_id, watched_since FROM {SCHEMA}.runs WHERE {push_id.where} AND state = 'sending' "
        "ORDER BY started_at"
    )
    return [(str(run_id), since) for run_id, since in found]


def push_of_run(journal: Journal, run_id: str) -> str:
    """The name of the push that a run is of.

    Raises:
        ConfigError: there is no such run.
    """
    found = journal.query(f"SELECT sync FROM {SCHEMA}.runs WHERE run_id = ?", [run_id])
    if not found:
        msg = f"There is no run {run_id} in {journal.file.parent}. `cio-elt push status` shows the last ones."
        raise ConfigError(msg)
    return str(found[0][0])
