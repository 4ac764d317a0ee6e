"""The kinds of rows that can be pushed: `KINDS` has one row a kind, with everything that differs by kind.

A new kind is a new row here and the SQL of its item; no other module compares kinds by name.

    used by    properties
    spec       modes, order, needs, key, attributes, asks_first_run
    forecast   changed
    plan       item, removal, import_type, creates, identity_checks, approval, mirrors_members, repeatable
    journal    operation, keeps_appended, resends_stored
    deliver    import_type
    confirm    reader, sample_limit, reads_removals, shows_arrival, failure_types
    undo       invertible, profile
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipelines.push.spec.item import Parts, json_array, json_object, json_text, stored

Mode = Literal["upsert", "update_only", "append", "mirror"]
Part = Literal["person", "event", "key", "device", "object_type_id", "object_id", "segment"]
PARTS: tuple[Part, ...] = ("person", "event", "key", "device", "object_type_id", "object_id", "segment")
"""The keys of a spec that say what a row is; each kind needs some of them and has none of the others."""
IdentityCheck = Literal["profile", "person", "object"]
Action = Literal["add", "change", "remove"]
Changed = Literal["attributes", "events", "devices", "members", "relations"]

ID_TYPES = ("text", "integer")
EVENT_KEY_TYPES = (*ID_TYPES, "decimal", "float", "boolean", "date", "timestamp")


_IDENTIFIER_OF_STORED = (
    "coalesce(f.before->>'$.identifiers.id', f.before->>'$.identifiers.cio_id', "
    "f.before->>'$.identifiers.object_id', lower(f.before->>'$.identifiers.email'))"
)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The properties in which one kind of rows differs from others.

    Attributes:
        name: The value of `object` in a spec.
        plural: The word for several of them in messages.
        modes: The modes that a spec of this kind may have.
        order: Kinds of a lower number are pushed first: people and objects before rows that refer to them.
        needs: The parts that a spec of this kind must have.
        key: The parts whose columns together tell one row from another.
        key_types: The families of SQL types that key columns may have; a person's column is always an id.
        entity: The part whose column identifies the person or object that a row changes.
        attributes: JSON path of the attributes in a payload; `$` if the kind has none.
        limits_values: True if each attribute has a limit of bytes.
        item: SQL of the item that is sent, from its parts.
        removal: SQL of the item that removes what the payload `f.before` has added.
        removed_entity: SQL of the entity of the payload `f.before`.
        operation: The operation that takes rows to add or change.
        removal_operation: The operation that takes rows to remove.
        import_type: Customer.io's type of an import of such rows; None if there is none.
        imports_by_default: True if a large first load goes by import without being asked to.
        creates: What accepted rows create, which the identity checks of other pushes have to know.
        identity_checks: What must be known of a row's person or object before it is sent.
        changed: The part of a person that rows change, which may start campaigns; None for a person who ends.
        approval: Actions that always stop a run until a person approves them.
        invertible: True if undo sends a removal for an addition, and the reverse.
        profile: True if a row is a person's profile: its fields are profile attributes, undo restores them.
        asks_first_run: True if `first_run` has to say if the first run sends rows; they may start campaigns.
        repeatable: True if Customer.io keeps one row, however often it is sent.
        keeps_appended: True if the snapshot keeps the payload of rows that are only appended.
        forgets_leavers: True if a row that left the model, and that nothing removes, is sent when it returns:
            until then it may have been removed or moved in Customer.io.
        resends_stored: True if a retry sends the stored payload instead of the model's latest row.
        mirrors_members: True if a mirror is compared with Customer.io's members, not with the snapshot.
        reader: The name of the reader in `confirm.read_back.READERS`.
        sample_limit: The most rows that are read back, where each costs a request; None for no own limit.
        reads_removals: True if removed rows can be read back.
        shows_arrival: True if a row that was added can be read; a person who was suppressed cannot.
        failure_types: Types of the activities that failed writes leave behind; `{type}` is the object type.
    """

    name: str
    plural: str
    modes: tuple[Mode, ...]
    order: int
    needs: tuple[Part, ...]
    key: tuple[Part, ...]
    key_types: tuple[str, ...] = ID_TYPES
    entity: Part = "person"
    attributes: str = "$"
    limits_values: bool = True
    item: Callable[[Parts], str]
    removal: str = "NULL"
    removed_entity: str = _IDENTIFIER_OF_STORED
    operation: str = "batch"
    removal_operation: str = "batch"
    import_type: str | None = None
    imports_by_default: bool = False
    creates: Literal["person", "object", "suppression"] | None = None
    identity_checks: tuple[IdentityCheck, ...] = ("person",)
    changed: Changed | None = None
    approval: tuple[Action, ...] = ()
    invertible: bool = False
    profile: bool = False
    asks_first_run: bool = False
    repeatable: bool = True
    keeps_appended: bool = False
    forgets_leavers: bool = False
    resends_stored: bool = False
    mirrors_members: bool = False
    reader: str
    sample_limit: int | None = None
    reads_removals: bool = True
    shows_arrival: bool = True
    failure_types: tuple[str, ...] = ()

    @property
    def takes_fields(self) -> bool:
        """True if rows of this kind have attributes."""
        return self.attributes != "$"

    @property
    def shares_attributes(self) -> bool:
        """True if the attributes of several pushes lie on one record; an event's are its own."""
        return self.takes_fields and self.repeatable

    def operation_sql(self, lane: str) -> str:
        """SQL of the operation that takes a planned row, by transport: `batch` or `import`.

        Rows that remove, clear an attribute or name a cio_id cannot go by import.
        """
        if lane == "import":
            fits = "action = 'add' AND item IS NULL AND NOT contains(payload, ':\"\"')"
            return f"CASE WHEN {fits} THEN 'import' ELSE '{self.operation}' END"
        if self.operation == self.removal_operation:
            return f"'{self.operation}'"
        return f"CASE WHEN action = 'remove' THEN '{self.removal_operation}' ELSE '{self.operation}' END"


