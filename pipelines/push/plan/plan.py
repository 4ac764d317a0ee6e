"""The plan of a push: the counts of a run before it starts, and the id by which it can be approved.

The id is a digest of every key, action and payload, so an approved plan is sent exactly as it was shown, or
not at all.
"""

import math
import time
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

import duckdb
import orjson

from pipelines.errors import PlanChanged
from pipelines.push.forecast.forecast import Forecast
from pipelines.push.journal.database import SCHEMA, PushId
from pipelines.push.plan.brakes import Brake, PlanCounts, check_brakes
from pipelines.push.plan.diff import LEAVERS, MAPPED, MEMBERS, PLANNED, SENT_ACTIONS, Baseline
from pipelines.push.plan.payload import Payload
from pipelines.push.plan.query import ROWS
from pipelines.push.plan.transport import BATCH_BYTES, BATCH_ITEMS, choose_transport
from pipelines.push.spec.item import pointer
from pipelines.push.spec.spec import PushSpec

_SAMPLES, _REASONS, _KEYS = 5, 50, 3
_COMMANDS = {"--repair": "audit"}
"""The command by its option, where it is another than `run`."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of a run.

    Attributes:
        plan_id: Equal for equal contents.
        counts: Rows by action: add, change, remove, unchanged, assume (counts as accepted without being
            sent), invalid, dead (a dead letter).
        identity: Rows to send by verdict.
        people: The people that rows were checked against; None if they were not checked.
        fields: By attribute, the number of changed rows that change it.
        unmapped: By attribute that left `fields`, the number of rows that keep it in Customer.io.
        leavers: Rows that left the model, stay in Customer.io, and are sent when they return.
        unnamed: Members of a mirrored segment that have no identifier by which they could be removed.
        invalid: The rejection reasons, each with its rows and some keys.
        samples: Rows before and after.
        requests: The number of requests, and `minutes` at the configured rate.
        lane: `batch` or `import`.
        brakes: The brakes that were checked.
        left_out: Attributes that are not sent, and the pushes that own them.
        options: Options of the command beside those of an approval, such as `--full`.
        forecast: The people who would enter campaigns.
        erased: Rows of erased people, which were left out.
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
    unmapped: dict[str, int]
    leavers: int
    unnamed: int
    invalid: list[dict[str, Any]]
    samples: list[dict[str, Any]]
    bytes: int
    requests: int
    minutes: float
    lane: str
    brakes: list[Brake]
    forecast: Forecast
    left_out: dict[str, str] = field(default_factory=dict)
    options: str = ""
    erased: int = 0

    @property
    def command(self) -> str:
        """The command that sends the plan, without its options of an approval."""
        return f"{_COMMANDS.get(self.options, 'run')} {self.sync} {self.options}".strip()

    @property
    def showing(self) -> str:
        """The command that shows the plan and sends nothing, unless it is one that repairs."""
        return self.command.replace("run ", "plan ", 1)

    @property
    def sends(self) -> int:
        """Rows that would be sent."""
        return sum(self.counts[action] for action in SENT_ACTIONS)

    @property
    def stopped_by(self) -> list[Brake]:
        """The brakes that stop the run."""
        return [brake for brake in self.brakes if brake.stops]

    @property
    def remarks(self) -> list[str]:
        """Sentences about what stays as it is in Customer.io."""
        said = [
            f"{name} stays in Customer.io in {rows:,} rows; add it with nulls: clear to remove it."
            for name, rows in self.unmapped.items()
        ]
        counted = {
            "rows left the model and stay; they are sent if they return.": self.leavers,
            "members have no such identifier, so this mirror cannot remove them.": self.unnamed,
            "dead letters, rows that failed too often, are not sent; "
            f"`cio-elt push retry {self.sync}` sends them again.": self.counts["dead"],
            "rows of erased people are left out.": self.erased,
        }
        said += [f"{rows:,} {words}" for words, rows in counted.items() if rows]
        return said

    @property
    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        parts = {"brakes": [brake.document for brake in self.brakes], "forecast": self.forecast.document}
        return {**asdict(self), **parts, "sends": self.sends, "stopped": bool(self.stopped_by)}


def make_plan(
    connection: duckdb.DuckDBPyConnection,
    spec: PushSpec,
    baseline: Baseline,
    payload: Payload,
    *,
    people: int | None,
    last: int | None,
    forecast: Forecast,
    show_values: bool = False,
    erased: int = 0,
) -> Plan:
    """The plan of the rows whose actions were decided; `last` is the size of the last run, if any.

    `erased` rows of erased people were left out before.
    """
    rows = int(_one(connection, f"SELECT count(*) FROM {ROWS}"))
    counts, identity = _counts(connection, rows), _identity(connection)
    size = int(
        _one(connection, f"SELECT coalesce(sum(strlen(coalesce(item, payload)) + 1), 0) FROM {_TO_SEND}")
    )
    transport = choose_transport(spec, adds=counts["add"], requests=_requests(connection, spec, size))
    brake_counts = PlanCounts(
        rows=rows,
        held=int(_one(connection, f"SELECT count(*) FROM ({baseline.relation})")),
        adds=counts["add"],
        changes=counts["change"],
        removes=counts["remove"],
        creates=identity.get("create", 0) if spec.kind.profile else 0,
        people=people,
        # An update of people who exist leaves out all others: that is its purpose.
        invalid=counts["invalid"] - (identity.get("nobody", 0) if spec.mode == "update_only" else 0),
        last=last,
        forecast=forecast,
    )
    return Plan(
        plan_id=_plan_id(connection, spec),
        sync=spec.sync,
        object=spec.object,
        mode=spec.mode,
        made_at=time.time(),
        first=last is None,
        rows=rows,
        counts=counts,
        identity=identity,
        people=people,
        fields=_changed_fields(connection, spec, payload),
        unmapped=_unmapped_fields(connection, spec, payload),
        leavers=int(_one(connection, f"SELECT count(*) FROM ({LEAVERS})")) if baseline.forgets else 0,
        unnamed=_unnamed_members(connection, spec),
        invalid=_invalid(connection, show_values=show_values),
        samples=_samples(connection, show_values=show_values),
        bytes=size,
        requests=transport.requests,
        minutes=transport.minutes,
        lane=transport.name,
        brakes=check_brakes(spec, brake_counts),
        left_out={name: each.owner for name, each in spec.left_out.items()},
        forecast=forecast,
        erased=erased,
    )


def save_plan(connection: duckdb.DuckDBPyConnection, push_id: PushId, plan: Plan) -> None:
    """Save the plan's counts in the attached journal, without personal data."""
    document = orjson.dumps({**plan.document, "samples": [], "invalid": []}).decode()
    connection.execute(
        f"INSERT INTO journal.{SCHEMA}.plans VALUES (?, ?, ?, ?, ?)",
        [push_id.workspace, push_id.name, plan.plan_id, plan.made_at, document],
    )


