"""Proof of arrival: Customer.io answers 200 and may drop a row all the same.

    accepted rows ──┬── failure activities of the run's time ──> dropped, with Customer.io's reason
                    └── a sample, read back ──> confirmed, or dropped: not there, or not as it was sent

Rows that were neither sampled nor complained about stay accepted; the share of the sample that arrived, with
its Wilson interval, says how many of those have arrived.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import duckdb
import orjson

from pipelines.errors import EltError
from pipelines.notify import Notify, silent
from pipelines.push.confirm.failed_writes import Watch, complaints
from pipelines.push.confirm.read_back import LOOKED_AT, READERS, Sampled
from pipelines.push.deliver.dispatch import Run
from pipelines.push.journal.database import SCHEMA, check_fence
from pipelines.push.journal.snapshot import drop
from pipelines.push.spec.spec import PushSpec
from sources.customerio.client import Client

_Z = 1.959964
"""95 % of a normal distribution lies within so many standard deviations."""
_LOOKS = 4


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """What was found out: `share` of the sampled rows arrived, 95 % between `low` and `high`.

    All three are None without a sample.
    """

    confirmed: int = 0
    dropped: int = 0
    sampled: int = 0
    share: float | None = None
    low: float | None = None
    high: float | None = None


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, _Z * _Z
    middle = share + square / (2 * whole)
    spread = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    below = 1 + square / whole
    return max(0.0, (middle - spread) / below), min(1.0, (middle + spread) / below)


def confirm(
    run: Run,
    client: Client,
    declaration: PushSpec,
    segment: dict[str, Any] | None,
    watched: Watch,
    *,
    notify: Notify = silent,
    pause: Callable[[float], None] = time.sleep,
) -> Confirmed:
    """Read back what a run sent, and take what did not arrive for dropped.

    Where the App API cannot be read, the rows stay accepted, and `notify` is told why.
    """
    most = min(declaration.confirm.sample, LOOKED_AT.get(declaration.object, declaration.confirm.sample))
    # Who was set free again is nobody until somebody makes them: there is nothing to read back.
    seen = "AND l.action <> 'remove'" if declaration.object == "suppression" else ""
    sample = _accepted(run, f"{seen} ORDER BY hash(l.run_id, l.seq) LIMIT ?", [most])
    try:
        lost = _look(run, client, declaration, segment, watched, sample, pause)
    except EltError as error:
        notify(f"{run.sync.name}: what arrived could not be read back. {error}")
        return Confirmed()
    arrived = [row.seq for row in sample if row.seq not in lost]
    with run.journal.open() as connection:
        check_fence(connection, run.sync, run.fence)
        if lost:
            drop(connection, run.sync, run.run_id, lost, max_attempts=declaration.deliver.max_attempts)
        if arrived:
            _note_confirmed(connection, run.run_id, arrived)
    low, high = wilson(len(arrived), len(sample)) if sample else (None, None)
    return Confirmed(
        confirmed=len(arrived),
        dropped=len(lost),
        sampled=len(sample),
        share=len(arrived) / len(sample) if sample else None,
        low=low,
        high=high,
    )


def _note_confirmed(connection: duckdb.DuckDBPyConnection, run_id: str, arrived: list[int]) -> None:
    connection.execute(
        f"INSERT INTO {SCHEMA}.outcomes SELECT ?, unnest(?::BIGINT[]), 'confirmed', NULL, NULL, ?",
        [run_id, arrived, time.time()],
    )


def _look(
    run: Run,
    client: Client,
    declaration: PushSpec,
    segment: dict[str, Any] | None,
    watched: Watch,
    sample: list[Sampled],
    pause: Callable[[float], None],
) -> dict[int, str]:
    """The rows that did not arrive, with the reason; what does not show yet is looked for again."""
    read = READERS[declaration.object]

    def about(entities: set[str]) -> list[Sampled]:
        return _accepted(run, "AND list_contains(?, coalesce(l.entity, l.key))", [list(entities)])

    for look in range(_LOOKS):
        complained = complaints(client, watched, declaration, about)
        missing = dict(read(client, declaration, segment, sample))
        if missing.keys() <= complained.keys() or look == _LOOKS - 1:
            break
        pause(declaration.confirm.wait_s / (_LOOKS - 1))
    return {**missing, **complained}


def _accepted(run: Run, which: str, parameters: list[Any]) -> list[Sampled]:
    """Rows of the run that were accepted: those that a piece of SQL picks."""
    found = run.journal.ask(
        f"""
        SELECT l.seq, l.key, l.action, coalesce(l.entity, l.key), l.payload FROM {SCHEMA}.log AS l
        JOIN {SCHEMA}.rows AS v ON v.run_id = l.run_id AND v.seq = l.seq
        WHERE l.run_id = ? AND v.run_id = ? AND v.state = 'accepted' AND l.action <> 'assume' {which}
        """,
        [run.run_id, run.run_id, *parameters],
    )
    return [
        Sampled(seq=seq, key=key, action=action, entity=entity, payload=orjson.loads(payload))
        for seq, key, action, entity, payload in sorted(found)
    ]
