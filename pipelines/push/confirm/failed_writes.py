"""Finds failed writes: the activities that Customer.io records for writes that it did not apply.

A 200 says only that a write was received. Conflicts of identifiers, outdated updates, events of unknown
people and the like show as activities of their own [track26]. The contents of their `data` are not
documented, so a failure belongs to a row if everything that it names (person, event, attributes) is what the
row has.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.push.confirm.mismatch import same
from pipelines.push.context import PushContext
from pipelines.push.journal.log import AcceptedRow
from pipelines.push.spec.item import attributes_of, comparable
from pipelines.push.spec.spec import PushSpec
from sources.customerio.catalogue import operation
from sources.customerio.client import Client
from sources.customerio.extract.rejected import readable

_ANY_TYPE = "failed_batch_update"
_MOST_PAGES = 1_000
"""Pages of 100 failures of a type: those of 100,000 rows, which take a minute and a half to read."""


@dataclass(frozen=True)
class FailureWatch:
    """The failure activities of some types from a moment on (Customer.io's clock, Unix s).

    `before` has the ids of activities of that same second that are older than the run.
    """

    types: tuple[str, ...]
    since: int
    before: frozenset[str] = frozenset()


def failure_types(spec: PushSpec) -> tuple[str, ...]:
    """The types of activities that failed writes of a push leave behind."""
    return tuple(name.format(type=spec.object_type_id) for name in spec.kind.failure_types)


def start_watch(context: PushContext) -> FailureWatch:
    """Start to watch for failures, before the first row is sent."""
    types = failure_types(context.spec)
    # Any answer has Customer.io's time.
    context.client.app.list_activities(type=next(iter(types), _ANY_TYPE), limit=1)
    started = FailureWatch(types, context.client.now())
    older = frozenset(row["id"] for row in _failures(context.client, started))
    return FailureWatch(types, started.since, older)


def find_failed_rows(
    context: PushContext, watch: FailureWatch, rows_of: Callable[[set[str]], Sequence[AcceptedRow]]
) -> dict[int, str]:
    """The rows that Customer.io reports as failed since the watch started, with its reasons.

    `rows_of` returns the accepted rows that changed one of some people or objects.
    """
    failures = list(_failures(context.client, watch))
    entities = {value for failure in failures for _, value in _identifiers_of_failure(failure)}
    by_identifier: dict[tuple[str, str], list[AcceptedRow]] = defaultdict(list)
    for row in rows_of(entities) if entities else ():
        for identifier in _identifiers_of_row(row):
            by_identifier[identifier].append(row)
    found: dict[int, str] = {}
    for failure in failures:
        rows = {
            row.seq: row
            for identifier in _identifiers_of_failure(failure)
            for row in by_identifier.get(identifier, ())
        }
        for row in rows.values():
            if _belongs_to(failure, row, context.spec):
                found.setdefault(row.seq, _reason(failure))
    return found


def _failures(client: Client, watch: FailureWatch) -> Iterator[dict[str, Any]]:
    for name in watch.types:
        for number, page in enumerate(client.app.list_activities.pages(type=name)):
            # An activity that cannot be read may be of any write: it says nothing.
            rows = readable(operation("listActivities"), page.records)
            yield from (
                row for row in rows if row["timestamp"] >= watch.since and row["id"] not in watch.before
            )
            if number == _MOST_PAGES or (rows and rows[-1]["timestamp"] < watch.since):
                break


def _identifiers_of_row(row: AcceptedRow) -> Iterator[tuple[str, str]]:
    """The identifiers of the person or object of a row, with their names."""
    for name, value in row.payload.get("identifiers", {}).items():
        yield name, comparable(name, value)


def _identifiers_of_failure(failure: dict[str, Any]) -> Iterator[tuple[str, str]]:
    data = _part(failure, "data")
    given = {**_part(data, "identifiers"), **_part(failure, "customer_identifiers")}
    if data.get("object_id"):
        given["object_id"] = data["object_id"]
    for name, value in given.items():
        if value:
            yield name, comparable(name, str(value))


def _belongs_to(failure: dict[str, Any], row: AcceptedRow, spec: PushSpec) -> bool:
    data = _part(failure, "data")
    if spec.event is not None:
        if data.get("event_id"):
            return bool(data["event_id"] == row.payload.get("id"))
        if (failure.get("name") or row.payload.get("name")) != row.payload.get("name"):
            return False
    related = [entry["identifiers"].get("object_id") for entry in row.payload.get("cio_relationships", ())]
    named = _part(data, "identifiers").get("object_id")
    if related and named and named not in related:
        return False
    sent = {**attributes_of(row.payload, spec.kind.attributes), **row.payload.get("identifiers", {})}
    failed = _part(data, "attributes")
    return all(
        name in sent and same(sent[name], str(value)) for name, value in failed.items() if name != "_update"
    )


def _reason(failure: dict[str, Any]) -> str:
    reason, kind = _part(failure, "data").get("reason"), failure.get("type")
    return f"{kind}: {reason}" if reason else str(kind)


def _part(record: dict[str, Any], name: str) -> dict[str, Any]:
    """The object at that key of a record; empty where there is none, for its shape is not documented."""
    found = record.get(name)
    return found if isinstance(found, dict) else {}