def check_plan(
    connection: duckdb.DuckDBPyConnection, push_id: PushId, plan: Plan, wanted: str | None
) -> None:
    """Check that this is the plan that was asked for; `journal` is attached to the connection.

    Raises:
        PlanChanged: it is another one, or there is none of that id; nothing was sent.
    """
    if wanted is not None and plan.plan_id != wanted:
        _check_saved(connection, push_id, wanted)
        counts = ", ".join(f"{number:,} {action}" for action, number in plan.counts.items() if number)
        msg = (
            f"The plan {wanted} is not what {plan.sync} would send now, since the model's result or its "
            f"file has changed; nothing was sent. Now it is {plan.plan_id}: {counts}. Show "
            f"it with `cio-elt push {plan.showing}`."
        )
        raise PlanChanged(msg)


def _check_saved(connection: duckdb.DuckDBPyConnection, push_id: PushId, wanted: str) -> None:
    saved = connection.execute(
        f"SELECT count(*) FROM journal.{SCHEMA}.plans WHERE {push_id.where} AND plan_id = ?", [wanted]
    ).fetchone()
    if saved == (0,):
        msg = (
            f"There is no plan {wanted} of {push_id.name}; nothing was sent. `cio-elt push plan "
            f"{push_id.name}` makes one and shows its id."
        )
        raise PlanChanged(msg)


_TO_SEND = f"(SELECT * FROM {PLANNED} WHERE action IN {SENT_ACTIONS})"


def _counts(connection: duckdb.DuckDBPyConnection, rows: int) -> dict[str, int]:
    """The number of rows by action; rows of the model without an action of their own are unchanged."""
    found = dict(connection.execute(f"SELECT action, count(*) FROM {PLANNED} GROUP BY action").fetchall())
    counts = {action: int(found.get(action, 0)) for action in (*SENT_ACTIONS, "assume", "invalid", "dead")}
    handled = sum(counts[action] for action in ("add", "change", "assume", "invalid", "dead"))
    carried = int(_one(connection, f"SELECT count(*) FROM {PLANNED} WHERE verdict = 'carried'"))
    return {**counts, "unchanged": max(0, rows - handled + carried)}


