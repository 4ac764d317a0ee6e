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

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.measure import Figure, at_most, in_process

ROWS = int(os.environ.get("CIO_ELT_BENCH_ROWS", "1000000"))
_CHANGED = 100
"""One row in that many is changed."""
_RATE = 8.0
MOST_MB = 800
_MODULE = "tests.bench.push"
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


def run() -> list[dict[str, Any]]:
    """All figures; `ratio` is the time over that of the line before, where that is the baseline."""
    with tempfile.TemporaryDirectory() as folder, _served_workspace():
        pairs = [_apart(found), _apart(packing), first_load(ROWS // 5, Path(folder))]
        whole = [in_process(_MODULE, name, ROWS) for name in ("marked_as_sent", "whole_plan")]
    rows = []
    for baseline, product in pairs:
        rows += [
            {**baseline.row(), "ratio": 1.0},
            {**product.row(), "ratio": product.seconds / baseline.seconds},
        ]
    for figure in whole:
        at_most(f"the memory of {figure.name}", figure.peak_mb or 0.0, MOST_MB, "MB")
    return [*rows, *({**figure.row(), "ratio": ""} for figure in whole)]


def _apart(measure: Callable[[int], list[Figure]]) -> list[Figure]:
    """The figures of a measurement in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, ROWS).result()


def found(rows: int) -> list[Figure]:
    """Compares finding changes with an anti-join: in turns, the shortest of five."""
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
    return [
        Figure(name="DuckDB: one anti-join of rows and snapshot", rows=rows, seconds=min(join_s)),
        Figure(name="the product: rows to send, found", rows=rows, seconds=min(find_s)),
    ]


def marked_as_sent(rows: int) -> Figure:
    """The first snapshot: every row is marked as sent, `push reset --without-sending`."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        _mark_as_sent(rows, Path(folder))
        return Figure(name="the product: all marked as sent", rows=rows, seconds=time.perf_counter() - began)


def whole_plan(rows: int) -> Figure:
    """The whole plan, from the model to the counts; the rows sent before are written by another process."""
    from pipelines.push import plan_push

    with tempfile.TemporaryDirectory() as folder:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            pool.submit(_mark_as_sent, rows, Path(folder)).result()
        settings, spec = _changed(rows, Path(folder))
        began = time.perf_counter()
        made = plan_push(settings, spec, folder=Path(folder))
        seconds = time.perf_counter() - began
        _expect([(made.sends,)], rows // _CHANGED)
    return Figure(name="the product: model, diff, brakes", rows=rows, seconds=seconds)


def packing(rows: int) -> list[Figure]:
    """Making requests and reading answers, on one core, against orjson alone."""
    import orjson

    from pipelines.push.deliver.batch import pack
    from pipelines.push.deliver.track_api import rejected_rows
    from pipelines.push.journal.log import Item
    from sources.customerio.client import Answer

    bodies = _bodies(rows // 10)
    items = [orjson.loads(body) for body in bodies]
    errors = [{"batch_index": place, "reason": "invalid", "field": "x"} for place in range(0, 500, 5)]
    answer = Answer("batch", 207, orjson.dumps({"errors": errors}))

    def plainly() -> None:
        for first in range(0, len(items), 1_000):
            orjson.loads(orjson.dumps({"batch": items[first : first + 1_000]}))

    def product() -> None:
        for each in pack(Item(seq, body, str(seq)) for seq, body in enumerate(bodies, 1)):
            _expect([(bool(each.body and each.entities and rejected_rows(each, answer)),)], True)

    return [
        Figure(name="orjson: the same documents", rows=len(bodies), seconds=_timed(plainly)),
        Figure(name="the product: requests packed, answers read", rows=len(bodies), seconds=_timed(product)),
    ]


def first_load(rows: int, folder: Path) -> list[Figure]:
    """A first load of all people, at a rate that this machine's sandbox can answer."""
    import math

    from pipelines.push import PushOptions, push

    settings, spec = _declared(folder, rows, filler=490)
    began = time.perf_counter()
    result = push(settings, spec, folder=folder, options=PushOptions())
    seconds = time.perf_counter() - began
    _expect([(result.run and result.run.delivery.accepted,)], rows)
    least = math.ceil(result.plan.bytes / 490_000) / _RATE
    return [
        Figure(name=f"byte-full requests at {_RATE:g} a second", rows=rows, seconds=least),
        Figure(name="the product: a first load, from model to proof", rows=rows, seconds=seconds),
    ]


@contextmanager
def _served_workspace() -> Iterator[None]:
    """A small workspace in a process of its own, whose addresses and keys are in the environment."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    stop = context.Event()
    process = context.Process(target=serve, args=(sender, stop))
    process.start()
    try:
        os.environ.update(receiver.recv())
        yield
    finally:
        stop.set()
        process.join()


def serve(sender: Any, stop: Any) -> None:
    """Serve a small workspace."""
    from sources.customerio.sandbox import Sandbox

    sandbox = Sandbox(scale="tiny")
    with sandbox.serve() as served:
        sender.send(
            {
                "CUSTOMERIO_TRACK_URL": served.track_url,
                "CUSTOMERIO_APP_URL": served.app_url,
                "CUSTOMERIO_APP_API_KEY": sandbox.app_api_key,
                "CUSTOMERIO_TRACK_SITE_ID": sandbox.track_site_id,
                "CUSTOMERIO_TRACK_API_KEY": sandbox.track_api_key,
            }
        )
        stop.wait()


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
        raise RuntimeError(msg)