def _person(action: str, **members: str) -> str:
    return json_object(type=json_text("person"), action=json_text(action), **members)


def _object(action: str, **members: str) -> str:
    return json_object(type=json_text("object"), action=json_text(action), **members)


ONE_BY_ONE = 50
"""Rows that are read back where each costs a request."""

_ROWS = (
    Kind(
        name="person",
        plural="people",
        modes=("upsert", "update_only", "mirror"),
        order=0,
        needs=("person",),
        key=("person",),
        attributes="$.attributes",
        item=lambda parts: _person("identify", identifiers=parts.person, attributes=parts.attributes),
        removal=_person("delete", identifiers=stored("$.identifiers")),
        import_type="people",
        imports_by_default=True,
        creates="person",
        identity_checks=("profile",),
        approval=("remove",),
        profile=True,
        changed="attributes",
        reader="profiles",
        failure_types=("failed_attribute_change", "skipped_update", "failed_batch_update"),
    ),
    Kind(
        name="event",
        plural="events",
        modes=("append",),  # an event cannot be removed
        order=3,
        needs=("person", "event", "key"),
        key=("key",),
        key_types=EVENT_KEY_TYPES,
        attributes="$.attributes",
        limits_values=False,  # an event's data has a limit of its own, that of the item
        item=lambda parts: _person(
            "event",
            identifiers=parts.person,
            name=parts.event_name,
            id=parts.event_id,
            timestamp=parts.timestamp,
            attributes=parts.attributes,
        ),
        asks_first_run=True,
        repeatable=False,  # it has an id, and the time for which Customer.io knows ids is not documented
        resends_stored=True,
        changed="events",
        reader="events",
        sample_limit=ONE_BY_ONE,
        failure_types=("failed_event", "failed_batch_update"),
    ),
    Kind(
        name="device",
        plural="devices",
        modes=("upsert", "mirror"),
        order=2,
        needs=("person", "device"),
        key=("person", "device"),
        attributes="$.device.attributes",
        item=lambda parts: _person("add_device", identifiers=parts.person, device=parts.device),
        removal=_person(
            "delete_device",
            identifiers=stored("$.identifiers"),
            device=json_object(token=stored("$.device.token")),
        ),
        invertible=True,
        forgets_leavers=True,
        changed="devices",
        reader="devices",
        failure_types=("failed_attribute_change", "failed_batch_update"),
    ),
    Kind(
        name="object",
        plural="objects",
        modes=("upsert", "mirror"),
        order=1,
        needs=("object_type_id", "object_id"),
        key=("object_id",),
        entity="object_id",
        attributes="$.attributes",
        item=lambda parts: _object("identify", identifiers=parts.object, attributes=parts.attributes),
        removal=_object("delete", identifiers=stored("$.identifiers")),
        import_type="object",
        creates="object",
        identity_checks=(),
        approval=("remove",),
        changed="relations",
        reader="objects",
        sample_limit=ONE_BY_ONE,
        failure_types=("_o:{type}:failed_attribute_change", "failed_batch_update"),
    ),
    Kind(
        name="relationship",
        plural="relationships",
        modes=("upsert", "mirror"),
        order=2,
        needs=("person", "object_type_id", "object_id"),
        key=("object_id", "person"),
        attributes="$.cio_relationships[0].relationship_attributes",
        item=lambda parts: _person(
            "add_relationships",
            identifiers=parts.person,
            cio_relationships=json_array(
                json_object(identifiers=parts.object, relationship_attributes=parts.attributes)
            ),
        ),
        removal=_person(
            "delete_relationships",
            identifiers=stored("$.identifiers"),
            cio_relationships=json_array(
                json_object(identifiers=stored("$.cio_relationships[0].identifiers"))
            ),
        ),
        import_type="relationship",
        identity_checks=("person", "object"),
        invertible=True,
        forgets_leavers=True,
        changed="relations",
        reader="relationships",
        sample_limit=ONE_BY_ONE,
        failure_types=(
            "relationship_failed_attribute_change",
            "failed_attribute_change",
            "failed_batch_update",
        ),
    ),
    Kind(
        name="segment",
        plural="segments",
        modes=("append", "mirror"),  # a member has nothing to update
        order=4,
        needs=("person", "segment"),
        key=("person",),
        item=lambda parts: f"to_json({parts.entity})::VARCHAR",
        removal="f.before",
        removed_entity="f.key",
        operation="add_to_segment",
        removal_operation="remove_from_segment",
        invertible=True,
        forgets_leavers=True,
        asks_first_run=True,
        mirrors_members=True,
        changed="members",
        reader="members",
    ),
    Kind(
        name="suppression",
        plural="suppressions",
        modes=("append", "mirror"),
        order=5,
        needs=("person",),
        key=("person",),
        item=lambda parts: _person("suppress", identifiers=parts.person),
        removal=_person("unsuppress", identifiers=stored("$.identifiers")),
        creates="suppression",
        identity_checks=(),
        approval=("add", "change"),
        keeps_appended=True,
        reader="suppressions",
        shows_arrival=False,
        # An unsuppressed person does not exist until it is created again, so there is nothing to read.
        reads_removals=False,
    ),
)
KINDS: dict[str, Kind] = {row.name: row for row in _ROWS}


def names_creating(what: str) -> str:
    """SQL list of the names of kinds whose rows create that: person, object or suppression."""
    return names_sql(lambda kind: kind.creates == what)


def names_sql(wanted: Callable[[Kind], bool]) -> str:
    """SQL list of the names of kinds, for a column `object` of the journal."""
    names = ", ".join(f"'{row.name}'" for row in KINDS.values() if wanted(row))
    return f"({names or 'NULL'})"
