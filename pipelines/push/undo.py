"""A run taken back: the inverse of every row that can have one, planned from what was stored before it.

    action   of                                    inverse
    change   anything with attributes              the attributes as they were; new ones are cleared
    add      a person who was there before         the same, from what the warehouse knew of them
    add      device, relationship, member          remove
    remove   device, relationship, member          add
    else     (events, suppressions, people and     none: such rows are refused, and counted
              objects that were made or deleted)

Whoever was edited since, by a later run or by anybody else, is left alone. The model still says what it said:
the next run of the sync sends it again, unless the model is changed first.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from pipelines.connect import client
from pipelines.errors import ConfigError, PlanChanged
from pipelines.notify import Notify, silent
from pipelines.push.carrying import Carried, carry_out
from pipelines.push.confirm.read_back import READERS, Sampled, attributes_of
from pipelines.push.deliver.dispatch import Run
from pipelines.push.journal.database import SCHEMA, Journal, Sync
from pipelines.push.journal.lease import leased
from pipelines.push.journal.publish import publish_journal
from pipelines.push.journal.runs import Begun, begin
from pipelines.push.plan.payload import STORED, removal
from pipelines.push.plan.prepare import sync_of
from pipelines.push.plan.query import workbench
from pipelines.push.plan.segment import target_of
from pipelines.push.recover import recover
from pipelines.push.spec.spec import PushSpec
from pipelines.settings import Settings
from sources.customerio.client import Client

_SHAPE = pa.schema(
    [(name, pa.string()) for name in ("key", "action", "entity", "payload", "item", "before")]
    + [("digest", pa.uint64()), ("happened_at", pa.int64()), ("verdict", pa.string())]
)
_TURNS_ROUND = ("device", "relationship", "segment")
_MOST = 100_000
"""Rows of a run that is taken back: they are looked at one by one, and each may cost a request."""
_Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class UndoPlan:
    """What taking back a run would do: rows to send, and by reason those that are left alone."""

    plan_id: str
    run_id: str
    sync: str
    sends: int
    left_alone: dict[str, int]

    @property
    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        return asdict(self)


def sync_of_run(settings: Settings, run_id: str) -> str:
    """The name of the sync that a run was of.

    Raises:
        ConfigError: there is no such run.
    """
    found = Journal(settings.cio_elt_data).ask(f"SELECT sync FROM {SCHEMA}.runs WHERE run_id = ?", [run_id])
    if not found:
        msg = (
            f"There is no run {run_id} in {settings.cio_elt_data}. `cio-elt push status` shows the last ones."
        )
        raise ConfigError(msg)
    return str(found[0][0])


def plan_undo(settings: Settings, declaration: PushSpec, run_id: str) -> UndoPlan:
    """What taking back that run would do, without doing it."""
    sync, journal = sync_of(settings, declaration), Journal(settings.cio_elt_data)
    with client(settings) as calls, leased(journal, sync):
        return _plan(calls, journal, sync, declaration, run_id, target_of(calls, declaration))[0]


def undo(
    settings: Settings, declaration: PushSpec, run_id: str, plan_id: str, *, notify: Notify = silent
) -> tuple[UndoPlan, Carried | None]:
    """Take back a run, as that plan says.

    Raises:
        PlanChanged: it is no longer what would be done; nothing was sent.
        LeaseHeld: the sync is being pushed.
    """
    sync, journal = sync_of(settings, declaration), Journal(settings.cio_elt_data)
    with client(settings) as calls, leased(journal, sync) as fence:
        segment = target_of(calls, declaration)
        recover(Run(journal, sync, "", fence), calls, declaration, segment, notify=notify)
        made, rows = _plan(calls, journal, sync, declaration, run_id, segment)
        if made.plan_id != plan_id:
            msg = (
                f"The plan {plan_id} is not how the run {run_id} would be taken back now; nothing was sent. "
                f"Now it is {made.plan_id}, with {made.sends:,} rows. See `cio-elt push undo {run_id}`."
            )
            raise PlanChanged(msg)
        if not rows:
            return made, None
        with workbench(settings) as bench:
            bench.register("push_undone", pa.Table.from_pylist(rows, schema=_SHAPE))
            with journal.attached(bench):
                begun = Begun(plan_id=plan_id, fence=fence, planned=len(rows), approved=True, undoes=run_id)
                began = begin(bench, declaration, sync, begun, "SELECT * FROM push_undone")
        run = Run(journal, sync, began, fence)
        carried = carry_out(run, calls, declaration, segment, planned=len(rows), notify=notify)
    publish_journal(settings, journal, notify=notify)
    return made, carried


def _plan(
    calls: Client,
    journal: Journal,
    sync: Sync,
    declaration: PushSpec,
    run_id: str,
    segment: dict[str, Any] | None,
) -> tuple[UndoPlan, list[_Row]]:
    with journal.open() as connection:
        _check_size(connection, run_id)
        cursor = connection.execute(
            _SENT.format(where=sync.where, removal=removal(declaration.object)), [run_id]
        )
        names = [column[0] for column in cursor.description]
        sent = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    edited = _edited_since(calls, declaration, segment, [row for row in sent if not row["later"]])
    rows, left = [], Counter[str]()
    for row in sent:
        why = _why_not(declaration, row)
        if why is None and (row["later"] or row["seq"] in edited):
            why = "edited since"
        if why is None:
            rows.append(_inverse(declaration, row))
        else:
            left[why] += 1
    address = sha256(orjson.dumps([run_id, rows])).hexdigest()[:12]
    plan = UndoPlan(plan_id=address, run_id=run_id, sync=sync.name, sends=len(rows), left_alone=dict(left))
    return plan, rows


def _check_size(connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
    ((rows,),) = connection.execute(
        f"SELECT count(*) FROM {SCHEMA}.log WHERE run_id = ? AND action <> 'assume'", [run_id]
    ).fetchall()
    if rows > _MOST:
        msg = (
            f"The run {run_id} has {rows:,} rows, and at most {_MOST:,} can be taken back. Put the model "
            "right instead, and push that."
        )
        raise ConfigError(msg)


_SENT = f"""
SELECT f.seq, f.key, f.action, f.entity, f.payload, f.item, f.before, f.stored, f.verdict,
       {{removal}} AS taken_back,
       CASE WHEN f.action = 'remove' THEN s.key IS NOT NULL
            ELSE s.run_id IS DISTINCT FROM f.run_id END AS later
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


