"""A plan: what a run would send, in figures, and the name by which exactly that can be approved.

The name is a digest of every key, action and payload, so a plan that was looked at is sent as it was looked
at, or not at all.
"""

import math
import time
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import duckdb
import orjson

from pipelines.errors import PlanChanged
from pipelines.push.deliver.batch import BATCH_BYTES, BATCH_ITEMS
from pipelines.push.journal.database import SCHEMA, Sync
from pipelines.push.plan.brakes import Brake, Facts, look
from pipelines.push.plan.diff import PLANNED, Side
from pipelines.push.plan.masking import masked
from pipelines.push.plan.payload import STORED, Payload
from pipelines.push.plan.query import ROWS
from pipelines.push.plan.transport import lane_of
from pipelines.push.spec.spec import PushSpec
from pipelines.warehouse.sql import literal

SENT = ("add", "change", "remove")
_SAMPLES, _REASONS, _KEYS = 5, 50, 3


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run would do.

    Attributes:
        plan_id: Equal for equal contents.
        counts: Rows by action: add, change, remove, unchanged, assume (taken for accepted without being
            sent), invalid, dead (refused too often).
        identity: Rows to send by verdict.
        people: How many people they were checked against; None if they were not.
        fields: By attribute, how many of the changed rows change it.
        invalid: Why rows cannot be sent: reason, rows, some keys.
        samples: Rows before and after.
        requests: How many requests it takes, and `minutes` at the configured rate.
        lane: How rows travel.
        brakes: What was looked at before.
    """

    plan_id: str
    sync: str
    object: str
    mode: str
    made_at: float
    first: bool
    rows: int
    counts: dict[str, int]
    identity: dict[str, int]
    people: int | None
    fields: dict[str, int]
    invalid: list[dict[str, Any]]
    samples: list[dict[str, Any]]
    bytes: int
    requests: int
    minutes: float
    lane: str
    brakes: list[Brake]

    @property
    def sends(self) -> int:
        """Rows that would be sent."""
        return sum(self.counts[action] for action in SENT)

    @property
    def gripping(self) -> list[Brake]:
        """The brakes that stop it."""
        return [brake for brake in self.brakes if brake.grips]

    @property
    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {**asdict(self), "sends": self.sends, "stopped": bool(self.gripping)}


def make_plan(
    connection: duckdb.DuckDBPyConnection,
    declaration: PushSpec,
    side: Side,
    payload: Payload,
    *,
    people: int | None,
    first: bool,
    show_values: bool = False,
) -> Plan:
    """The plan of what was decided."""
    counts = _counts(connection)
    total = int(_one(connection, f"SELECT count(*) FROM {ROWS}"))
    handled = sum(counts[action] for action in ("add", "change", "assume", "invalid", "dead"))
    carried = int(_one(connection, f"SELECT count(*) FROM {PLANNED} WHERE verdict = 'carried'"))
    counts["unchanged"] = max(0, total - handled + carried)
    identity = dict(
        connection.execute(
            f"SELECT verdict, count(*) FROM {PLANNED} WHERE verdict IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
    )
    size = int(
        _one(connection, f"SELECT coalesce(sum(strlen(coalesce(item, payload)) + 1), 0) FROM {_TO_SEND}")
    )
    lane = lane_of(declaration, adds=counts["add"], requests=_requests(connection, size))
    creates = identity.get("create", 0) if declaration.object == "person" else 0
    facts = Facts(
        rows=total,
        held=int(_one(connection, f"SELECT count(*) FROM ({side.relation})")),
        adds=counts["add"],
        changes=counts["change"],
        removes=counts["remove"],
        creates=creates,
        people=people,
    )
    return Plan(
        plan_id=_address(connection, declaration),
        sync=declaration.sync,
        object=declaration.object,
        mode=declaration.mode,
        made_at=time.time(),
        first=first,
        rows=total,
        counts=counts,
        identity=identity,
        people=people,
        fields=_changed_fields(connection, declaration, payload),
        invalid=_invalid(connection, show_values=show_values),
        samples=_samples(connection, show_values=show_values),
        bytes=size,
        requests=lane.requests,
        minutes=lane.minutes,
        lane=lane.name,
        brakes=look(declaration, facts),
    )


def keep_plan(connection: duckdb.DuckDBPyConnection, sync: Sync, plan: Plan) -> None:
    """Keep the plan's figures in the attached journal, without anybody's data."""
    document = orjson.dumps({**plan.document, "samples": [], "invalid": []}).decode()
    connection.execute(
        f"INSERT INTO journal.{SCHEMA}.plans VALUES (?, ?, ?, ?, ?)",
        [sync.workspace, sync.name, plan.plan_id, plan.made_at, document],
    )


def check_plan(connection: duckdb.DuckDBPyConnection, sync: Sync, plan: Plan, wanted: str | None) -> None:
    """See that this is the plan that was asked for; `journal` is attached to the connection.

    Raises:
        PlanChanged: it is not, or there never was one of that name; nothing was sent.
    """
    if wanted is not None and plan.plan_id != wanted:
        _check_known(connection, sync, wanted)
        counts = ", ".join(f"{number:,} {action}" for action, number in plan.counts.items() if number)
        msg = (
            f"The plan {wanted} is not what {plan.sync} would send now, since the model's result or the "
            f"declaration has changed; nothing was sent. Now it is {plan.plan_id}: {counts}. Look at "
            f"it with `cio-elt push plan {plan.sync}`."
        )
        raise PlanChanged(msg)


def _check_known(connection: duckdb.DuckDBPyConnection, sync: Sync, wanted: str) -> None:
    known = connection.execute(
        f"SELECT count(*) FROM journal.{SCHEMA}.plans WHERE {sync.where} AND plan_id = ?", [wanted]
    ).fetchone()
    if known == (0,):
        msg = (
            f"There is no plan {wanted} of {sync.name}; nothing was sent. `cio-elt push plan {sync.name}` "
            "makes one and says its name."
        )
        raise PlanChanged(msg)


_TO_SEND = f"(SELECT * FROM {PLANNED} WHERE action IN {SENT})"


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    found = dict(connection.execute(f"SELECT action, count(*) FROM {PLANNED} GROUP BY action").fetchall())
    return {action: int(found.get(action, 0)) for action in (*SENT, "assume", "invalid", "dead")}


def _requests(connection: duckdb.DuckDBPyConnection, size: int) -> int:
    # Removals of a segment's members are requests of their own.
    groups = connection.execute(
        f"SELECT count(*) FROM {_TO_SEND} GROUP BY action = 'remove' AND payload NOT LIKE '{{%'"
    ).fetchall()
    by_count = sum(math.ceil(int(rows) / BATCH_ITEMS) for (rows,) in groups)
    return max(by_count, math.ceil(size / BATCH_BYTES))


def _changed_fields(
    connection: duckdb.DuckDBPyConnection, declaration: PushSpec, payload: Payload
) -> dict[str, int]:
    if not payload.fields:
        return {}
    stored = STORED[declaration.object]
    paths = [literal(f'{stored}."{field.name}"') for field in payload.fields]
    counts = ", ".join(
        f"count_if(json_extract(payload, {path}) IS DISTINCT FROM json_extract(before, {path}))"
        for path in paths
    )
    row = connection.execute(f"SELECT {counts} FROM {PLANNED} WHERE action = 'change'").fetchone() or ()
    return {field.name: int(number) for field, number in zip(payload.fields, row, strict=True) if number}


def _invalid(connection: duckdb.DuckDBPyConnection, *, show_values: bool) -> list[dict[str, Any]]:
    rows = connection.execute(
        f"""
        SELECT fault, count(*), list(key ORDER BY key)[:{_KEYS}] FROM {PLANNED} WHERE action = 'invalid'
        GROUP BY fault ORDER BY 2 DESC, 1 LIMIT {_REASONS}
        """
    ).fetchall()
    return [
        {"reason": reason, "rows": count, "keys": masked([key for key in keys if key], show=show_values)}
        for reason, count, keys in rows
    ]


def _samples(connection: duckdb.DuckDBPyConnection, *, show_values: bool) -> list[dict[str, Any]]:
    rows = connection.execute(
        f"""
        SELECT key, action, before, payload FROM {_TO_SEND}
        QUALIFY row_number() OVER (PARTITION BY action ORDER BY key) <= {_SAMPLES} ORDER BY action, key
        """
    ).fetchall()
    return [
        {
            "key": masked(key, show=show_values),
            "action": action,
            "before": masked(_loaded(before), show=show_values),
            "after": masked(_loaded(after), show=show_values),
        }
        for key, action, before, after in rows
    ]


def _loaded(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def _address(connection: duckdb.DuckDBPyConnection, declaration: PushSpec) -> str:
    contents = connection.execute(
        f"""
        SELECT count(*), bit_xor(md5_number(concat_ws(chr(31), key, action, item, payload))) FROM {PLANNED}
        WHERE action IN {(*SENT, "assume")}
        """
    ).fetchone()
    return sha256(f"{declaration.model_dump_json()}{contents}".encode()).hexdigest()[:12]


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    ((value,),) = connection.execute(sql).fetchall()
    return value
