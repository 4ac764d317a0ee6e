"""Undoes a run: sends the inverse of every row that has one, from what was stored before the run.

    action   of                                    inverse
    change   anything with attributes              the attributes as they were; new ones are cleared
    add      a person who existed before           the same, from the warehouse's values
    add      device, relationship, member          remove
    remove   device, relationship, member          add
    else     (events, suppressions, people and     none: such rows are left alone, and counted
              objects that were created or deleted)

Rows that were edited since, by a later run or in Customer.io, are left alone. The model is unchanged by an
undo: the next run of the push sends its rows again, unless the model is changed first.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from pipelines.errors import ConfigError, PlanChanged
from pipelines.notify import Notify, silent
from pipelines.push.confirm.read_back import READERS
from pipelines.push.context import PushContext, open_context
from pipelines.push.execute import RunResult, execute
from pipelines.push.journal.database import SCHEMA, Journal
from pipelines.push.journal.log import AcceptedRow
from pipelines.push.journal.publish import publish_journal
from pipelines.push.journal.runs import RunStart, begin_run, push_of_run
from pipelines.push.plan.query import planning_database
from pipelines.push.recover import recover
from pipelines.push.spec.item import attributes_of
from pipelines.push.spec.kinds import Kind
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings

_COLUMNS = pa.schema(
    [(name, pa.string()) for name in ("key", "action", "entity", "payload", "item", "before")]
    + [("digest", pa.uint64()), ("happened_at", pa.int64()), ("verdict", pa.string())]
)
_MOST = 100_000
"""Rows of a run that can be undone: each may cost a request to compare it with Customer.io."""
_Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class UndoPlan:
    """The plan of an undo: the rows to send, and by reason the rows that are left alone."""

    plan_id: str
    run_id: str
    sync: str
    sends: int
    left_alone: dict[str, int]

    @property
    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        return asdict(self)


def push_of(settings: Settings, run_id: str) -> str:
    """The name of the push that a run is of.

    Raises:
        ConfigError: there is no such run.
    """
    return push_of_run(Journal(settings.cio_elt_data), run_id)


def plan_undo(settings: Settings, spec: PushSpec, run_id: str) -> UndoPlan:
    """The plan of an undo, without sending anything."""
    with open_context(settings, spec) as context:
        return _plan(context, run_id)[0]


def undo_run(
    settings: Settings, spec: PushSpec, run_id: str, plan_id: str, *, notify: Notify = silent
) -> tuple[UndoPlan, RunResult | None]:
    """Undo a run, exactly as that plan says.

    Raises:
        PlanChanged: the plan is not what would be sent now; nothing was sent.
        LeaseHeld: another process runs this push.
    """
    with open_context(settings, spec, notify=notify) as context:
        recover(context)
        plan, rows = _plan(context, run_id)
        if plan.plan_id != plan_id:
            msg = (
                f"The plan {plan_id} is not how the run {run_id} would be undone now; nothing was sent. "
                f"Now it is {plan.plan_id}, with {plan.sends:,} rows. See `cio-elt push undo {run_id}`."
            )
            raise PlanChanged(msg)
        if not rows:
            return plan, None
        undo_id = _begin(settings, context, plan, rows)
        result = execute(context, undo_id, planned=len(rows))
    publish_journal(settings, context.journal, notify=notify)
    return plan, result


def _begin(settings: Settings, context: PushContext, plan: UndoPlan, rows: list[_Row]) -> str:
    """Write the run of an undo and its rows into the journal; returns the run's id."""
    start = RunStart(
        plan_id=plan.plan_id, fence=context.fence, planned=len(rows), approved=True, undoes=plan.run_id
    )
    with planning_database(settings, may_lack=True) as database:
        database.register("push_undone", pa.Table.from_pylist(rows, schema=_COLUMNS))
        with context.journal.attached(database):
            return begin_run(database, context.spec, context.push_id, start, "SELECT * FROM push_undone")


def _plan(context: PushContext, run_id: str) -> tuple[UndoPlan, list[_Row]]:
    """The plan of an undo, and the rows that it sends."""
    kind, sent = context.spec.kind, _sent_rows(context, run_id)
    reasons = {row["seq"]: _why_not(kind, row) for row in sent}
    edited = _edited_since(context, [row for row in sent if not (reasons[row["seq"]] or row["later"])])
    rows, left_alone = [], Counter[str]()
    for row in sent:
        reason = reasons[row["seq"]]
        if reason is None and (row["later"] or row["seq"] in edited):
            reason = "edited since"
        if reason is None:
            rows.append(_inverse(kind, row))
        else:
            left_alone[reason] += 1
    plan_id = sha256(orjson.dumps([run_id, rows])).hexdigest()[:12]
    plan = UndoPlan(
        plan_id=plan_id,
        run_id=run_id,
        sync=context.push_id.name,
        sends=len(rows),
        left_alone=dict(left_alone),
    )
    return plan, rows


