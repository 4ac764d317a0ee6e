"""The reader of activities: a feed, newest first, without a time filter, thirty days deep.

It is read down to the watermark less an overlap, because a row's `timestamp` may lie before the moment it
appeared (backdated events, anonymous ones merged later), and a row of tomorrow may stand on top of it.
The feed is one chain of pages: each token comes with the page before it.

A backdated row on the first page says nothing about the time between it and the row above. So a row stands
for the later of its `timestamp` and the moment in its id, a ULID, and only what lies above all rows that were
read is covered. Of ids that are no ULIDs, only a reading to its end tells how far it came.

A page may be older than the feed, as one that something on the way kept. So a reading that meets no row as
new as the watermark, though one was there before, covers the time up to its newest row, not up to now.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ulid import ULID

from sources.customerio.catalogue import Resource
from sources.customerio.catalogue.resource import DAY
from sources.customerio.extract.batch import Batch, Scope
from sources.customerio.extract.key_hashes import KeyHashes
from sources.customerio.extract.rows import decoder
from sources.customerio.extract.run_context import Options, RunContext, has_passed
from sources.customerio.extract.time_window import Window


def feed(run: RunContext, resource: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Read until a whole page is older than the watermark less the overlap, or to the feed's end."""
    column = str(resource.cursor)
    # Taken before the first page: rows that appear during the reading stand above that page.
    began = run.now()
    daily = is_daily(state, began)
    watermark = state.get("watermark") if has_passed(state.get("watermark"), began) else None
    floor = feed_floor(run.options, watermark, state, daily=daily)
    newest, oldest, is_placed = watermark or 0, began, True
    met, read_to = 0, began
    seen = KeyHashes()
    # `deleted=true` asks for activities of deleted people too; live it returned the same rows.
    client = run.client_for(resource.table)
    decode = decoder(resource, run.added_fields(resource).placed)
    for page in client.pages(resource.operation, query={"deleted": True}, decode=decode):
        if not page.records:
            continue
        # The feed grows at its top, so a row may move down to a page that is read after it.
        ids = [row["id"] for row in page.records]
        before = set(seen.known(ids))
        rows = [row for row in page.records if row["id"] not in before]
        seen.add(ids)
        times = [row[column] for row in page.records]
        yield Batch(rows=rows, scope=Scope(column=column, low=min(times), high=max(times)), last=True)
        newest, oldest = max(newest, *times), min(oldest, *times)
        places = [place for row in page.records if (place := _place(row["id"], row[column])) is not None]
        is_placed = is_placed and len(places) == len(times)
        met = max(met, *times, *places)
        read_to = began if met >= (watermark or 0) else met
        if is_placed:
            # The oldest second of the page may continue below it.
            run.coverage.add(resource.table, Window(start=min(places) + 1, end=read_to), began)
        if floor is not None and max([*times, *places]) < floor:
            oldest = floor
            break
    if not is_placed:
        run.coverage.add(resource.table, Window(start=oldest + 1, end=read_to), began)
    if run.options.only is None:
        # A watermark in the future would hide what happens until then.
        state["watermark"] = min(newest, began)
        state["daily_at"] = began if daily and read_to == began else state.get("daily_at", 0)


def is_daily(state: Mapping[str, Any], now: int) -> bool:
    """True if the reading at `now` (Unix s) is the one of a day that reads further back."""
    return bool(now - state.get("daily_at", 0) >= DAY)


def feed_floor(
    options: Options, watermark: int | None, state: Mapping[str, Any], *, daily: bool
) -> int | None:
    """The second above which every row is read (Unix s); None is the feed's end."""
    if options.only is not None:
        return options.only.start
    if not watermark or options.full:
        return None
    floor = watermark - options.overlap_s
    # Once a day also what appeared right after the reading of the day before, and may be as old.
    return min(floor, state.get("daily_at", watermark) - options.daily_overlap_s) if daily else floor


def _place(activity_id: str, timestamp: int) -> int | None:
    """The second for which a row stands in the feed; None if its id does not say when it appeared."""
    try:
        appeared = int(ULID.from_str(activity_id).timestamp)
    except (TypeError, ValueError):
        return None
    return max(timestamp, appeared)
