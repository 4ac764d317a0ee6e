"""Measures pushes of people: finding 10,000 changes among 1,000,000 rows, packing, and a first load.

The baseline of finding is one anti-join of DuckDB over the same two tables, the model's rows and the
snapshot, in
the same process and on the same connection: by key and by a digest of the row, the least that tells changed
rows from unchanged ones. Finding includes everything from the rows to the list of candidates, and the search
for duplicate keys. The whole plan, with model, payloads, checks and counts, is a line of its own.

The baseline of packing is orjson's own writing and reading of the same documents; packing's time is making
requests of items and reading an answer that refuses some.

A first load's baseline is the time that requests of 490,000 bytes need at the configured rate. The sandbox is
a process of its own that shares this machine's cores.

`CIO_ELT_BENCH_ROWS` changes the rows (default 1,000,000; the first load takes a fifth of them).
"""

import os
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.bench.measure import Figure, Wrong, in_process, repeated, served, until_told

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "1000000"))
_CHANGED = 100
"""One row in that many is changed."""
_RATE = 8.0
MOST_MB = 800
_MODEL = """
SELECT 'u' || i AS user_id, 'user' || i || '@example.com' AS email, 'plan' || (i % 5) AS plan, i * 0.5 AS ltv,
       i % 7 AS seats, make_timestamp((1600000000 + i) * 1000000) AS trial_ends_at, i % 2 = 0 AS active
FROM range({rows}) AS t(i)
"""
_SPEC: dict[str, Any] = {
    "sync": "users",
    "object": "person",
    "mode": "upsert",
    "brakes": {"max_creates_percent": None},
    "person": {"id": "user_id"},
    "fields": {
        "email": "text",
        "plan": "text",
        "ltv": "number",
        "seats": "integer",
        "trial_ends_at": "timestamp",
        "active": "boolean",
    },
}


def run(times: int) -> list[Figure]:
    """Every figure; a product's time has another for it beside the baseline."""
    return repeated(times, _measured)