def _sent_rows(context: PushContext, run_id: str) -> list[_Row]:
    """The accepted rows of a run; `later` if a later run has sent the key again."""
    with context.journal.open() as connection:
        _check_size(connection, run_id)
        cursor = connection.execute(
            _SENT.format(where=context.push_id.where, removal=context.spec.kind.removal), [run_id]
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _check_size(connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
    ((rows,),) = connection.execute(
        f"SELECT count(*) FROM {SCHEMA}.log WHERE run_id = ? AND action <> 'assume'", [run_id]
    ).fetchall()
    if rows > _MOST:
        msg = (
            f"The run {run_id} has {rows:,} rows, and at most {_MOST:,} can be undone. Correct the model "
            "instead, and push that."
        )
        raise ConfigError(msg)


_SENT = f"""
SELECT f.seq, f.key, f.action, f.entity, f.payload, f.item, f.before, f.stored, f.verdict,
       {{removal}} AS taken_back,
       CASE WHEN f.action = 'remove' THEN s.key IS NOT NULL
            ELSE s.key IS NOT NULL AND s.run_id <> f.run_id END AS later
FROM (
    SELECT l.* REPLACE (CASE WHEN l.action = 'add' THEN l.payload ELSE l.before END AS before),
           l.before AS stored
    FROM {SCHEMA}.log AS l JOIN {SCHEMA}.rows AS v ON v.run_id = l.run_id AND v.seq = l.seq
    WHERE l.run_id = ? AND v.run_id = l.run_id AND v.state IN ('accepted', 'confirmed')
      AND l.action <> 'assume'
) AS f
LEFT JOIN (SELECT * FROM {SCHEMA}.snapshot WHERE {{where}}) AS s ON s.key = f.key
ORDER BY f.seq
"""


def _edited_since(context: PushContext, rows: list[_Row]) -> set[int]:
    """The numbers of rows whose present state in Customer.io is other than sent."""
    if not rows:
        return set()
    accepted = [
        AcceptedRow(
            seq=row["seq"],
            key=row["key"],
            action=row["action"],
            entity=row["entity"] or row["key"],
            payload=orjson.loads(row["payload"]),
        )
        for row in rows
    ]
    return {seq for seq, _ in READERS[context.spec.kind.reader](context, accepted)}


def _why_not(kind: Kind, row: _Row) -> str | None:
    """The reason why a row has no inverse; None if it has one."""
    action = row["action"]
    if row["verdict"] == "re_id":
        return "people who were given an id keep it"
    if action == "change" and row["before"] is not None:
        return None
    if action != "change" and kind.invertible:
        return None
    if kind.profile and action == "add" and row["stored"] is not None:
        return None
    return f"{kind.plural} that were {_PAST[action]} cannot be undone"


_PAST = {"add": "added", "change": "changed", "remove": "removed"}


def _inverse(kind: Kind, row: _Row) -> _Row:
    """The row of the log that undoes one; the order of its keys is part of the plan's id."""
    blank = {
        "key": row["key"],
        "entity": row["entity"],
        "before": row["payload"],
        "digest": None,
        "happened_at": None,
        "verdict": None,
    }
    if row["action"] == "remove":
        return {**blank, "action": "add", "payload": row["before"], "item": None}
    if row["action"] == "add" and kind.invertible:
        return {**blank, "action": "remove", "payload": row["taken_back"], "item": None}
    before = orjson.loads(row["stored"])
    sent = orjson.loads(row["item"] or row["payload"])
    path = kind.attributes
    restored = {**dict.fromkeys(attributes_of(sent, path), ""), **attributes_of(before, path)}
    item = _with_attributes(sent, path, restored)
    payload = item if row["action"] == "add" else before
    return {**blank, "action": "change", "payload": _text(payload), "item": _text(item)}


def _with_attributes(payload: Any, path: str, attributes: _Row) -> Any:
    """The payload with other attributes at that JSON path."""
    copy = orjson.loads(orjson.dumps(payload))
    *steps, last = path.removeprefix("$.").replace("[0]", ".0").split(".")
    place = copy
    for step in steps:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = attributes
    return copy


def _text(document: Any) -> str:
    return orjson.dumps(document).decode()
