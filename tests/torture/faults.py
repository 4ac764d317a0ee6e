"""Composed faults: each kind is a row of `KINDS`, drawn for one of the operations that a schedule reads."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sources.customerio.catalogue import Operation, Resource, operation
from sources.customerio.sandbox import Fault
from sources.customerio.sandbox.faults.fault import STORAGE

PARTLY, FAILED, MISUSED = 4, 1, 2
_SOME_FAIL = frozenset({PARTLY, FAILED})
_REFUSED = frozenset({MISUSED, PARTLY, FAILED})
_DAY = 86_400
_NO_ROWS = "no list at the list's key"
# The contents of a collection may be any list or object.
_ANY_SHAPE = "getCollectionContents"
_DEEP = "[" * 1_500 + "]" * 1_500


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Faults and knobs that are in force for one step.

    `codes` are the exit codes beside 0 that they can explain; `alters` is true if rows land with other values
    than the workspace has, and `lies` if a valid answer lacks rows.
    """

    name: str
    faults: tuple[Fault, ...] = ()
    knobs: Mapping[str, Any] = field(default_factory=dict)
    codes: frozenset[int] = frozenset()
    alters: bool = False
    lies: bool = False


Draw = Callable[[random.Random, str], Trouble]


def _passing(chance: random.Random, called: str) -> Trouble:
    status = chance.choice([429, 500, 502, 503, 504])
    wait = "0" if status == 429 and chance.random() < 0.5 else None
    times, after = chance.randint(1, 3), chance.randrange(4)
    fault = Fault(operation=called, status=status, times=times, after=after, retry_after=wait)
    return Trouble(name=f"{status} that pass", faults=(fault,))


def _storm(chance: random.Random, _called: str) -> Trouble:
    status = chance.choice([429, 503])
    fault = Fault(status=status, times=chance.randint(5, 40), after=chance.randrange(3, 30))
    return Trouble(name=f"a storm of {status}", faults=(fault,), codes=_SOME_FAIL)


def _lasting(chance: random.Random, called: str) -> Trouble:
    status, after = chance.choice([400, 403, 404, 408, 500, 503]), chance.randrange(3)
    fault = Fault(operation=called, status=status, times=None, after=after)
    return Trouble(name=f"{status} for good", faults=(fault,), codes=_SOME_FAIL)


def _proxy(chance: random.Random, called: str) -> Trouble:
    text = chance.choice(["<html><body>Not found</body></html>", "404 page not found", ""])
    status, times = chance.choice([404, 404, None, 502]), chance.choice([1, 2, None])
    fault = Fault(operation=called, status=status, text=text, times=times, after=chance.randrange(3))
    return Trouble(name="a proxy's page", faults=(fault,), codes=_SOME_FAIL)


def _no_list(chance: random.Random, called: str) -> Trouble:
    documents = [{}, [], {"message": "ok"}, {"error": "no"}, {"meta": {"error": "no"}}, 7, _NO_ROWS]
    document = chance.choice(documents)
    if document == _NO_ROWS:
        document = {operation(called).records or "rows": chance.choice([False, 0, "", {}]), "next": ""}
    if called == _ANY_SHAPE:
        document = 7
    times = chance.choice([1, None])
    fault = Fault(operation=called, document=document, times=times, after=chance.randrange(3))
    return Trouble(name="a 200 without its list", faults=(fault,), codes=_SOME_FAIL)


def _cut(chance: random.Random, called: str) -> Trouble:
    times, after = chance.choice([1, 2, None]), chance.randrange(3)
    how: dict[str, Any] = {"truncate": True} if chance.random() < 0.5 else {"drop_connection": True}
    fault = Fault(operation=called, times=times, after=after, **how)
    return Trouble(
        name="cut connections", faults=(fault,), codes=_SOME_FAIL if times is None else frozenset()
    )