def _measured() -> list[Figure]:
    with served(serve) as environment, tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment)
        return [
            *_pair("finding changes", "one anti-join of rows and snapshot", ROWS, in_process(found, ROWS)[0]),
            *_pair("packing", "orjson, the same documents", ROWS // 10, in_process(packing, ROWS // 10)[0]),
            *_pair(
                "a first load, from model to proof",
                f"byte-full requests at {_RATE:g} a second",
                ROWS // 5,
                first_load(ROWS // 5, Path(folder)),
            ),
            *_alone("marking all as sent", marked_as_sent),
            *_alone("the plan: model, diff, brakes", whole_plan),
        ]


def _pair(name: str, baseline: str, rows: int, seconds: tuple[float, float]) -> list[Figure]:
    baseline_s, product_s = seconds
    return [
        Figure.of(f"{baseline}, {rows:,} rows (baseline)", baseline_s, "s"),
        Figure.of(f"{name}, {rows:,} rows", product_s, "s"),
        Figure.of(f"{name}, beside the baseline", product_s / baseline_s, "times"),
    ]


def _alone(name: str, work: Callable[[int], float]) -> list[Figure]:
    seconds, peak_mb = in_process(work, ROWS)
    return [
        Figure.of(f"{name}, {ROWS:,} rows", seconds, "s"),
        Figure.of(f"{name}, {ROWS:,} rows: memory", peak_mb, "MB", most=MOST_MB),
    ]


def found(rows: int) -> tuple[float, float]:
    """The seconds of an anti-join, and of finding changes: in turns, the shortest of five."""
    from pipelines.push.plan.diff import FOUND, compare

    with tempfile.TemporaryDirectory() as folder, _bench(rows, Path(folder)) as bench:
        prepared, connection = bench.prepared, bench.connection
        sql = f"""
            SELECT count(*) FROM (SELECT user_id AS key, {prepared.digest} AS digest FROM push_rows AS d) AS d
            ANTI JOIN (SELECT key, digest FROM ({prepared.baseline.relation})) AS h
            ON h.key = d.key AND h.digest = d.digest
        """
        join_s, find_s = [], []
        for _ in range(5):
            join_s.append(_timed(lambda: _expect(connection.execute(sql).fetchall(), rows // _CHANGED)))
            find_s.append(
                _timed(lambda: compare(connection, prepared.payload, prepared.digest, prepared.baseline))
            )
        _expect(connection.execute(f"SELECT count(*) FROM {FOUND}").fetchall(), rows // _CHANGED)
    return min(join_s), min(find_s)


def marked_as_sent(rows: int) -> float:
    """The seconds of the first snapshot: every row is marked as sent, `push reset --without-sending`."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        _mark_as_sent(rows, Path(folder))
        return time.perf_counter() - began


def whole_plan(rows: int) -> float:
    """The seconds from the model to the counts; the rows sent before are written by another process."""
    from pipelines.push import plan_push

    with tempfile.TemporaryDirectory() as folder:
        in_process(_mark_as_sent, rows, Path(folder))
        settings, spec = _changed(rows, Path(folder))
        began = time.perf_counter()
        made = plan_push(settings, spec, folder=Path(folder))
        seconds = time.perf_counter() - began
        _expect([(made.sends,)], rows // _CHANGED)
    return seconds


def packing(rows: int) -> tuple[float, float]:
    """The seconds of orjson alone, and of making requests and reading answers, on one core."""
    import orjson

    from pipelines.push.deliver.batch import pack
    from pipelines.push.deliver.track_api import rejected_rows
    from pipelines.push.journal.log import Item
    from sources.customerio.client import Answer

    bodies = _bodies(rows)
    items = [orjson.loads(body) for body in bodies]
    errors = [{"batch_index": place, "reason": "invalid", "field": "x"} for place in range(0, 500, 5)]
    answer = Answer("batch", 207, orjson.dumps({"errors": errors}))

    def plainly() -> None:
        for first in range(0, len(items), 1_000):
            orjson.loads(orjson.dumps({"batch": items[first : first + 1_000]}))

    def product() -> None:
        for each in pack(Item(seq, body, str(seq)) for seq, body in enumerate(bodies, 1)):
            _expect([(bool(each.body and each.entities and rejected_rows(each, answer)),)], True)

    return _timed(plainly), _timed(product)


def first_load(rows: int, folder: Path) -> tuple[float, float]:
    """The seconds that byte-full requests need, and those of a first load at the same rate."""
    import math

    from pipelines.push import PushOptions, push

    settings, spec = _declared(folder, rows, filler=490)
    began = time.perf_counter()
    result = push(settings, spec, folder=folder, options=PushOptions())
    seconds = time.perf_counter() - began
    _expect([(result.run and result.run.delivery.accepted,)], rows)
    least = math.ceil(result.plan.bytes / 490_000) / _RATE
    return least, seconds


def serve(pipe: Connection) -> None:
    """Serve a small workspace, and send its addresses and keys as the environment of a run."""
    from sources.customerio.sandbox import Sandbox

    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as addresses:
        pipe.send(
            {
                "CUSTOMERIO_TRACK_URL": addresses.track_url,
                "CUSTOMERIO_APP_URL": addresses.app_url,
                "CUSTOMERIO_APP_API_KEY": sandbox.app_api_key,
                "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
                "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
            }
        )
        until_told(pipe)


def _declared(folder: Path, rows: int, filler: int = 0) -> tuple[Any, Any]:
    from pipelines.push import PushSpec
    from pipelines.settings import read_settings

    settings = read_settings(
        cio_elt_data=folder / "data", cio_elt_limits=folder / "limits", cio_elt_speed="inf"
    )
    sql = _MODEL.format(rows=rows)
    fields = _SPEC["fields"]
    if filler:
        sql = f"SELECT *, repeat('x', {filler}) AS filler FROM ({sql})"
        fields = {**fields, "filler": "text"}
    deliver = {"requests_per_second": _RATE, "in_flight": 4}
    return settings, PushSpec.model_validate(
        {**_SPEC, "fields": fields, "model": {"sql": sql}, "deliver": deliver}
    )


def _mark_as_sent(rows: int, folder: Path) -> None:
    """Mark all rows of the push as sent."""
    from pipelines.push.repair import mark_as_sent

    settings, spec = _declared(folder, rows)
    mark_as_sent(settings, spec, folder=folder)


def _changed(rows: int, folder: Path) -> tuple[Any, Any]:
    """The push after one row in a hundred has changed."""
    settings, spec = _declared(folder, rows)
    is_changed = f"substr(user_id, 2)::BIGINT % {_CHANGED} = 7"
    changed = f"SELECT * REPLACE (CASE WHEN {is_changed} THEN 'new' ELSE plan END AS plan)"
    sql = f"{changed} FROM ({spec.model.sql})"
    return settings, spec.model_copy(update={"model": spec.model.model_copy(update={"sql": sql})})


class _bench:  # noqa: N801 -- used as a context
    """A connection with the model's rows, and the journal attached."""

    def __init__(self, rows: int, folder: Path) -> None:
        self._rows, self._folder = rows, folder

    def __enter__(self) -> "_bench":
        from contextlib import ExitStack

        from pipelines.push.context import open_context
        from pipelines.push.journal.database import Journal
        from pipelines.push.plan.prepare import prepare_model
        from pipelines.push.plan.query import planning_database

        _mark_as_sent(self._rows, self._folder)
        settings, spec = _changed(self._rows, self._folder)
        self._stack = ExitStack()
        self.connection = self._stack.enter_context(planning_database(settings))
        with open_context(settings, spec, lease=False) as context:
            push_id = context.push_id
        self.prepared = prepare_model(self.connection, spec, push_id, self._folder)
        self._stack.enter_context(Journal(settings.cio_elt_data).attached(self.connection))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _bodies(rows: int) -> list[bytes]:
    return [
        b'{"type":"person","action":"identify","identifiers":{"id":"u%d"},"attributes":{"email":"user%d@example.com",'
        b'"plan":"plan%d","ltv":%d.5,"seats":%d,"trial_ends_at":1700000000,"active":true}}'
        % (number, number, number % 5, number, number % 7)
        for number in range(rows)
    ]


def _expect(found: list[tuple[Any, ...]], rows: Any) -> None:
    if found != [(rows,)]:
        msg = f"{found} came, {rows} were expected"
        raise Wrong(msg)