def _identity(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    found = connection.execute(
        f"SELECT verdict, count(*) FROM {PLANNED} WHERE verdict IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    return dict(found.fetchall())


def _requests(connection: duckdb.DuckDBPyConnection, spec: PushSpec, size: int) -> int:
    """The number of batches for rows of that size in bytes; operations are not mixed."""
    groups = connection.execute(
        f"SELECT count(*) FROM {_TO_SEND} GROUP BY {spec.kind.operation_sql('batch')}"
    ).fetchall()
    by_count = sum(math.ceil(int(rows) / BATCH_ITEMS) for (rows,) in groups)
    return max(by_count, math.ceil(size / BATCH_BYTES))


def _changed_fields(
    connection: duckdb.DuckDBPyConnection, spec: PushSpec, payload: Payload
) -> dict[str, int]:
    if not payload.fields:
        return {}
    paths = [pointer(spec.kind.attributes, field.name) for field in payload.fields]
    counts = ", ".join(
        f"count_if(json_extract(payload, {path}) IS DISTINCT FROM json_extract(before, {path}))"
        for path in paths
    )
    row = connection.execute(f"SELECT {counts} FROM {PLANNED} WHERE action = 'change'").fetchone() or ()
    return {field.name: int(number) for field, number in zip(payload.fields, row, strict=True) if number}


def _unmapped_fields(
    connection: duckdb.DuckDBPyConnection, spec: PushSpec, payload: Payload
) -> dict[str, int]:
    """Rows by attribute that Customer.io has from this push and that is not mapped any more."""
    if not spec.kind.takes_fields:
        return {}
    found = connection.execute(
        f"""
        SELECT name, count(*) FROM (
            SELECT unnest(json_keys(before, '{spec.kind.attributes}')) AS name FROM {MAPPED}
            WHERE held AND before IS NOT NULL)
        WHERE NOT list_contains(?, name) GROUP BY name ORDER BY name
        """,
        [["_update", *(field.name for field in payload.fields)]],
    )
    return dict(found.fetchall())


def _unnamed_members(connection: duckdb.DuckDBPyConnection, spec: PushSpec) -> int:
    """Members that a mirror has to remove if the model lacks them, and cannot name."""
    if not spec.mirrors_members or spec.keep_others:
        return 0
    return int(_one(connection, f"SELECT count(*) FROM {MEMBERS} WHERE key IS NULL"))


def _invalid(connection: duckdb.DuckDBPyConnection, *, show_values: bool) -> list[dict[str, Any]]:
    rows = connection.execute(
        f"""
        SELECT rejection, count(*), list(key ORDER BY key)[:{_KEYS}] FROM {PLANNED} WHERE action = 'invalid'
        GROUP BY rejection ORDER BY 2 DESC, 1 LIMIT {_REASONS}
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


def _plan_id(connection: duckdb.DuckDBPyConnection, spec: PushSpec) -> str:
    contents = connection.execute(
        f"""
        SELECT count(*), bit_xor(md5_number(concat_ws(chr(31), key, action, item, payload))) FROM {PLANNED}
        WHERE action IN {(*SENT_ACTIONS, "assume")}
        """
    ).fetchone()
    return sha256(f"{spec.model_dump_json()}{contents}".encode()).hexdigest()[:12]


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    ((value,),) = connection.execute(sql).fetchall()
    return value


_SHOWN = frozenset({"type", "action", "name"})
"""Keys of a payload whose values are never personal data; an attribute of such a name may be."""
_SHOWN_WITHIN = {"device": frozenset({"platform"})}
_NOTHING: frozenset[str] = frozenset()
HIDDEN = "…("
"""The mark of a hidden text, between its first character and its length."""


def masked(value: Any, *, show: bool) -> Any:
    """The value with every text and number hidden, unless it is to be shown; its structure stays."""
    return value if show else _hidden(value, _SHOWN)


def _hidden(value: Any, shown: frozenset[str]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return {
            name: inner if name in shown else _hidden(inner, _SHOWN_WITHIN.get(name, _NOTHING))
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_hidden(inner, _NOTHING) for inner in value]
    text = str(value)
    return f"{text[:1]}{HIDDEN}{len(text)})" if text else ""
