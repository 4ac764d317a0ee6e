"""A dlt destination over the same sender, for people who push from dlt pipelines of their own.

    dlt.pipeline("crm", destination=customerio(declaration)).run(users())

Rows are mapped, checked and compared with what Customer.io accepted last, as a declaration says; its model
is not asked. A batch of dlt is one request, or a few where rows are large. A row that is invalid or refused
never raises, since dlt would hold back everything behind it for ever: it is written down among the journal's
rejects. What raises is what stops every row: keys that are not accepted, or no answer from Customer.io.
"""

import time
from collections.abc import Iterator
from typing import Any

import dlt
import duckdb
import pyarrow as pa

from pipelines.connect import client
from pipelines.errors import InvalidSpec
from pipelines.push.carrying import Carried, carry_out
from pipelines.push.deliver.batch import BATCH_ITEMS
from pipelines.push.deliver.dispatch import Run
from pipelines.push.journal.database import SCHEMA, Journal, Sync
from pipelines.push.journal.lease import leased
from pipelines.push.journal.runs import Begun, begin
from pipelines.push.plan.diff import PLANNED
from pipelines.push.plan.plan import SENT
from pipelines.push.plan.prepare import check_target, decide_it, ready_with, sync_of
from pipelines.push.plan.query import take_rows, workbench
from pipelines.push.plan.segment import target_of
from pipelines.push.recover import recover
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings, read_settings


def customerio(declaration: PushSpec, settings: Settings | None = None) -> Any:
    """The destination for rows of that declaration; its settings are those of `cio-elt`.

    Brakes are for models, of which all rows are seen before one is sent; here none is looked at.

    Raises:
        DeclarationWrong: it is a mirror, which has to see all rows at once; it suppresses people, which a
            person has to approve; or it does not say that everything that comes is to be sent.
    """
    for fault in _refused(declaration):
        msg = f"{declaration.sync}: {fault}"
        raise InvalidSpec(msg)
    known = settings or read_settings()

    # Batches come one after the other: they share the sync's lease. dlt up to 1.26 sends lines twice, never
    # Parquet.
    @dlt.destination(
        name="customerio",
        loader_file_format="parquet",
        batch_size=BATCH_ITEMS,
        loader_parallelism_strategy="sequential",
        max_parallel_load_jobs=1,
    )
    def customerio_push(items: Any, _table: Any, /) -> None:
        push_rows(known, declaration, items)

    return customerio_push


def _refused(declaration: PushSpec) -> Iterator[str]:
    if declaration.mode == "mirror":
        yield "a mirror has to see all rows, and dlt hands over parts; use upsert."
    if declaration.object == "suppression":
        yield "who is suppressed is gone for good, which a person approves in `cio-elt push run`; use that."
    if declaration.object in ("event", "segment") and declaration.first_run != "all":
        yield "dlt's rows are all sent, the first ones too; say first_run: all, and hand over what is to go."


def push_rows(settings: Settings, declaration: PushSpec, rows: pa.Table) -> Carried | None:
    """Send those of the rows that Customer.io does not have; None if it has them all.

    Raises:
        ModelFailed: a column is not there, or of a type that does not fit.
        CustomerioError: nothing can be sent; what was accepted until then counts.
    """
    sync, journal = sync_of(settings, declaration), Journal(settings.cio_elt_data)
    with client(settings) as calls, leased(journal, sync) as fence:
        segment = target_of(calls, declaration)
        recover(Run(journal, sync, "", fence), calls, declaration, segment)
        with workbench(settings) as bench:
            ready = ready_with(declaration, sync, take_rows(bench, rows))
            with journal.attached(bench):
                check_target(bench, ready)
                decide_it(bench, ready, first=False)
                _keep_invalid(bench, sync)
                ((planned,),) = bench.execute(
                    f"SELECT count(*) FROM {PLANNED} WHERE action IN {SENT}"
                ).fetchall()
                if not planned:
                    return None
                begun = Begun(plan_id="dlt", fence=fence, planned=planned)
                chosen = f"SELECT * FROM {PLANNED} WHERE action IN {SENT}"
                run_id = begin(bench, declaration, sync, begun, chosen)
        return carry_out(
            Run(journal, sync, run_id, fence), calls, declaration, segment, planned=planned, confirms=False
        )


def _keep_invalid(connection: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    """Write invalid rows down, as given up until they come again."""
    rejects = f"journal.{SCHEMA}.rejects"
    invalid = f"SELECT coalesce(key, '') AS key, * EXCLUDE (key) FROM {PLANNED} WHERE action = 'invalid'"
    connection.execute(f"DELETE FROM {rejects} WHERE {sync.where} AND key IN (SELECT key FROM ({invalid}))")
    connection.execute(
        f"""
        INSERT INTO {rejects}
        SELECT '{sync.workspace}', '{sync.name}', key, 'invalid', entity, payload, digest,
               happened_at, fault, NULL, 1, true, $now, $now, 'dlt'
        FROM ({invalid})
        """,
        {"now": time.time()},
    )
