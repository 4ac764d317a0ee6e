"""What is sent for a row, as SQL: one item of a v2 batch, or one id of a segment's list.

    row ──> key, entity, at, payload, fault          (upserts: from the model's row `d`)
    payload that was accepted ──> payload            (removals, from `f.before`: the row itself is gone)

Items are what https://docs.customer.io/integrations/api/track/#operation/batch takes. Attributes carry no
time: Customer.io ignores an update that is older than a profile's last one, and answers 200.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from pipelines.push.plan.mapping import LAST_DAY, Mapped, column, mapped
from pipelines.push.spec.spec import Kind, PushSpec
from pipelines.warehouse.sql import literal

ITEM_BYTES = 31_000
"""An item of a batch has 32 kB at most [track26], whichever kB is meant."""
ID_BYTES, EVENT_NAME_BYTES = 150, 100

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

STORED: Mapping[Kind, str] = {
    "person": "$.attributes",
    "event": "$.attributes",
    "object": "$.attributes",
    "device": "$.device.attributes",
    "relationship": "$.cio_relationships[0].relationship_attributes",
    "segment": "$",
    "suppression": "$",
}
"""Where a payload has its attributes."""


@dataclass(frozen=True)
class Payload:
    """A row's payload, as SQL expressions over the model's row `d` and, as `f`, its key and what was before.

    Attributes:
        key: Tells the row from all others; null if a part of it is.
        entity: Whom or what it changes: nothing of one entity is under way twice at a time.
        at: Unix seconds of an event, null for all else.
        item: What is sent.
        fault: Why it cannot be sent, as text; null if it can.
        fields: The attributes.
    """

    key: str
    entity: str
    at: str
    item: str
    fault: str
    fields: tuple[Mapped, ...]


def payload_of(declaration: PushSpec, columns: Mapping[str, str]) -> Payload:
    """The payload of a model with those columns (name to SQL type).

    Raises:
        ModelFailed: a column lacks, or is of a type that cannot be read.
    """
    # First what a row is, then what else it says: the first fault is the one that is told.
    key = key_of(declaration, columns)
    fields = tuple(mapped(declaration, columns, STORED[declaration.object]))
    made = _Maker(declaration, columns, fields)
    item = _ITEMS[declaration.object](made)
    return Payload(
        key=key,
        entity=made.entity,
        at=made.at,
        item=item,
        fault=made.faults(item),
        fields=fields,
    )


def key_of(declaration: PushSpec, columns: Mapping[str, str]) -> str:
    """SQL of a row's key as text: the column's value, or a JSON array of several."""
    person = declaration.person.column if declaration.person else None
    parts = []
    for name in declaration.keyed_by:
        kinds = _EVENT_KEY if declaration.object == "event" and name != person else _ID
        cell = f"nullif({column(declaration, name, columns, *kinds)}::VARCHAR, '')"
        parts.append(_folded(declaration, name, cell))
    if len(parts) == 1:
        return parts[0]
    whole = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    return f"CASE WHEN {whole} THEN to_json([{', '.join(parts)}])::VARCHAR END"


def removal(kind: Kind) -> str:
    """SQL of the item that takes back the payload `f.before`."""
    return _REMOVALS[kind]


def removed_entity(kind: Kind) -> str:
    """SQL of whom or what the payload `f.before` was about."""
    if kind == "segment":
        return "f.key"
    names = ("id", "cio_id", "object_id")
    values = [f"f.before->>'$.identifiers.{name}'" for name in names]
    return f"coalesce({', '.join(values)}, lower(f.before->>'$.identifiers.email'))"


def ulid(ms: str, seed: str) -> str:
    """SQL of a ULID: 48 bits of milliseconds, and the first 80 bits of a hex text."""
    halves = (f"('0x' || substr({seed}, {start}, 10))::BIGINT" for start in (1, 11))
    return " || ".join((_base32(ms, 10), *(_base32(half, 8) for half in halves)))


_ID = ("text", "integer")
_EVENT_KEY = (*_ID, "decimal", "boolean", "date", "timestamp")


def _folded(declaration: PushSpec, name: str, cell: str) -> str:
    """Addresses are one whatever their case [track26]."""
    person = declaration.person
    return f"lower({cell})" if person and person.kind == "email" and name == person.column else cell


def _base32(number: str, digits: int) -> str:
    return " || ".join(
        f"substr('{_ALPHABET}', 1 + ((({number}) >> {5 * place}) & 31)::INTEGER, 1)"
        for place in reversed(range(digits))
    )


def _json(**members: str) -> str:
    """SQL of a JSON object whose members are SQL of JSON texts."""
    parts = " || ',' || ".join(f"'\"{name}\":' || {value}" for name, value in members.items())
    return f"('{{' || {parts} || '}}')"


def _is(text: str) -> str:
    return literal(f'"{text}"')


class _Maker:
    """The parts that items are made of."""

    def __init__(self, declaration: PushSpec, columns: Mapping[str, str], fields: tuple[Mapped, ...]) -> None:
        self._declaration = declaration
        self._columns = columns
        self._fields = fields

    def column(self, name: str, *families: str) -> str:
        return column(self._declaration, name, self._columns, *families)

    def text(self, name: str) -> str:
        """The JSON text of an id."""
        return f"to_json({self.column(name, *_ID)}::VARCHAR)::VARCHAR"

    @property
    def who(self) -> str:
        """`{"id": ...}` of the person."""
        person = self._declaration.person
        assert person is not None, "only kinds with a person ask for it"  # noqa: S101
        return _json(**{str(person.kind): self.text(person.column)})

    @property
    def what(self) -> str:
        """The identifiers of the object."""
        return _json(
            object_type_id=_is(str(self._declaration.object_type_id)),
            object_id=self.text(str(self._declaration.object_id)),
        )

    @property
    def related(self) -> str:
        """The relationship with the object."""
        return f"'[' || {_json(identifiers=self.what, relationship_attributes=self.attributes)} || ']'"

    @property
    def entity(self) -> str:
        declaration = self._declaration
        name = declaration.person.column if declaration.person else str(declaration.object_id)
        return _folded(declaration, name, f"{self.column(name, *_ID)}::VARCHAR")

    @property
    def at(self) -> str:
        event = self._declaration.event
        return "NULL::BIGINT" if event is None else self.seconds(event.at)

    def seconds(self, name: str) -> str:
        return f"TRY_CAST(floor(epoch({self.column(name, 'timestamp', 'date')})) AS BIGINT)"

    @property
    def attributes(self) -> str:
        pairs = [
            f"{literal(orjson.dumps(field.name).decode() + ':')} || {field.json}" for field in self._fields
        ]
        if self._declaration.mode == "update_only":
            pairs.insert(0, "'\"_update\":true'")
        return f"('{{' || concat_ws(',', {', '.join(pairs)}) || '}}')" if pairs else "'{}'"

    @property
    def event_name(self) -> str:
        event = self._declaration.event
        assert event is not None, "only events ask for it"  # noqa: S101
        return (
            literal(event.name.strip())
            if event.name
            else f"trim({self.column(str(event.name_column), 'text')})"
        )

    def faults(self, item: str) -> str:
        """What is wrong with a row, the first thing first."""
        checks = {
            **self._key_checks(),
            **self._event_checks(),
            **self._device_checks(),
        }
        whens = [f"WHEN {condition} THEN {literal(said)}" for said, condition in checks.items()]
        whens += [f"WHEN {field.fault} IS NOT NULL THEN {field.fault}" for field in self._fields]
        whens.append(f"WHEN strlen({item}) > {ITEM_BYTES} THEN 'it has more than {ITEM_BYTES:,} bytes'")
        return f"CASE {' '.join(whens)} END"

    def _key_checks(self) -> dict[str, str]:
        declaration, checks = self._declaration, {}
        person = declaration.person
        for name in dict.fromkeys((*declaration.keyed_by, *((person.column,) if person else ()))):
            cell = f"{self.column(name)}::VARCHAR"
            checks[f"{name}: it is empty"] = f"nullif({cell}, '') IS NULL"
            if declaration.object != "device" or name != (declaration.device and declaration.device.token):
                checks[f"{name}: it has more than {ID_BYTES} bytes"] = f"strlen({cell}) > {ID_BYTES}"
        if person and person.kind == "email":
            checks[f"{person.column}: it is no email address"] = _no_address(self.column(person.column))
        if person and person.kind == "cio_id":
            cell = self.column(person.column)
            checks[f"{person.column}: here a cio_id goes without cio_"] = f"starts_with({cell}, 'cio_')"
        if declaration.object == "person" and "email" in declaration.fields:
            name = declaration.fields["email"].column or "email"
            cell = f"nullif({self.column(name)}::VARCHAR, '')"
            checks["email: it is no email address"] = f"{cell} IS NOT NULL AND {_no_address(cell)}"
        return checks

    def _event_checks(self) -> dict[str, str]:
        event = self._declaration.event
        if event is None:
            return {}
        at, name = self.column(event.at), self.event_name
        return {
            f"{event.at}: it is empty": f"{at} IS NULL",
            f"{event.at}: it lies outside of 1970 to {LAST_DAY[:4]}": (
                f"NOT (isfinite({at}) AND epoch({at}) BETWEEN 0 AND epoch(DATE '{LAST_DAY}'))"
            ),
            "the event's name is empty": f"nullif({name}, '') IS NULL",
            f"the event's name has more than {EVENT_NAME_BYTES} bytes": (
                f"strlen({name}) > {EVENT_NAME_BYTES}"
            ),
        }

    def _device_checks(self) -> dict[str, str]:
        device = self._declaration.device
        if device is None:
            return {}
        wrong = f"coalesce({self.column(device.platform, 'text')}, '') NOT IN ('ios', 'android')"
        return {f"{device.platform}: a platform is ios or android": wrong}

    @property
    def device(self) -> str:
        device = self._declaration.device
        assert device is not None, "only devices ask for it"  # noqa: S101
        members = {"token": self.text(device.token), "platform": self.text(device.platform)}
        if device.last_used:
            members["last_used"] = f"coalesce({self.seconds(device.last_used)}::VARCHAR, 'null')"
        return _json(**members, attributes=self.attributes)

    @property
    def event_id(self) -> str:
        seed = f"sha256({literal(self._declaration.sync)} || chr(31) || f.key)"
        return f"'\"' || {ulid(f'greatest(0, {self.at}) * 1000', seed)} || '\"'"


def _no_address(cell: str) -> str:
    return f"NOT regexp_full_match({cell}::VARCHAR, '[^@\\s]+@[^@\\s]+')"


_ITEMS = {
    "person": lambda made: _json(
        type=_is("person"), action=_is("identify"), identifiers=made.who, attributes=made.attributes
    ),
    "event": lambda made: _json(
        type=_is("person"), action=_is("event"), identifiers=made.who,
        name=f"to_json({made.event_name})::VARCHAR", id=made.event_id,
        timestamp=f"coalesce({made.at}::VARCHAR, 'null')", attributes=made.attributes,
    ),
    "device": lambda made: _json(
        type=_is("person"), action=_is("add_device"), identifiers=made.who, device=made.device
    ),
    "object": lambda made: _json(
        type=_is("object"), action=_is("identify"), identifiers=made.what, attributes=made.attributes
    ),
    "relationship": lambda made: _json(
        type=_is("person"), action=_is("add_relationships"), identifiers=made.who,
        cio_relationships=made.related,
    ),
    "segment": lambda made: f"to_json({made.entity})::VARCHAR",
    "suppression": lambda made: _json(type=_is("person"), action=_is("suppress"), identifiers=made.who),
}  # fmt: skip


def _kept(path: str) -> str:
    """SQL of the JSON text at a path of the payload that is taken back."""
    return f"json_extract(f.before, '{path}')::VARCHAR"


_REMOVALS: Mapping[Kind, str] = {
    "person": _json(type=_is("person"), action=_is("delete"), identifiers=_kept("$.identifiers")),
    "event": "NULL",
    "device": _json(
        type=_is("person"), action=_is("delete_device"), identifiers=_kept("$.identifiers"),
        device=_json(token=_kept("$.device.token")),
    ),
    "object": _json(type=_is("object"), action=_is("delete"), identifiers=_kept("$.identifiers")),
    "relationship": _json(
        type=_is("person"), action=_is("delete_relationships"), identifiers=_kept("$.identifiers"),
        cio_relationships=(
            f"'[' || {_json(identifiers=_kept('$.cio_relationships[0].identifiers'))} || ']'"
        ),
    ),
    "segment": "f.before",
    "suppression": _json(type=_is("person"), action=_is("unsuppress"), identifiers=_kept("$.identifiers")),
}  # fmt: skip
DESTROYS: tuple[Kind, ...] = ("person", "object")
"""Kinds whose removal cannot be taken back."""
