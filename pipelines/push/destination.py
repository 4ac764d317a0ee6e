"""A dlt destination that pushes the rows of a dlt pipeline.

    dlt.pipeline("crm", destination=customerio(spec)).run(users())

Rows are mapped, checked and compared with the rows that Customer.io accepted last, as the spec says; its
model is not run. A batch of dlt is one request, or a few if rows are large. An invalid or rejected row raises
nothing, because dlt would hold back all later rows: it is written to the journal's rejects. Only errors that
concern every row are raised: keys that are not accepted, or no answer from Customer.io.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dlt
import duckdb
import pyarrow as pa

from pipelines.errors import InvalidSpec
from pipelines.push.context import PushContext, open_context
from pipelines.push.execute import RunResult, execute
from pipelines.push.journal.runs import RunStart, begin_run
from pipelines.push.plan.diff import PLANNED, SENT_ACTIONS
from pipelines.push.plan.erased import leave_out_rows
from pipelines.push.plan.prepare import PreparedModel, check_target, decide_rows, prepare_columns
from pipelines.push.plan.query import planning_database, take_rows
from pipelines.push.plan.rejected import record_invalid
from pipelines.push.plan.transport import BATCH_ITEMS
from pipelines.push.recover import recover
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings, read_settings
from pipelines.warehouse.erasures import erased_people


def customerio(spec: PushSpec, settings: Settings | None = None) -> Any:
    """The dlt destination for rows of that spec; its settings are those of `cio-elt`.

    Brakes need all rows of a model before the first is sent, so none is checked here.

    Raises:
        InvalidSpec: it is a mirror, which needs all rows at once; its rows always need a person's approval;
            or it does not say that the first run sends all rows.
    """
    for reason in _unsupported(spec):
        msg = f"{spec.sync}: {reason}"
        raise InvalidSpec(msg)
    known = settings or read_settings()

    # Batches run one after the other, since they share the lease. dlt up to 1.26 sends lines of JSON twice,
    # and Parquet once.
    @dlt.destination(
        name="customerio",
        loader_file_format="parquet",
        batch_size=BATCH_ITEMS,
        loader_parallelism_strategy="sequential",
        max_parallel_load_jobs=1,
    )
    def customerio_push(items: Any, _table: Any, /) -> None:
        push_rows(known, spec, items)

    return customerio_push


def _unsupported(spec: PushSpec) -> Iterator[str]:
    if spec.mode == "mirror":
        yield "a mirror has to see all rows, and dlt hands over parts; use upsert."
    if "add" in spec.kind.approval:
        yield "suppressing is for good, which a person approves in `cio-elt push run`; use that."
    if spec.kind.asks_first_run and spec.first_run != "all":
        yield "all rows of dlt are sent, those of the first run too; say first_run: all."


def push_rows(settings: Settings, spec: PushSpec, rows: pa.Table) -> RunResult | None:
    """Send the rows that Customer.io does not have; None if it has them all.

    Raises:
        ModelFailed: a column is missing, or of a type that does not fit.
        CustomerioError: sending ended early; accepted rows count.
    """
    with open_context(settings, spec) as context:
        recover(context)
        with planning_database(settings, may_lack=True) as database:
            prepared = prepare_columns(spec, context.push_id, take_rows(database, rows))
            leave_out_rows(database, prepared.spec, erased_people(settings))
            # A batch has a part of the rows: the others have not left.
            prepared = replace(prepared, baseline=replace(prepared.baseline, forgets=False))
            with context.journal.attached(database):
                check_target(database, prepared)
                decide_rows(database, prepared, first=False)
                record_invalid(database, context.push_id, "dlt", whole=False)
                planned, run_id = _begin(context, database, prepared)
        if not planned:
            return None
        return execute(context, run_id, planned=planned, confirms=False)


def _begin(
    context: PushContext, database: duckdb.DuckDBPyConnection, prepared: PreparedModel
) -> tuple[int, str]:
    """The number of rows to send, and the id of their run; an empty id if there are none."""
    rows = f"SELECT * FROM {PLANNED} WHERE action IN {SENT_ACTIONS}"
    ((planned,),) = database.execute(f"SELECT count(*) FROM ({rows})").fetchall()
    if not planned:
        return 0, ""
    start = RunStart(plan_id="dlt", fence=context.fence, planned=planned, key_types=prepared.key_types)
    return int(planned), begin_run(database, context.spec, context.push_id, start, rows)
