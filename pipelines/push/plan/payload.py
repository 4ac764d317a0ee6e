"""The payload of a row, as SQL: one item of a v2 batch, or one id of a segment's list.

    row ──> key, entity, at, item, rejection     (from the model's row `d`)

`KINDS` has the SQL of each kind's item; this module makes the parts that items consist of. Items are those of
https://docs.customer.io/integrations/api/track/#operation/batch. Attributes carry no time: Customer.io
ignores an update that is older than a profile's last one, and answers 200.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from pipelines.push.plan.keys import inexact, key_text
from pipelines.push.plan.mapping import LAST_DAY, MappedField, column_sql, map_fields, type_family
from pipelines.push.spec.item import json_object, json_text, ulid
from pipelines.push.spec.kinds import ID_TYPES
from pipelines.push.spec.spec import PushSpec
from pipelines.warehouse.sql import literal

ITEM_BYTES = 31_000
"""An item of a batch has 32 kB at most, of 1,000 or 1,024 bytes each [track26]."""
ID_BYTES, EVENT_NAME_BYTES = 150, 100


@dataclass(frozen=True)
class Payload:
    """A row's payload, as SQL expressions over the model's row `d` and, as `f`, its key and what was before.

    Attributes:
        key: Tells the row from all others; null if a part of it is.
        entity: The person or object that the row changes; requests of one entity are never concurrent.
        at: Unix seconds of an event, null for all else.
        item: The JSON text that is sent.
        rejection: The reason why it cannot be sent, as text; null if it can.
        fields: The attributes.
    """

    key: str
    entity: str
    at: str
    item: str
    rejection: str
    fields: tuple[MappedField, ...]


def payload_of(spec: PushSpec, columns: Mapping[str, str]) -> Payload:
    """The payload of a model with those columns (name to SQL type).

    Raises:
        ModelFailed: a column is missing, or of a type that cannot be read.
    """
    # Key columns are checked before fields, so that their errors are raised first.
    key = _key(spec, columns)
    parts = ItemParts(spec, columns, tuple(map_fields(spec, columns)))
    item = spec.kind.item(parts)
    return Payload(
        key=key,
        entity=parts.entity,
        at=parts.at,
        item=item,
        rejection=parts.rejection(item),
        fields=parts.fields,
    )


def _key(spec: PushSpec, columns: Mapping[str, str]) -> str:
    """SQL of a row's key as text: the column's value, or a JSON array of several."""
    person = spec.person.column if spec.person else None
    parts = []
    for name in spec.keyed_by:
        types = ID_TYPES if name == person else spec.kind.key_types
        cell = key_text(column_sql(spec, name, columns, *types), columns[name])
        parts.append(_comparable(spec, name, f"nullif({cell}, '')"))
    if len(parts) == 1:
        return parts[0]
    whole = " AND ".join(f"{part} IS NOT NULL" for part in parts)
    return f"CASE WHEN {whole} THEN to_json([{', '.join(parts)}])::VARCHAR END"


def _comparable(spec: PushSpec, name: str, cell: str) -> str:
    """SQL of an identifier as it is compared: email addresses are equal in any case [track26]."""
    is_email = spec.person and spec.person.identifier == "email" and name == spec.person.column
    return f"lower({cell})" if is_email else cell


class ItemParts:
    """The parts of a push's items, as SQL of JSON text over a row `d`: see `spec.item.Parts`."""

    def __init__(self, spec: PushSpec, columns: Mapping[str, str], fields: tuple[MappedField, ...]) -> None:
        self.fields = fields
        self._spec = spec
        self._columns = columns

    def _column(self, name: str, *families: str) -> str:
        return column_sql(self._spec, name, self._columns, *families)

    def _id(self, name: str) -> str:
        """The JSON text of an id."""
        return f"to_json({self._column(name, *ID_TYPES)}::VARCHAR)::VARCHAR"

    def _seconds(self, name: str) -> str:
        return f"TRY_CAST(floor(epoch({self._column(name, 'timestamp', 'date')})) AS BIGINT)"

    @property
    def person(self) -> str:
        """The identifiers of the person."""
        person = self._spec.person
        assert person is not None, "only kinds that need a person ask for it"  # noqa: S101
        return json_object(**{str(person.identifier): self._id(person.column)})

    @property
    def object(self) -> str:
        """The identifiers of the object."""
        return json_object(
            object_type_id=json_text(str(self._spec.object_type_id)),
            object_id=self._id(str(self._spec.object_id)),
        )

    @property
    def entity(self) -> str:
        """SQL text (no JSON) of the person or object that the row changes."""
        (name,) = self._spec.columns_of(self._spec.kind.entity)
        return _comparable(self._spec, name, f"{self._column(name, *ID_TYPES)}::VARCHAR")

    @property
    def at(self) -> str:
        """SQL of the time of the event, Unix seconds; null for other kinds."""
        event = self._spec.event
        return "NULL::BIGINT" if event is None else self._seconds(event.at)

    @property
    def timestamp(self) -> str:
        """The time of the event, Unix seconds."""
        return f"coalesce({self.at}::VARCHAR, 'null')"

    @property
    def attributes(self) -> str:
        """The attributes, as an object."""
        pairs = [
            f"{literal(orjson.dumps(field.name).decode() + ':')} || {field.json}" for field in self.fields
        ]
        if self._spec.mode == "update_only":
            pairs.insert(0, "'\"_update\":true'")
        return f"('{{' || concat_ws(',', {', '.join(pairs)}) || '}}')" if pairs else "'{}'"

    @property
    def event_name(self) -> str:
        """The name of the event."""
        return f"to_json({self._event_name})::VARCHAR"

    @property
    def _event_name(self) -> str:
        event = self._spec.event
        assert event is not None, "only kinds that need an event ask for it"  # noqa: S101
        if event.name:
            return literal(event.name.strip())
        return f"trim({self._column(str(event.name_column), 'text')})"

    @property
    def event_id(self) -> str:
        """The ULID of the event, made of its time, the push's name and its key."""
        seed = f"sha256({literal(self._spec.sync)} || chr(31) || f.key)"
        return f"'\"' || {ulid(f'greatest(0, {self.at}) * 1000', seed)} || '\"'"

    @property
    def device(self) -> str:
        """The device with its attributes."""
        device = self._spec.device
        assert device is not None, "only kinds that need a device ask for it"  # noqa: S101
        members = {"token": self._id(device.token), "platform": self._id(device.platform)}
        if device.last_used:
            members["last_used"] = f"coalesce({self._seconds(device.last_used)}::VARCHAR, 'null')"
        return json_object(**members, attributes=self.attributes)

    def rejection(self, item: str) -> str:
        """SQL of the first reason why a row cannot be sent; null if it can."""
        checks = {
            **self._key_checks(),
            **self._person_checks(),
            **self._event_checks(),
            **self._device_checks(),
        }
        whens = [f"WHEN {condition} THEN {literal(reason)}" for reason, condition in checks.items()]
        whens += [f"WHEN {field.rejection} IS NOT NULL THEN {field.rejection}" for field in self.fields]
        whens.append(f"WHEN strlen({item}) > {ITEM_BYTES} THEN 'it has more than {ITEM_BYTES:,} bytes'")
        return f"CASE {' '.join(whens)} END"

    def _key_checks(self) -> dict[str, str]:
        """SQL conditions by rejection reason."""
        spec, checks = self._spec, {}
        tokens = spec.columns_of("device")
        for name in dict.fromkeys((*spec.keyed_by, *spec.columns_of("person"))):
            column = self._column(name)
            if type_family(self._columns[name]) == "float":
                checks[f"{name}: it is no whole number that its type has exactly"] = inexact(
                    column, self._columns[name]
                )
            cell = f"{column}::VARCHAR"
            checks[f"{name}: it is empty"] = f"nullif({cell}, '') IS NULL"
            # Tokens of devices have no limit.
            if name not in tokens:
                checks[f"{name}: it has more than {ID_BYTES} bytes"] = f"strlen({cell}) > {ID_BYTES}"
        return checks

    def _person_checks(self) -> dict[str, str]:
        spec, checks = self._spec, {}
        person = spec.person
        if person and person.identifier == "email":
            checks[f"{person.column}: it is no email address"] = _no_address(self._column(person.column))
        if person and person.identifier == "cio_id":
            cell = self._column(person.column)
            checks[f"{person.column}: here a cio_id goes without cio_"] = f"starts_with({cell}, 'cio_')"
        if spec.kind.profile and "email" in spec.fields:
            name = spec.fields["email"].column or "email"
            cell = f"nullif({self._column(name)}::VARCHAR, '')"
            checks["email: it is no email address"] = f"{cell} IS NOT NULL AND {_no_address(cell)}"
        return checks

    def _event_checks(self) -> dict[str, str]:
        event = self._spec.event
        if event is None:
            return {}
        at, name = self._column(event.at), self._event_name
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
        device = self._spec.device
        if device is None:
            return {}
        wrong = f"coalesce({self._column(device.platform, 'text')}, '') NOT IN ('ios', 'android')"
        return {f"{device.platform}: a platform is ios or android": wrong}


def _no_address(cell: str) -> str:
    return f"NOT regexp_full_match({cell}::VARCHAR, '[^@\\s[:cntrl:]]+@[^@\\s[:cntrl:]]+')"