def _doubled(chance: random.Random, called: str) -> Trouble:
    faults = [Fault(operation=called, times=None, repeat_rows=True)]
    if operation(called).paging == "start" and chance.random() < 0.5:
        # An empty page that leads to itself is asked for twice; then it ends its list.
        faults.append(Fault(operation=called, times=chance.randint(1, 2), empty_page=True))
    # Of a list by position it looks as if its rows moved, which ends the reading.
    moves = operation(called).paging in ("offset", "page")
    return Trouble(name="rows twice", faults=tuple(faults), codes=_SOME_FAIL if moves else frozenset())


def _nulls(_chance: random.Random, called: str) -> Trouble:
    return Trouble(name="null lists", faults=(Fault(operation=called, times=None, null_rows=True),))


def _added(chance: random.Random, called: str) -> Trouble:
    names = ["mood", "deleted_at", "first_seen_at", "_row_hash", "_dlt_load_id", "Name", "Foo Bar", ""]
    values = [1, "x", None, {"a": [1]}, "\x00", True]
    given = {name: chance.choice(values) for name in chance.sample(names, 3)}
    fault = Fault(operation=called, times=chance.choice([1, None]), give_fields=given)
    return Trouble(name="new fields", faults=(fault,), alters=True)


def _retyped(chance: random.Random, called: str) -> Trouble:
    name = chance.choice(["name", "tags", "updated", "created", "state", "type", "attributes", "timestamp"])
    value = chance.choice([None, {"a": 1}, [1], "soon", 1.5, True])
    places = tuple(chance.sample(range(6), chance.randint(1, 3)))
    fault = Fault(operation=called, times=None, give_fields={name: value}, at_rows=places)
    return Trouble(name=f"{name} of another type", faults=(fault,), codes=_SOME_FAIL, alters=True)


def _keyless(chance: random.Random, called: str) -> Trouble:
    places, name = tuple(chance.sample(range(4), 2)), chance.choice(["id", "cio_id", "identifiers", "email"])
    times = chance.choice([1, None])
    fault = Fault(operation=called, times=times, drop_fields=(name,), at_rows=places)
    return Trouble(name="rows without a key", faults=(fault,), codes=_SOME_FAIL, alters=True)


def _raw(chance: random.Random, called: str) -> Trouble:
    texts = ["null", "7", "{}", "[]", '"text"', _DEEP, '{"id": null}', '{"a": "\\ud800"}', '{"a": "\udce9"}']
    records = tuple(chance.sample(texts, chance.randint(1, 3)))
    fault = Fault(operation=called, times=chance.choice([1, None]), raw_records=records)
    return Trouble(name="records that are none", faults=(fault,), codes=_SOME_FAIL, alters=True)


def _endless(_chance: random.Random, called: str) -> Trouble:
    row = operation(called)
    document = {row.records or "rows": [], "next": "same", "meta": {"next": "same"}}
    fault = Fault(operation=called, times=None, document=document)
    return Trouble(name="a token that repeats", faults=(fault,), codes=_SOME_FAIL, lies=True)


def _deaf(chance: random.Random, called: str) -> Trouble:
    names = chance.choice([("start_ts", "end_ts"), ("start",), ("offset",), ("page",), ("limit",)])
    fault = Fault(operation=called, times=chance.choice([1, None]), ignore_query=names)
    return Trouble(name=f"{' and '.join(names)} ignored", faults=(fault,), codes=_SOME_FAIL)


def _empty(_chance: random.Random, called: str) -> Trouble:
    row = operation(called)
    document: dict[str, Any] = {row.records or "rows": [], "next": ""}
    fault = Fault(operation=called, times=None, document=document)
    return Trouble(name="valid empty lists", faults=(fault,), codes=_SOME_FAIL, lies=True)


def _wrong_clock(chance: random.Random, _called: str) -> Trouble:
    away = chance.choice([-400 * _DAY, 400 * _DAY, 7_200])
    after = chance.choice([0, 0, chance.randrange(30)])
    fault = Fault(times=None, after=after, date_off_s=away)
    return Trouble(name="a wrong clock", faults=(fault,), codes=_REFUSED)


