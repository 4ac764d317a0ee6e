"""The reader of archived messages: the content of single deliveries, a hundred a day.

It reads a queue in order, newest first, and keeps in its state which stretches of it are done:

    newest |  to do  | done | to do | done |        to do        | oldest

New messages stand on top; then come the gaps that earlier days left, and the past. A place
in the queue is (`created`, `id`), for thousands of messages may be created within one second.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sources.customerio.catalogue import Resource, resource
from sources.customerio.client import Client, NotFound, RateLimited
from sources.customerio.extract.batch import Batch
from sources.customerio.extract.erased import Erased
from sources.customerio.extract.messages import EMPTY_WINDOWS_BEFORE_HISTORY, WINDOW_S
from sources.customerio.extract.rows import only_record
from sources.customerio.extract.run_context import RunContext

# (created, id); the state keeps it as a list.
Place = list[Any]


def archived(run: RunContext, row: Resource, state: dict[str, Any]) -> Iterator[Batch]:
    """Resume where the last day ended, until the queue or the day's quota is used up."""
    client, summary = run.client_for(row.table), run.summary_of(row.table)
    queue = _Queue(client, str(row.parent), state.setdefault("done", []), run.options.erased)
    start = max(run.options.start or 0, run.options.oldest.get(row.table, 0))
    for message_id in queue.below(run.now(), start):
        try:
            answer = client.call(row.operation, path={"message_id": message_id}).json()
        except NotFound:
            continue
        except RateLimited:
            summary.note = "the day's quota is used up; a sync on another day resumes there."
            return
        yield Batch(rows=[{"id": message_id, **only_record(row, answer)}])


class _Queue:
    """Ids of messages to read, newest first. An id counts as done once the next one is requested.

    `done` is changed in place: the stretches that are done, newest first, each from a place (not included)
    down to a place (included). Messages of `erased` people are in no place.
    """

    def __init__(self, client: Client, table: str, done: list[list[Place]], erased: Erased) -> None:
        self._client = client
        self._table = resource(table)
        self._done = done
        self._erased = erased

    def below(self, now: int, start: int) -> Iterator[str]:
        """Every message from before `now` down to `start` (Unix seconds) that is not done."""
        # More messages may be created within the current second.
        top, bottom = [now, ""], [start, ""]
        if not self._done or self._done[0][0] < top:
            self._done.insert(0, [top, top])
        while True:
            current, *older = self._done
            for place in self._places(current[1], older[0][0] if older else bottom):
                yield str(place[1])
                current[1] = place
            if not older:
                current[1] = min(current[1], bottom)
                return
            # The gap is closed: what was above and below it is one stretch.
            self._done[:2] = [[current[0], older[0][1]]]

    def _places(self, high: Place, low: Place) -> Iterator[Place]:
        """The places of messages below `high`, down to `low`, in order."""
        end, empty = int(high[0]), 0
        # The oldest message is not known: a year without a message counts as its end.
        while end >= low[0] and (low[0] > 0 or empty < EMPTY_WINDOWS_BEFORE_HISTORY):
            start = max(int(low[0]), end - WINDOW_S + 1)
            empty += 1
            for place in self._window(start, end):
                empty = 0
                if low <= place < high:
                    yield place
            end = start - 1

    def _window(self, start: int, end: int) -> Iterator[Place]:
        """The places of one window, both ends included, in order."""
        pages = self._client.pages(self._table.operation, query={"start_ts": start, "end_ts": end})
        listed = (row for page in pages for row in page.records)
        rows = (row for row in listed if not self._erased.names(self._table.person, row))
        for created, same_second in groupby(rows, key=itemgetter(str(self._table.cursor))):
            yield from ([created, id_] for id_ in sorted((row["id"] for row in same_second), reverse=True))
