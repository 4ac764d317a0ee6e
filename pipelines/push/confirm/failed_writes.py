"""What Customer.io says it did not do: the activities that failed writes leave behind.

A 200 says no more than that a write came in. Conflicts of identifiers, updates that are too old, events of
nobody and the like show as activities of their own [track26]; what their `data` holds is not documented, so a
failure is ours if all that it names (whom, which event, which attributes) is what a row of ours has.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.push.confirm.read_back import Sampled, attributes_of, folded, same
from pipelines.push.plan.payload import STORED
from pipelines.push.spec.spec import Kind, PushSpec
from sources.customerio.client import Client

_ALL = ("failed_batch_update",)
_TYPES: dict[Kind, tuple[str, ...]] = {
    "person": ("failed_attribute_change", "skipped_update"),
    "event": ("failed_event",),
    "device": ("failed_attribute_change",),
    "object": ("_o:{type}:failed_attribute_change",),
    "relationship": ("relationship_failed_attribute_change", "failed_attribute_change"),
}
_MOST_PAGES = 1_000
"""Pages of 100 failures of a type: those of 100,000 rows, which take a minute and a half to read."""


@dataclass(frozen=True)
class Watch:
    """The failures of a kind of sync from a moment on (Customer.io's clock, Unix s), less those of before."""

    types: tuple[str, ...]
    since: int
    before: frozenset[str] = frozenset()


def kinds_of_failures(declaration: PushSpec) -> tuple[str, ...]:
    """The types of activities that failed writes of such a sync leave behind."""
    kinds = _TYPES.get(declaration.object, ())
    return tuple(name.format(type=declaration.object_type_id) for name in kinds) + (_ALL if kinds else ())


def watch(client: Client, declaration: PushSpec) -> Watch:
    """Begin to watch, before the first row is sent."""
    types = kinds_of_failures(declaration)
    # Any answer tells the time there.
    client.app.list_activities(type=(types or _ALL)[0], limit=1)
    begun = Watch(types, client.now())
    return Watch(types, begun.since, frozenset(row["id"] for row in _failures(client, begun)))


def complaints(
    client: Client, watched: Watch, declaration: PushSpec, about: Callable[[set[str]], Sequence[Sampled]]
) -> dict[int, str]:
    """The rows that Customer.io says it dropped since then, with its reasons.

    `about` answers with the accepted rows of those people or objects.
    """
    failures = list(_failures(client, watched))
    named = {value for failure in failures for _, value in _names_of(failure)}
    by_name: dict[tuple[str, str], list[Sampled]] = defaultdict(list)
    for row in about(named) if named else ():
        for name in _named(row):
            by_name[name].append(row)
    found: dict[int, str] = {}
    for failure in failures:
        ours = {row.seq: row for name in _names_of(failure) for row in by_name.get(name, ())}
        for row in ours.values():
            if _is_of(failure, row, declaration):
                found.setdefault(row.seq, _reason(failure))
    return found


def _failures(client: Client, watched: Watch) -> Iterator[dict[str, Any]]:
    for name in watched.types:
        for number, page in enumerate(client.app.list_activities.pages(type=name)):
            rows = page.records or []
            yield from (
                row for row in rows if row["timestamp"] >= watched.since and row["id"] not in watched.before
            )
            if number == _MOST_PAGES or (rows and rows[-1]["timestamp"] < watched.since):
                break


def _named(row: Sampled) -> Iterator[tuple[str, str]]:
    """Whom or what a row is about, by every identifier."""
    for kind, value in row.payload.get("identifiers", {}).items():
        yield kind, folded(kind, value)


def _names_of(failure: dict[str, Any]) -> Iterator[tuple[str, str]]:
    data = failure.get("data") or {}
    given = {**(data.get("identifiers") or {}), **(failure.get("customer_identifiers") or {})}
    if data.get("object_id"):
        given["object_id"] = data["object_id"]
    for kind, value in given.items():
        if value:
            yield kind, folded(kind, str(value))


def _is_of(failure: dict[str, Any], row: Sampled, declaration: PushSpec) -> bool:
    data = failure.get("data") or {}
    if declaration.object == "event":
        if data.get("event_id"):
            return bool(data["event_id"] == row.payload.get("id"))
        if (failure.get("name") or row.payload.get("name")) != row.payload.get("name"):
            return False
    related = [entry["identifiers"].get("object_id") for entry in row.payload.get("cio_relationships", ())]
    named = (data.get("identifiers") or {}).get("object_id")
    if related and named and named not in related:
        return False
    sent = {**attributes_of(row.payload, STORED[declaration.object]), **row.payload.get("identifiers", {})}
    complained = data.get("attributes") or {}
    return all(
        name in sent and same(sent[name], str(value))
        for name, value in complained.items()
        if name != "_update"
    )


def _reason(failure: dict[str, Any]) -> str:
    reason = (failure.get("data") or {}).get("reason")
    return f"{failure['type']}: {reason}" if reason else str(failure["type"])