def _no_access(chance: random.Random, called: str) -> Trouble:
    everywhere = chance.random() < 0.5
    fault = Fault(operation=None if everywhere else called, status=401, times=None, after=chance.randrange(9))
    return Trouble(name="a key that is refused", faults=(fault,), codes=_REFUSED)


def _gone(chance: random.Random, called: str) -> Trouble:
    listed = called if called in _PARENTS else "listCampaigns"
    fault = Fault(operation=listed, then_delete=(_PARENTS[listed], str(chance.randint(1, 4))))
    return Trouble(name="a record that goes after its list", faults=(fault,))


def _exports(chance: random.Random, _called: str) -> Trouble:
    kinds: list[tuple[tuple[Fault, ...], dict[str, Any]]] = [
        ((Fault(operation="downloadExport", status=404, times=chance.choice([1, None])),), {}),
        ((Fault(operation=STORAGE, status=404, times=chance.choice([1, None])),), {}),
        ((Fault(operation=STORAGE, cut_at=0.5, times=2, advance_s=1_000),), {}),
        ((Fault(operation=STORAGE, truncate=True, times=chance.choice([1, None])),), {}),
        ((Fault(operation=STORAGE, text="<html></html>", times=chance.choice([1, None])),), {}),
        ((Fault(operation="downloadExport", document={"url": None}, times=chance.choice([1, None])),), {}),
        ((), {"export_keeps": 0.9}),
        ((), {"export_miscounts": 1}),
        ((), {"export_fails": True}),
        ((), {"export_gzip": True}),
        ((), {"link_valid_s": 0}),
    ]
    faults, knobs = chance.choice(kinds)
    return Trouble(name="exports that break", faults=faults, knobs=knobs, codes=_SOME_FAIL)


_PARENTS = {
    "listCampaigns": "campaigns",
    "listBroadcasts": "broadcasts",
    "listNewsletters": "newsletters",
    "listSegments": "segments",
    "listTransactional": "transactional_messages",
    "listSenders": "sender_identities",
}

KINDS: Sequence[tuple[int, Draw]] = (
    (4, _passing),
    (2, _storm),
    (3, _lasting),
    (3, _proxy),
    (3, _no_list),
    (3, _cut),
    (3, _doubled),
    (1, _nulls),
    (3, _added),
    (2, _retyped),
    (2, _keyless),
    (3, _raw),
    (1, _endless),
    (1, _empty),
    (1, _wrong_clock),
    (1, _no_access),
    (2, _exports),
    (3, _gone),
    (3, _deaf),
)
"""The kinds of trouble, each with how often it is drawn."""

# Lists of so many rows that a reading without them is held back; a shorter one is believed.
_BRAKED = ("getSegmentMembership", "getPeopleFilter", "listCampaignActions")


def operations(tables: Sequence[Resource]) -> list[Operation]:
    """The operations that a reading of those tables calls, in order."""
    return [operation(name) for name in dict.fromkeys(row.operation for row in tables)]


def draw(chance: random.Random, tables: Sequence[Resource], *, lie: bool) -> Trouble:
    """One trouble for an operation of those tables; a valid answer that lacks rows only with `lie`."""
    weights = [weight for weight, _ in KINDS]
    while True:
        (_, kind), called = chance.choices(KINDS, weights)[0], chance.choice(operations(tables)).id
        trouble = kind(chance, called)
        if not trouble.lies or (lie and called in _BRAKED):
            return trouble


def passing(chance: random.Random, tables: Sequence[Resource]) -> Trouble:
    """A fault that one retry ends."""
    fault = Fault(operation=chance.choice(operations(tables)).id, status=503, after=chance.randrange(3))
    return Trouble(name="one 503", faults=(fault,))
