"""A run's own line in the journal: written with its rows before the first request, finished at the end."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
from ulid import ULID

from pipelines.push.confirm.confirm import Confirmed
from pipelines.push.deliver.dispatch import Delivered
from pipelines.push.journal.database import SCHEMA, Journal, Sync
from pipelines.push.plan.transport import operation
from pipelines.push.spec.spec import PushSpec


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What is known of a run before it sends anything."""

    plan_id: str
    fence: int
    planned: int
    lane: str = "batch"
    approved: bool = False
    undoes: str | None = None


def begin(
    connection: duckdb.DuckDBPyConnection, declaration: PushSpec, sync: Sync, begun: Begun, rows: str
) -> str:
    """Write a run and its rows into the attached journal; its id.

    `rows` is a query of key, action, entity, payload, item, before, digest, happened_at and verdict.
    """
    run_id = str(ULID())
    values = {
        "run_id": run_id,
        "workspace": sync.workspace,
        "sync": sync.name,
        "object": declaration.object,
        "mode": declaration.mode,
        "plan_id": begun.plan_id,
        "undoes": begun.undoes,
        "approved": begun.approved,
        "fence": begun.fence,
        "lane": begun.lane,
        "started_at": time.time(),
        "state": "sending",
        "folded": False,
        "target": declaration.target,
        "planned": begun.planned,
    }
    names, marks = ", ".join(values), ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO journal.{SCHEMA}.runs ({names}) VALUES ({marks})", list(values.values()))
    # What one request takes lies together, and of one person or object what removes goes first.
    connection.execute(
        f"""
        INSERT INTO journal.{SCHEMA}.log
        SELECT '{run_id}', row_number() OVER (
                   ORDER BY action = 'assume', operation, entity, action <> 'remove', happened_at, key
               ), key, action, entity, payload, item, before, digest, happened_at, verdict, operation
        FROM (SELECT *, {operation(declaration, begun.lane)} AS operation FROM ({rows}))
        """
    )
    return run_id


def end(
    journal: Journal,
    run_id: str,
    state: Literal["done", "failed", "interrupted"],
    *,
    assumed: int = 0,
    requests: int | None = None,
    delivered: Delivered,
    confirmed: Confirmed,
) -> None:
    """Write down how a run ended."""
    values: dict[str, Any] = {
        "state": state,
        "finished_at": time.time(),
        "accepted": delivered.accepted + assumed,
        "rejected": delivered.rejected,
        "unknown": delivered.unknown,
        "confirmed": confirmed.confirmed,
        "dropped": confirmed.dropped,
        "sampled": confirmed.sampled,
        "share": confirmed.share,
        "share_low": confirmed.low,
        "share_high": confirmed.high,
        "requests": requests,
        "error": None if delivered.stop is None else str(delivered.stop),
    }
    changes = ", ".join(f"{name} = ?" for name in values)
    with journal.open() as connection:
        connection.execute(f"UPDATE {SCHEMA}.runs SET {changes} WHERE run_id = ?", [*values.values(), run_id])


def note_watch(journal: Journal, run_id: str, since: int) -> None:
    """Write down since when (Customer.io's clock, Unix s) failures may be of the run."""
    with journal.open() as connection:
        connection.execute(f"UPDATE {SCHEMA}.runs SET watched_since = ? WHERE run_id = ?", [since, run_id])
