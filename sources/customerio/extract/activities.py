"""The reader of activities: a feed, newest first, without a time filter, thirty days deep.

It is read down to the watermark less an overlap, because a row's `timestamp` may lie before the moment it
appeared (backdated events, anonymous ones merged later), and a row of tomorrow may stand on top of it.
The feed is one chain of pages: each token comes with the page before it.
"""

from collections.abc import Iterator
from typing import Any

from sources.customerio.catalogue import Resource
from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.rows import decoder
from sources.customerio.extract.run_context import DAY, RunContext
from sources.customerio.extract.time_window import Window


def feed(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read until a whole page is older than the watermark less the overlap, or to the feed's end."""
    column = str(resource.cursor)
    watermark = state.get("watermark")
    # Taken before the first page: rows that appear during the reading stand above that page.
    began = run.now()
    daily = began - state.get("daily_at", 0) >= DAY
    only = run.options.only
    floor = None if only is None else only.start
    if watermark and only is None and not run.options.full:
        floor = watermark - run.options.overlap_s
        if daily:
            # Rows that appeared right after that reading may be as old.
            floor = min(floor, state.get("daily_at", watermark) - run.options.daily_overlap_s)
    newest = watermark or 0
    seen: set[object] = set()
    # `deleted=true` asks for activities of deleted people too; live it returned the same rows.
    client = run.client_for(resource.table)
    for page in client.pages(resource.operation, query={"deleted": True}, decode=decoder(resource)):
        if not page.records:
            continue
        # The feed grows at its top, so a row may move down to a page that is read after it.
        rows = [row for row in page.records if row["id"] not in seen]
        seen.update(row["id"] for row in rows)
        times = [row[column] for row in page.records]
        yield Batch(rows=rows, scope=Scope(column=column, low=min(times), high=max(times)), last=True)
        newest = max(newest, *times)
        # The oldest second of the page may continue below it.
        run.coverage.add(resource.table, Window(start=min(times) + 1, end=began), began)
        if floor is not None and max(times) < floor:
            break
    if only is not None:
        return
    # A watermark in the future would hide what happens until then.
    state["watermark"] = min(newest, began)
    if daily:
        state["daily_at"] = began