def _edited_since(
    calls: Client, declaration: PushSpec, segment: dict[str, Any] | None, rows: list[_Row]
) -> set[int]:
    """The rows whose present state is not what was sent."""
    if declaration.object == "event":
        return set()
    sampled = [
        Sampled(
            seq=row["seq"],
            key=row["key"],
            action=row["action"],
            entity=row["entity"] or row["key"],
            payload=orjson.loads(row["payload"]),
        )
        for row in rows
    ]
    return {seq for seq, _ in READERS[declaration.object](calls, declaration, segment, sampled)}


def _why_not(declaration: PushSpec, row: _Row) -> str | None:
    kind, action = declaration.object, row["action"]
    if row["verdict"] == "re_id":
        return "people who were given an id keep it"
    if action == "change" and row["before"] is not None and kind in STORED:
        return None
    if action != "change" and kind in _TURNS_ROUND:
        return None
    if kind == "person" and action == "add" and row["stored"] is not None:
        return None
    return f"{_MANY.get(kind, f'{kind}s')} that were {_PAST[action]} cannot be taken back"


_MANY = {"person": "people"}
_PAST = {"add": "added", "change": "changed", "remove": "removed"}


def _inverse(declaration: PushSpec, row: _Row) -> _Row:
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
    if row["action"] == "add" and declaration.object != "person":
        return {
            **blank,
            "action": "remove",
            "payload": row["taken_back"],
            "item": None,
            "before": row["payload"],
        }
    before = orjson.loads(row["stored"])
    sent = orjson.loads(row["item"] or row["payload"])
    path = STORED[declaration.object]
    restored = {**dict.fromkeys(attributes_of(sent, path), ""), **attributes_of(before, path)}
    back = _with_attributes(sent, path, restored)
    payload = back if row["action"] == "add" else before
    return {**blank, "action": "change", "payload": _text(payload), "item": _text(back)}


def _with_attributes(payload: Any, path: str, attributes: _Row) -> Any:
    """The payload with other attributes; `path` leads to them."""
    copy = orjson.loads(orjson.dumps(payload))
    *steps, last = path.removeprefix("$.").replace("[0]", ".0").split(".")
    place = copy
    for step in steps:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = attributes
    return copy


def _text(document: Any) -> str:
    return orjson.dumps(document).decode()
